/* Recurrent layers: the product with x for all steps at once, then the op that carries the state.
 */
#include "core/compose.h"

#include <string.h>

const unsigned char fe_gates_torch[4] = {0, 1, 2, 3};
const unsigned char fe_gates_onnx_lstm[4] = {0, 2, 3, 1};
const unsigned char fe_gates_onnx_gru[3] = {1, 0, 2};

typedef struct layer {
    fe_recurrent in;
    qir_opcode opcode;
    unsigned gates, states;
    int64_t cells;
    qir_value *xw, *r, *rb; /* in QIR's order */
    qir_value *state[2];
} layer;

/* --- weights -----------------------------------------------------------------------------------
 */
static bool is_in_order(const layer *l)
{
    for (unsigned k = 0; k < l->gates; k++)
        if (l->in.gates[k] != k)
            return false;
    return true;
}

/* Parameters in QIR's order: per-axis ones move with the blocks. */
static const qir_type *ordered_type(fe_builder *fe, const layer *l, const qir_type *t)
{
    const qir_quant *q = t->quant;
    if (!q || q->axis != 0 || q->group)
        return t;
    size_t block = q->count / l->gates;
    qir_quant moved = *q;
    float *scale = QIR_NEW_ARRAY(fe->scratch, float, q->count);
    int32_t *zero = QIR_NEW_ARRAY(fe->scratch, int32_t, q->count);
    for (size_t i = 0; i < q->count; i++) {
        size_t from = l->in.gates[i / block] * block + i % block;
        scale[i] = q->scale[from];
        zero[i] = q->zero_point[from];
    }
    moved.scale = scale;
    moved.zero_point = zero;
    return qir_quant_type(fe->ctx, &moved, t->dims, t->rank, fe->node.loc);
}

static qir_value *ordered_const(fe_builder *fe, const layer *l, qir_value *v)
{
    const qir_type *t = ordered_type(fe, l, v->type);
    const char *from = qir_const_data(qir_value_const(v));
    size_t block = qir_type_bytes(v->type) / l->gates;
    if (!t || !from) {
        fe->failed = true;
        return NULL;
    }
    char *to = qir_arena_alloc(fe->scratch, block * l->gates);
    for (unsigned k = 0; k < l->gates; k++)
        memcpy(to + k * block, from + l->in.gates[k] * block, block);
    return fe_add_const(fe, fe_const_base(fe, v), t, to, true, fe->b.loc);
}

/* Blocks of dimension 0 into QIR's order.  A dequantized constant stays one, so that the product
 * can become integer. */
static qir_value *ordered(fe_builder *fe, const layer *l, qir_value *v)
{
    qir_value *block[4];
    if (!v || is_in_order(l))
        return v;
    if (v->kind == QIR_VALUE_CONST)
        return ordered_const(fe, l, v);
    if (fe_is_weight(v))
        return fe_emit1(fe, QIR_OP_dequantize,
                        ordered_const(fe, l, qir_op_operand(qir_value_op(v), 0)), QIR_NO_ATTRS);
    for (unsigned k = 0; k < l->gates; k++)
        block[k] = fe_narrow(fe, v, 0, l->in.gates[k] * l->cells, (l->in.gates[k] + 1) * l->cells);
    return fe_concat(fe, block, l->gates, 0);
}

static qir_value *sum(fe_builder *fe, qir_value *a, qir_value *b)
{
    return a && b ? fe_emit_folded(fe, QIR_OP_add, QIR_OPERANDS(a, b), QIR_NO_ATTRS, NULL)
           : a    ? a
                  : b;
}

/* The recurrent bias joins that of the input, but for a gru that scales it by the reset gate: that
 * op takes it by itself. */
static bool add_biases(fe_builder *fe, layer *l, qir_value **bias)
{
    qir_value *wb = ordered(fe, l, l->in.wb), *rb = ordered(fe, l, l->in.rb);
    if (l->opcode == QIR_OP_gru && l->in.reset_after && rb)
        l->rb = rb;
    else
        wb = sum(fe, wb, rb);
    *bias = wb;
    return !fe->failed;
}

static bool check(fe_builder *fe, const layer *l)
{
    const qir_type *x = l->in.x->type, *w = l->in.w->type, *r = l->in.r->type;
    if (x->rank != 3 || w->rank != 2 || r->rank != 2 || r->dims[0] != l->gates * r->dims[1] ||
        w->dims[0] != r->dims[0] || w->dims[1] != x->dims[2])
        return fe_error(fe, "shape", "weights of a recurrent layer do not fit its input");
    return true;
}

