/* Normalization, attention and recurrence: everything in one float type. */
#include "infer.h"
#include "qir/codes.h"

/* All operands, mask apart, have one float type; those that compute in f32 refuse f64. */
static bool one_float_type(qir_infer *q, uint32_t n, bool wide)
{
    qir_dtype t = infer_type(q, 0)->dtype;
    for (uint32_t i = 1; i < n && i < q->noperands; i++)
        if (q->operands[i] && !infer_same_element(q, infer_type(q, 0), infer_type(q, i)))
            return false;
    return wide || t != QIR_f64 ||
           infer_fail(q, "type.operand", "operands of type f64, expected f32, f16 or bf16");
}

static bool has_shape(const qir_type *t, const infer_dims *want)
{
    bool same = t->rank == want->rank;
    for (unsigned i = 0; same && i < want->rank; i++)
        same = t->dims[i] == want->d[i];
    return same;
}

/* Operand `i`, if present, has exactly these dimensions. */
static bool check_shape(qir_infer *q, unsigned i, const infer_dims *want)
{
    const qir_type *t = infer_type(q, i);
    return !t || has_shape(t, want) ||
           infer_fail(q, "shape.operand", "operand %u ('%s') has type %s, expected shape %s", i,
                      qir_op_desc_get(q->opcode)->operands[i].name, infer_text(q, t),
                      infer_dims_text(q, want));
}

/* 8 bits in and out, gamma and beta in f32. */
static bool quantized_norm(qir_infer *q, const infer_dims *dims)
{
    for (uint32_t i = 1; i < q->noperands; i++)
        if (q->operands[i] && infer_type(q, i)->dtype != QIR_f32)
            return infer_fail(q, "type.operand", "operand %u of type %s, expected f32 beside quantized values",
                              i, infer_text(q, infer_type(q, i)));
    return infer_activation(q, 0) && infer_result_free(q, 0, dims);
}

bool qir_infer_layer_norm(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x), inner = {0};
    unsigned axis;
    if (!infer_axis(q, x->rank, &axis) || !infer_nonempty(q, x, "operand 0") ||
        (!x->quant && !one_float_type(q, q->noperands, true)))
        return false;
    for (unsigned i = axis; i < x->rank; i++)
        inner.d[inner.rank++] = x->dims[i];
    return check_shape(q, 1, &inner) && check_shape(q, 2, &inner) &&
           (x->quant ? quantized_norm(q, &dims) : infer_result(q, 0, &dims, x));
}

/* --- attention --------------------------------------------------------------------------------- */
static bool check_mask(qir_infer *q, const infer_dims *leading, int64_t rows, int64_t columns)
{
    const qir_type *m = infer_type(q, 3);
    infer_dims scores = *leading;
    if (!m)
        return true;
    if (m->dtype != QIR_i1 && m->dtype != infer_type(q, 0)->dtype)
        return infer_fail(q, "type.operand", "mask of type %s, expected i1 or the type of q",
                          infer_text(q, m));
    if (!infer_push(q, &scores, rows) || !infer_push(q, &scores, columns))
        return false;
    bool fits = m->rank <= scores.rank;
    for (unsigned i = 0; fits && i < m->rank; i++)
        fits = m->dims[i] == 1 || m->dims[i] == scores.d[scores.rank - m->rank + i];
    return fits || infer_fail(q, "shape.broadcast", "mask of type %s does not broadcast to %s",
                              infer_text(q, m), infer_dims_text(q, &scores));
}

