/* Scaled dot-product attention.  For each row l of q:
 *   s[j] = qir_dot16(q[l], k[j]) * scale, + mask[l][j] (added; false: -inf; beyond the causal bound:
 *          -inf)
 *   m    = EVAL_MAX over s, 0 where that is -inf (nothing to see)
 *   e[j] = exp(s[j] - m), p[j] = e[j] / qir_sum16(e), the sum being 1 where it is 0
 *   y[c] = qir_dot16(p, v[.][c]) */
#include <math.h>
#include "eval_priv.h"

typedef struct attention {
    const qir_type *y;       /* [..., L, V] */
    int64_t rows, columns, e, v;
    const float *q, *k, *vt; /* vt: [..., V, S] */
    const float *added;      /* mask as floats, or */
    const int64_t *allowed;  /* as booleans, or neither */
    float scale;
    int64_t bound; /* row l sees columns up to l + bound */
    float *s, *p;
} attention;

/* Matrix of operand type `t` that entry `i` of the result's leading dimensions uses; `skip`
 * trailing dimensions make up the matrix. */
static int64_t matrix_of(const attention *p, const qir_type *t, int64_t i)
{
    int64_t index = 0, stride = 1;
    for (unsigned back = 3; back <= p->y->rank; back++) {
        int64_t dim = p->y->dims[p->y->rank - back], at = i % dim;
        i /= dim;
        if (back > t->rank)
            continue;
        int64_t own = t->dims[t->rank - back];
        index += (own == 1 ? 0 : at) * stride;
        stride *= own;
    }
    return index;
}

/* Element (l, j) of the mask's matrix `base`. */
static int64_t mask_index(const qir_type *t, int64_t matrix, int64_t l, int64_t j)
{
    int64_t columns = t->rank > 0 ? t->dims[t->rank - 1] : 1;
    int64_t rows = t->rank > 1 ? t->dims[t->rank - 2] : 1;
    return (matrix * rows + (rows == 1 ? 0 : l)) * columns + (columns == 1 ? 0 : j);
}

static void scores(const attention *p, const qir_eval_args *a, const float *q, const float *k,
                   int64_t matrix, int64_t l)
{
    for (int64_t j = 0; j < p->columns; j++) {
        float s = qir_dot16(q, k + j * p->e, p->e) * p->scale;
        if (p->added)
            s = s + p->added[mask_index(a->in[3].type, matrix, l, j)];
        if ((p->allowed && !p->allowed[mask_index(a->in[3].type, matrix, l, j)]) ||
            j > l + p->bound)
            s = -INFINITY;
        p->s[j] = s;
    }
}

static void probabilities(const attention *p)
{
    float m = p->s[0];
    for (int64_t j = 1; j < p->columns; j++)
        m = EVAL_MAX(m, p->s[j]);
    m = m == -INFINITY ? 0.0f : m;
    for (int64_t j = 0; j < p->columns; j++)
        p->p[j] = qir_fm_exp(p->s[j] - m);
    float sum = qir_sum16(p->p, p->columns);
    sum = sum == 0.0f ? 1.0f : sum;
    for (int64_t j = 0; j < p->columns; j++)
        p->p[j] = p->p[j] / sum;
}

/* Matrices [S][V] to [V][S]. */
static const float *transposed(qir_eval_args *a, const qir_tensor *t, int64_t rows, int64_t columns)
{
    int64_t count = eval_product(t->type->dims, 0, t->type->rank - 2);
    int64_t dims[3] = {count, columns, rows}, ds[3] = {rows * columns, rows, 1};
    int64_t ss[3] = {rows * columns, 1, columns};
    float *out = QIR_NEW_ARRAY(a->scratch, float, (size_t)(count * rows * columns));
    eval_copy_nd(3, dims, sizeof *out, out, ds, eval_f32(a, t), ss);
    return out;
}

static attention get_attention(qir_eval_args *a)
{
    const qir_type *q = a->in[0].type, *y = a->out[0].type;
    attention p = {.y = y,
                   .rows = q->dims[q->rank - 2],
                   .e = q->dims[q->rank - 1],
                   .columns = a->in[1].type->dims[a->in[1].type->rank - 2],
                   .v = y->dims[y->rank - 1],
                   .scale = qir_op_float(a->op, "scale")};
    p.q = eval_f32(a, &a->in[0]);
    p.k = eval_f32(a, &a->in[1]);
    p.vt = transposed(a, &a->in[2], p.columns, p.v);
    if (eval_has(a, 3) && a->in[3].type->dtype == QIR_i1)
        p.allowed = eval_i64(a, &a->in[3]);
    else if (eval_has(a, 3))
        p.added = eval_f32(a, &a->in[3]);
    p.bound = qir_op_bool(a->op, "causal") ? qir_op_int(a->op, "offset") : p.columns;
    p.s = QIR_NEW_ARRAY(a->scratch, float, (size_t)p.columns);
    p.p = QIR_NEW_ARRAY(a->scratch, float, (size_t)p.columns);
    return p;
}

bool qir_eval_attention(qir_eval_args *a)
{
    attention p = get_attention(a);
    float *y = eval_out_f32(a, &a->out[0]);
    int64_t batches = eval_product(p.y->dims, 0, p.y->rank - 2);
    for (int64_t i = 0; i < batches; i++) {
        const float *q = p.q + matrix_of(&p, a->in[0].type, i) * p.rows * p.e;
        const float *k = p.k + matrix_of(&p, a->in[1].type, i) * p.columns * p.e;
        const float *vt = p.vt + matrix_of(&p, a->in[2].type, i) * p.columns * p.v;
        int64_t mask = eval_has(a, 3) ? matrix_of(&p, a->in[3].type, i) : 0;
        for (int64_t l = 0; l < p.rows; l++) {
            scores(&p, a, q + l * p.e, k, mask, l);
            probabilities(&p);
            for (int64_t c = 0; c < p.v; c++)
                y[(i * p.rows + l) * p.v + c] = qir_dot16(p.p, vt + c * p.columns, p.columns);
        }
    }
    eval_put_f32(&a->out[0], y);
    return true;
}
