/* Operators with state (variable tensors): each run reads it and sets its next value. */
#include <inttypes.h>
#include <string.h>

#include "core/compose.h"
#include "qir/codes.h"
#include "tflite/import.h"

/* --- SVDF ------------------------------------------------------------------------------------- */

enum { SVDF_X, SVDF_FEATURE, SVDF_TIME, SVDF_BIAS, SVDF_STATE };

/* Operands: x [B, I], feature weights [F, I], time weights [F, M], state [B, F * M]. */
static bool check_svdf(tfl_call *c, int64_t rank)
{
    for (unsigned i = 0; i < c->nin; i++)
        if (i != SVDF_BIAS && !c->in[i])
            return fe_error(c->fe, "index", "operand %u is missing", i);
    const qir_type *x = c->in[SVDF_X]->type, *f = c->in[SVDF_FEATURE]->type,
                   *t = c->in[SVDF_TIME]->type, *s = c->in[SVDF_STATE]->type;
    bool ok = x->rank == 2 && f->rank == 2 && t->rank == 2 && f->dims[1] == x->dims[1] &&
              t->dims[0] == f->dims[0] && t->dims[1] > 0 && rank > 0 && f->dims[0] % rank == 0 &&
              qir_type_elements(s) == x->dims[0] * f->dims[0] * t->dims[1];
    if (!ok)
        return fe_error(c->fe, "shape", "its weights, state and rank %" PRId64 " do not fit", rank);
    return tfl_in_tensor(c, SVDF_STATE)->variable ||
           fe_error(c->fe, "index", "its state is no variable tensor");
}

/* The memory of each filter, one step on: the oldest value goes, the new feature comes. */
static bool push_features(tfl_call *c)
{
    fe_builder *fe = c->fe;
    const int64_t batch = c->in[SVDF_X]->type->dims[0];
    const int64_t *time = c->in[SVDF_TIME]->type->dims;
    qir_value *memory = fe_reshape(fe, c->in[SVDF_STATE], (int64_t[]){batch, time[0], time[1]}, 3);
    qir_value *feature = fe_linear(fe, c->in[SVDF_X], c->in[SVDF_FEATURE], NULL);
    if (!memory || !feature)
        return false;
    qir_value *parts[] = {fe_narrow(fe, memory, 2, 1, time[1]), fe_unsqueeze(fe, feature, 2)};
    qir_value *next = parts[0] && parts[1] ? fe_concat(fe, parts, 2, 2) : NULL;
    return tfl_set_state(
        c, SVDF_STATE, fe_reshape(fe, next, (int64_t[]){batch, time[0] * time[1]}, 2));
}

static qir_value *sum_last(tfl_call *c, qir_value *x)
{
    int64_t axis = x ? (int64_t)x->type->rank - 1 : 0;
    return fe_emit1(c->fe, QIR_OP_reduce_sum, x,
                    QIR_ATTRS({"axes", qir_attr_ints(c->fe->ctx, &axis, 1)},
                              {"keepdims", qir_attr_bool(c->fe->ctx, false)}));
}

/* y = activation(sum over rank and time of memory * time weights, plus bias). */
bool tfl_svdf(tfl_call *c)
{
    fe_builder *fe = c->fe;
    int64_t rank = tfl_int(c, "rank");
    if (!check_svdf(c, rank) || !push_features(c))
        return false;
    const int64_t batch = c->in[SVDF_X]->type->dims[0];
    const int64_t *time = c->in[SVDF_TIME]->type->dims;
    qir_value *memory = fe_reshape(fe, tfl_real(c->imp, c->node->in[SVDF_STATE]),
                                   (int64_t[]){batch, time[0], time[1]}, 3);
    qir_value *y = sum_last(c, fe_emit2(fe, QIR_OP_mul, memory, c->in[SVDF_TIME]));
    if (rank > 1)
        y = sum_last(c, fe_reshape(fe, y, (int64_t[]){batch, time[0] / rank, rank}, 3));
    if (tfl_in(c, SVDF_BIAS))
        y = fe_emit2(fe, QIR_OP_add, y, tfl_in(c, SVDF_BIAS));
    return tfl_set(c, 0, y);
}

/* --- LSTM ------------------------------------------------------------------------------------- */

/* Gates stand in the order input, forget, cell, output. */
enum {
    LSTM_X,
    LSTM_W,
    LSTM_R = LSTM_W + 4,
    LSTM_PEEPHOLE = LSTM_R + 4,
    LSTM_BIAS = LSTM_PEEPHOLE + 3,
    LSTM_PROJECTION = LSTM_BIAS + 4,
    LSTM_H = LSTM_PROJECTION + 2,
    LSTM_C,
    LSTM_NORM,
    LSTM_END = LSTM_NORM + 4
};

/* The constant under a dequantize, if it is a matrix of 8 bits or fewer with parameters per tensor. */
static qir_value *coded_matrix(qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    qir_value *x = op && op->opcode == QIR_OP_dequantize ? qir_op_operand(op, 0) : NULL;
    bool fits = x && qir_value_const(x) && qir_has_codes(x->type) && x->type->rank == 2;
    return fits && qir_quant_is_per_tensor(x->type->quant) ? x : NULL;
}