static bool prepare(fe_builder *fe, layer *l)
{
    qir_value *bias;
    if (fe->failed || !check(fe, l))
        return false;
    const qir_type *x = l->in.x->type;
    l->cells = l->in.r->type->dims[1];
    int64_t dims[2] = {x->dims[1], l->cells};
    l->state[0] = l->in.h0 ? l->in.h0 : fe_zeros(fe, x->dtype, dims, 2);
    l->state[1] = l->states < 2 ? NULL : l->in.c0 ? l->in.c0 : fe_zeros(fe, x->dtype, dims, 2);
    l->r = ordered(fe, l, l->in.r);
    if (!add_biases(fe, l, &bias))
        return false;
    l->xw = fe_linear(fe, l->in.x, ordered(fe, l, l->in.w), bias);
    return l->xw && l->r;
}

/* --- the op ------------------------------------------------------------------------------------
 */
static bool emit_op(fe_builder *fe, const layer *l, qir_value *xw, qir_value *const *state,
                    qir_value **out)
{
    qir_value *in[5] = {xw, l->r, state[0]};
    uint32_t n = 3;
    if (l->states == 2)
        in[n++] = state[1];
    qir_value *extra = l->opcode == QIR_OP_lstm ? l->in.p : l->rb;
    if (extra)
        in[n++] = extra;
    bool gru = l->opcode == QIR_OP_gru, rnn = l->opcode == QIR_OP_rnn;
    const char *f = rnn ? l->in.activation : NULL;
    const qir_attr *reverse = l->in.reverse ? qir_attr_bool(fe->ctx, true) : NULL;
    const qir_attr *before = gru && !l->in.reset_after ? qir_attr_bool(fe->ctx, false) : NULL;
    const qir_attr *clip = l->in.cell_clip > 0 ? qir_attr_float(fe->ctx, l->in.cell_clip) : NULL;
    const qir_attr *activation = f ? qir_attr_string(fe->ctx, f, strlen(f)) : NULL;
    return xw && fe_emit_n(fe, l->opcode, in, n,
                           QIR_ATTRS({"reverse", reverse}, {"reset_after", before},
                                     {"activation", activation}, {"cell_clip", clip}),
                           out, 1 + l->states);
}

/* Rows first .. end - 1 of the batch, which have `steps` steps; y is filled up with zeros. */
static bool emit_rows(fe_builder *fe, const layer *l, int64_t first, int64_t end, int64_t steps,
                      qir_value **out)
{
    const qir_type *t = l->xw->type;
    qir_value *state[2] = {0}, *y[2];
    int64_t rest[3] = {t->dims[0] - steps, end - first, l->cells};
    for (unsigned i = 0; i < l->states; i++)
        out[1 + i] = state[i] = fe_narrow(fe, l->state[i], 0, first, end);
    qir_value *xw = fe_narrow(fe, fe_narrow(fe, l->xw, 1, first, end), 0, 0, steps);
    if (steps && !emit_op(fe, l, xw, state, out))
        return false;
    y[0] = steps ? out[0] : fe_zeros(fe, t->dtype, rest, 3);
    y[1] = steps && rest[0] ? fe_zeros(fe, t->dtype, rest, 3) : NULL;
    out[0] = fe_concat(fe, y, y[1] ? 2 : 1, 0);
    return out[0];
}

/* Rows of equal length go together. */
static bool emit_lengths(fe_builder *fe, const layer *l, qir_value **out)
{
    int64_t rows = l->in.x->type->dims[1];
    uint32_t n = 0;
    qir_value **part[3], *one[3];
    for (unsigned i = 0; i < 3; i++)
        part[i] = QIR_NEW_ARRAY(fe->scratch, qir_value *, (size_t)rows);
    for (int64_t b = 0, end; b < rows; b = end, n++) {
        for (end = b + 1; end < rows && l->in.lengths[end] == l->in.lengths[b];)
            end++;
        if (!emit_rows(fe, l, b, end, l->in.lengths[b], one))
            return false;
        for (unsigned i = 0; i <= l->states; i++)
            part[i][n] = one[i];
    }
    for (unsigned i = 0; i <= l->states; i++)
        out[i] = fe_concat(fe, part[i], n, i == 0 ? 1 : 0);
    return !fe->failed;
}

static bool recurrent(fe_builder *fe, const fe_recurrent *in, qir_opcode opcode, unsigned gates,
                      unsigned states, qir_value **out)
{
    layer l = {.in = *in, .opcode = opcode, .gates = gates, .states = states};
    if (!in->x || !in->w || !in->r || !prepare(fe, &l))
        return false;
    return in->lengths ? emit_lengths(fe, &l, out) : emit_op(fe, &l, l.xw, l.state, out);
}

bool fe_lstm(fe_builder *fe, const fe_recurrent *in, qir_value *out[3])
{
    return recurrent(fe, in, QIR_OP_lstm, 4, 2, out);
}

bool fe_gru(fe_builder *fe, const fe_recurrent *in, qir_value *out[2])
{
    return recurrent(fe, in, QIR_OP_gru, 3, 1, out);
}

bool fe_rnn(fe_builder *fe, const fe_recurrent *in, qir_value *out[2])
{
    return recurrent(fe, in, QIR_OP_rnn, 1, 1, out);
}