bool qir_infer_attention(qir_infer *q)
{
    const qir_type *t[3];
    for (unsigned i = 0; i < 3; i++) {
        t[i] = infer_type(q, i);
        if (t[i]->rank < 2)
            return infer_fail(q, "shape.rank", "operand %u has type %s, expected rank 2 or more", i,
                              infer_text(q, t[i]));
        if (!infer_nonempty(q, t[i], "operand"))
            return false;
    }
    int64_t rows = t[0]->dims[t[0]->rank - 2], columns = t[1]->dims[t[1]->rank - 2];
    if (t[0]->dims[t[0]->rank - 1] != t[1]->dims[t[1]->rank - 1] ||
        t[2]->dims[t[2]->rank - 2] != columns)
        return infer_fail(q, "shape.operand", "%s, %s and %s, expected [.., L, E], [.., S, E], [.., S, V]",
                          infer_text(q, t[0]), infer_text(q, t[1]), infer_text(q, t[2]));
    infer_dims keys, dims;
    if (!one_float_type(q, 3, false) || !infer_broadcast(q, t[0], t[1], 2, &keys))
        return false;
    infer_dims with_rows = keys;
    if (!infer_push(q, &with_rows, 1) || !infer_push(q, &with_rows, 1))
        return false;
    const qir_type *lead = qir_type_with_shape(q->module->ctx, t[0], with_rows.d, with_rows.rank, q->loc);
    return lead && infer_broadcast(q, lead, t[2], 2, &dims) &&
           check_mask(q, &dims, rows, columns) && infer_push(q, &dims, rows) &&
           infer_push(q, &dims, t[2]->dims[t[2]->rank - 1]) && infer_result(q, 0, &dims, t[0]);
}

/* --- recurrence -------------------------------------------------------------------------------- */
/* xw [S,B,gates*H], r [gates*H,H], `states` states [B,H]; results y and the states. */
/* The recurrent weight may be quantized where the rest is f32. */
static bool recurrent_types(qir_infer *q)
{
    const qir_type *xw = infer_type(q, 0), *r = infer_type(q, 1);
    qir_code_rows rows;
    if (!r->quant || xw->dtype != QIR_f32)
        return one_float_type(q, q->noperands, false);
    for (uint32_t i = 2; i < q->noperands; i++)
        if (q->operands[i] && !infer_same_element(q, xw, infer_type(q, i)))
            return false;
    return qir_code_rows_get(r, &rows) ||
           infer_fail(q, "type.operand",
                      "recurrent weight %s, expected f32 or at most 8 bits that express f32, per "
                      "tensor, per axis 0 or in groups of axis 1",
                      infer_text(q, r));
}

static bool recurrent(qir_infer *q, int64_t gates, unsigned states)
{
    const qir_type *xw = infer_type(q, 0), *r = infer_type(q, 1);
    if (!recurrent_types(q))
        return false;
    if (xw->rank != 3 || r->rank != 2)
        return infer_fail(q, "shape.rank", "%s and %s, expected xw [S,B,%lldH] and r [%lldH,H]",
                          infer_text(q, xw), infer_text(q, r), (long long)gates, (long long)gates);
    int64_t cells = r->dims[1];
    infer_dims state = {2, {xw->dims[1], cells}}, y = {3, {xw->dims[0], xw->dims[1], cells}};
    if (!infer_nonempty(q, xw, "operand 0") || r->dims[0] / gates != cells ||
        r->dims[0] % gates != 0 || xw->dims[2] != r->dims[0])
        return infer_fail(q, "shape.operand", "%s and %s, expected xw [S,B,%lldH] and r [%lldH,H]",
                          infer_text(q, xw), infer_text(q, r), (long long)gates, (long long)gates);
    for (unsigned i = 0; i < states; i++)
        if (!check_shape(q, 2 + i, &state) || !infer_result(q, 1 + i, &state, xw))
            return false;
    return infer_result(q, 0, &y, xw);
}

bool qir_infer_lstm(qir_infer *q)
{
    return recurrent(q, 4, 2) && check_shape(q, 4, &(infer_dims){1, {3 * infer_type(q, 1)->dims[1]}});
}

bool qir_infer_gru(qir_infer *q)
{
    return recurrent(q, 3, 1) && check_shape(q, 3, &(infer_dims){1, {3 * infer_type(q, 1)->dims[1]}});
}

bool qir_infer_rnn(qir_infer *q)
{
    static const char *const activations[] = {"tanh", "relu", NULL};
    return recurrent(q, 1, 1) && infer_word(q, "activation", activations);
}
