/* Recurrence: for each step and row, with dot(g) = qir_dot16(r[g], h) for each row g of r,
 *   lstm   i, f, g, o = xw + dot (i, f: + p * c);  i, f = sigmoid, g = tanh;  c = f * c + i * g,
 *          cut to [-cell_clip, cell_clip];
 *          o = sigmoid(o (+ p * c));  h = o * tanh(c)
 *   gru    r, z = sigmoid(xw + (dot + rb));
 *          reset_after: n = tanh(xw + r * (dot + rb)); else n = tanh(xw + (dot(r * h) + rb));
 *          h = (1 - z) * n + z * h
 *   rnn    h = tanh or relu of xw + dot
 * Absent operands are left out of the sums. */
#include <string.h>
#include "eval_priv.h"

typedef struct recurrence {
    int64_t steps, rows, cells, gates;
    const float *xw, *r;
    const float *extra; /* peephole weights or recurrent bias, or NULL */
    float *dot;         /* [gates * cells] */
    float *state[2];    /* h and c: [rows][cells] */
    float *y;
    float cell_clip;
    bool reset_after, relu;
} recurrence;

/* One row of one step: x, h, c of that row. */
typedef void (*cell_fn)(const recurrence *p, const float *x, float *h, float *c);

static void products(const recurrence *p, const float *h, int64_t first, int64_t count)
{
    for (int64_t g = first; g < first + count; g++)
        p->dot[g] = qir_dot16(p->r + g * p->cells, h, p->cells);
}

static float clip(float v, float bound)
{
    return v < -bound ? -bound : v > bound ? bound : v;
}

static void lstm_cell(const recurrence *p, const float *x, float *h, float *c)
{
    int64_t n = p->cells;
    const float *w = p->extra;
    products(p, h, 0, 4 * n);
    for (int64_t j = 0; j < n; j++) {
        float i = x[j] + p->dot[j], f = x[n + j] + p->dot[n + j];
        float g = x[2 * n + j] + p->dot[2 * n + j], o = x[3 * n + j] + p->dot[3 * n + j];
        if (w) {
            i = i + w[j] * c[j];
            f = f + w[n + j] * c[j];
        }
        c[j] = clip(qir_fm_sigmoid(f) * c[j] + qir_fm_sigmoid(i) * qir_fm_tanh(g), p->cell_clip);
        if (w)
            o = o + w[2 * n + j] * c[j];
        h[j] = qir_fm_sigmoid(o) * qir_fm_tanh(c[j]);
    }
}

static float with_bias(const recurrence *p, int64_t g)
{
    return p->extra ? p->dot[g] + p->extra[g] : p->dot[g];
}

static void gru_cell(const recurrence *p, const float *x, float *h, float *scaled)
{
    int64_t n = p->cells;
    products(p, h, 0, (p->reset_after ? 3 : 2) * n);
    for (int64_t j = 0; j < n; j++)
        scaled[j] = qir_fm_sigmoid(x[j] + with_bias(p, j)) * h[j];
    if (!p->reset_after)
        products(p, scaled, 2 * n, n);
    for (int64_t j = 0; j < n; j++) {
        float z = qir_fm_sigmoid(x[n + j] + with_bias(p, n + j)), recurrent = with_bias(p, 2 * n + j);
        if (p->reset_after)
            recurrent = qir_fm_sigmoid(x[j] + with_bias(p, j)) * recurrent;
        h[j] = (1.0f - z) * qir_fm_tanh(x[2 * n + j] + recurrent) + z * h[j];
    }
}

static void rnn_cell(const recurrence *p, const float *x, float *h, float *unused)
{
    (void)unused;
    products(p, h, 0, p->cells);
    for (int64_t j = 0; j < p->cells; j++) {
        float v = x[j] + p->dot[j];
        h[j] = p->relu ? EVAL_MAX(v, 0.0f) : qir_fm_tanh(v);
    }
}

static const float *optional(qir_eval_args *a, uint32_t i)
{
    return eval_has(a, i) ? eval_f32(a, &a->in[i]) : NULL;
}

static recurrence get_recurrence(qir_eval_args *a, uint32_t extra)
{
    const qir_type *xw = a->in[0].type, *r = a->in[1].type;
    recurrence p = {.steps = xw->dims[0], .rows = xw->dims[1], .cells = r->dims[1]};
    p.gates = r->dims[0] / p.cells;
    p.xw = eval_f32(a, &a->in[0]);
    p.r = eval_f32(a, &a->in[1]);
    p.extra = optional(a, extra);
    p.dot = QIR_NEW_ARRAY(a->scratch, float, (size_t)r->dims[0]);
    p.y = eval_out_f32(a, &a->out[0]);
    return p;
}

/* `states`: how many of the operands from 2 on are states; scratch stands in for the second. */
static bool run(qir_eval_args *a, recurrence *p, uint32_t states, cell_fn cell)
{
    size_t bytes = (size_t)(p->rows * p->cells) * sizeof(float);
    bool reverse = qir_op_bool(a->op, "reverse");
    for (uint32_t i = 0; i < 2; i++) {
        p->state[i] = i < states ? eval_out_f32(a, &a->out[1 + i])
                                 : QIR_NEW_ARRAY(a->scratch, float, (size_t)(p->rows * p->cells));
        if (i < states)
            memcpy(p->state[i], eval_f32(a, &a->in[2 + i]), bytes);
    }
    for (int64_t step = 0; step < p->steps; step++) {
        int64_t t = reverse ? p->steps - 1 - step : step;
        for (int64_t b = 0; b < p->rows; b++)
            cell(p, p->xw + (t * p->rows + b) * p->gates * p->cells, p->state[0] + b * p->cells,
                 p->state[1] + b * p->cells);
        memcpy(p->y + t * p->rows * p->cells, p->state[0], bytes);
    }
    eval_put_f32(&a->out[0], p->y);
    for (uint32_t i = 0; i < states; i++)
        eval_put_f32(&a->out[1 + i], p->state[i]);
    return true;
}

bool qir_eval_lstm(qir_eval_args *a)
{
    recurrence p = get_recurrence(a, 4);
    p.cell_clip = qir_op_float(a->op, "cell_clip");
    return run(a, &p, 2, lstm_cell);
}

bool qir_eval_gru(qir_eval_args *a)
{
    recurrence p = get_recurrence(a, 3);
    p.reset_after = qir_op_bool(a->op, "reset_after");
    return run(a, &p, 1, gru_cell);
}

bool qir_eval_rnn(qir_eval_args *a)
{
    recurrence p = get_recurrence(a, UINT32_MAX);
    p.relu = !strcmp(qir_op_string(a->op, "activation"), "relu");
    return run(a, &p, 1, rnn_cell);
}