/* Quantized matrices of one type but for their parameters, stacked: parameters per row.  NULL: others. */
static qir_value *stacked_codes(fe_builder *fe, qir_value *const *parts, unsigned n)
{
    const qir_type *t = parts[0]->type;
    size_t rows = (size_t)t->dims[0], bytes = qir_type_bytes(t);
    float *scale = QIR_NEW_ARRAY(fe->scratch, float, rows * n);
    int32_t *zero = QIR_NEW_ARRAY(fe->scratch, int32_t, rows * n);
    char *data = qir_arena_alloc(fe->m->arena, bytes * n);
    qir_quant q = *t->quant;
    for (unsigned k = 0; k < n; k++) {
        const void *from = qir_const_data(qir_value_const(parts[k]));
        const qir_quant *own = parts[k]->type->quant;
        if (!from || !qir_type_same_shape(parts[k]->type, t) || own->storage != q.storage ||
            own->qmin != q.qmin || own->qmax != q.qmax)
            return NULL;
        memcpy(data + k * bytes, from, bytes);
        for (size_t r = k * rows; r < (k + 1) * rows; r++) {
            scale[r] = own->scale[0];
            zero[r] = own->zero_point[0];
        }
    }
    q.axis = 0;
    q.count = rows * n;
    q.scale = scale;
    q.zero_point = zero;
    const qir_type *all = fe_quant_type(fe, &q, (int64_t[]){t->dims[0] * n, t->dims[1]}, 2);
    return all ? fe_add_const(fe, fe_const_base(fe, parts[0]), all, data, false, fe->b.loc) : NULL;
}

static qir_value *stacked_reals(fe_builder *fe, qir_value **parts, unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        qir_op *op = qir_value_op(parts[k]);
        if (op)
            parts[k] = fe_emit_folded(fe, QIR_OP_dequantize, &op->operands[0].value, 1,
                                      QIR_NO_ATTRS, NULL);
        if (!parts[k])
            return NULL;
    }
    return fe_emit_folded(fe, QIR_OP_concat, parts, n,
                          QIR_ATTRS({"axis", qir_attr_int(fe->ctx, 0)}), NULL);
}

/* `n` weights from operand `first` on, one for each gate, stacked.  Matrices stay quantized, what else
 * there is becomes real: the cell computes in float. */
static qir_value *stacked(tfl_call *c, unsigned first, unsigned n)
{
    qir_value *parts[4], *codes[4];
    bool coded = true;
    for (unsigned k = 0; k < n; k++) {
        parts[k] = tfl_in(c, first + k);
        if (!parts[k] || !fe_is_weight(parts[k])) {
            fe_error(c->fe, "const", "operand %u must be a constant", first + k);
            return NULL;
        }
        coded = (codes[k] = coded_matrix(parts[k])) && coded;
    }
    qir_value *all = coded ? stacked_codes(c->fe, codes, n) : NULL;
    return all ? fe_emit1(c->fe, QIR_OP_dequantize, all, QIR_NO_ATTRS)
               : stacked_reals(c->fe, parts, n);
}

static bool any_in(const tfl_call *c, unsigned first, unsigned n)
{
    bool any = false;
    for (unsigned i = first; i < first + n; i++)
        any = any || tfl_in(c, i);
    return any;
}

static bool check_lstm(tfl_call *c)
{
    if (any_in(c, LSTM_PROJECTION, 2) || any_in(c, LSTM_NORM, 4) ||
        tfl_int(c, "diagonal_recurrent_tensors"))
        return fe_error(c->fe, "options",
                        "projection, layer normalization and diagonal weights are not supported");
    if (tfl_int(c, "cell_activation") != 4)
        return fe_error(c->fe, "options", "activation %" PRId64 ", expected TANH",
                        tfl_int(c, "cell_activation"));
    if (!tfl_in(c, LSTM_X) || c->in[LSTM_X]->type->rank != 3 || !tfl_in(c, LSTM_H) ||
        !tfl_in(c, LSTM_C) || !tfl_in_tensor(c, LSTM_H)->variable ||
        !tfl_in_tensor(c, LSTM_C)->variable)
        return fe_error(c->fe, "shape", "expected an input of rank 3 and variable states");
    return true;
}

bool tfl_lstm(tfl_call *c)
{
    fe_builder *fe = c->fe;
    if (!check_lstm(c))
        return false;
    bool time_major = tfl_int(c, "time_major") != 0;
    qir_value *out[3];
    fe_recurrent l = {.x = time_major ? c->in[LSTM_X] : fe_swap_axes(fe, c->in[LSTM_X], 0, 1),
                      .w = stacked(c, LSTM_W, 4),
                      .r = stacked(c, LSTM_R, 4),
                      .wb = any_in(c, LSTM_BIAS, 4) ? stacked(c, LSTM_BIAS, 4) : NULL,
                      .p = any_in(c, LSTM_PEEPHOLE, 3) ? stacked(c, LSTM_PEEPHOLE, 3) : NULL,
                      .h0 = c->in[LSTM_H],
                      .c0 = c->in[LSTM_C],
                      .cell_clip = tfl_float(c, "cell_clip"),
                      .gates = fe_gates_torch};
    if (fe->failed || !fe_lstm(fe, &l, out))
        return false;
    return tfl_set_state(c, LSTM_H, out[1]) && tfl_set_state(c, LSTM_C, out[2]) &&
           tfl_set(c, 0, time_major ? out[0] : fe_swap_axes(fe, out[0], 0, 1));
}
