/* Operators with state (variable tensors): each run reads it and sets its next value. */
#include <inttypes.h>

#include "core/compose.h"
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

/* `n` weights from operand `first` on, one for each gate, stacked.  They become real here: the cell
 * computes in float. */
static qir_value *stacked(tfl_call *c, unsigned first, unsigned n)
{
    qir_value *parts[4];
    for (unsigned k = 0; k < n; k++) {
        qir_value *v = tfl_in(c, first + k);
        const qir_op *op = v ? qir_value_op(v) : NULL;
        if (!v || !fe_is_weight(v)) {
            fe_error(c->fe, "const", "operand %u must be a constant", first + k);
            return NULL;
        }
        if (op)
            v = fe_emit_folded(c->fe, QIR_OP_dequantize, &op->operands[0].value, 1, QIR_NO_ATTRS,
                               NULL);
        if (!(parts[k] = v))
            return NULL;
    }
    return fe_emit_folded(c->fe, QIR_OP_concat, parts, n,
                          QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, 0)}), NULL);
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
