/* Ops that move elements or rename types: identities vanish, pairs become one. */
#include "patterns.h"

static qir_context *ctx_of(const qir_op *op)
{
    return qir_op_module(op)->ctx;
}

/* Result type equal to the operand's: for reshape, expand, cast, storage_cast, requantize, relayout
 * that means that nothing changes. */
static bool same_type(const canon *c, qir_op *op)
{
    qir_value *x = qir_op_operand(op, 0);
    return x->type == op->results[0].type && canon_replace(c, op, x);
}

/* reshape(reshape(x)) -> reshape(x) */
static bool reshape_pair(const canon *c, qir_op *op)
{
    qir_op *inner = qir_op_feeder(op, 0, QIR_OP_reshape);
    if (!inner || !canon_begin(c))
        return false;
    canon_set_operand(c, op, 0, qir_op_operand(inner, 0));
    return true;
}

/* storage_cast(storage_cast(x)) -> x when the types meet again */
static bool storage_cast_pair(const canon *c, qir_op *op)
{
    qir_op *inner = qir_op_feeder(op, 0, QIR_OP_storage_cast);
    qir_value *x = inner ? qir_op_operand(inner, 0) : NULL;
    return x && x->type == op->results[0].type && canon_replace(c, op, x);
}

/* relayout(relayout(x)) -> relayout(x) */
static bool relayout_pair(const canon *c, qir_op *op)
{
    qir_op *inner = qir_op_feeder(op, 0, QIR_OP_relayout);
    if (!inner || !canon_begin(c))
        return false;
    canon_set_operand(c, op, 0, qir_op_operand(inner, 0));
    return true;
}

/* quantize(dequantize(q)) -> q with equal parameters: two fp32 roundings of at most 16 bits are far
 * from half a step.  The other way round is not an identity. */
static bool requantize_same(const canon *c, qir_op *op)
{
    qir_op *inner = qir_op_feeder(op, 0, QIR_OP_dequantize);
    qir_value *q = inner ? qir_op_operand(inner, 0) : NULL;
    return q && q->type == op->results[0].type && qir_dtype_bits(q->type->dtype) <= 16 &&
           canon_replace(c, op, q);
}

/* --- transpose ------------------------------------------------------------------------------- */
static bool transpose_identity(const canon *c, qir_op *op)
{
    size_t n;
    const int64_t *perm = qir_op_ints(op, "perm", &n);
    for (size_t i = 0; i < n; i++)
        if (perm[i] != (int64_t)i)
            return false;
    return canon_replace(c, op, qir_op_operand(op, 0));
}

/* transpose(transpose(x, p), q) -> transpose(x, p[q[i]]) */
static bool transpose_pair(const canon *c, qir_op *op)
{
    qir_op *inner = qir_op_feeder(op, 0, QIR_OP_transpose);
    size_t n, ninner;
    if (!inner || !canon_begin(c))
        return false;
    const int64_t *q = qir_op_ints(op, "perm", &n), *p = qir_op_ints(inner, "perm", &ninner);
    int64_t perm[QIR_MAX_RANK];
    for (size_t i = 0; i < n; i++)
        perm[i] = p[q[i]];
    qir_op_set_attr(op, "perm", qir_attr_ints(ctx_of(op), perm, n));
    canon_set_operand(c, op, 0, qir_op_operand(inner, 0));
    return true;
}

/* A transpose that moves only dimensions of size 1 keeps the order of elements: a reshape, which
 * needs no code.  Per-axis parameters are left alone, as reshape does not follow axes. */
static bool transpose_is_reshape(const canon *c, qir_op *op)
{
    const qir_type *x = qir_op_operand(op, 0)->type, *y = op->results[0].type;
    size_t n;
    const int64_t *perm = qir_op_ints(op, "perm", &n);
    int64_t last = -1;
    if (!qir_type_is_static(x) || (x->quant && !qir_quant_is_per_tensor(x->quant)))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (x->dims[perm[i]] == 1)
            continue;
        if (perm[i] < last)
            return false;
        last = perm[i];
    }
    return canon_begin(c) &&
           canon_build(c, op, QIR_OP_reshape, QIR_OPERANDS(qir_op_operand(op, 0)),
                       canon_attr(op, NULL, "shape", qir_attr_ints(ctx_of(op), y->dims, y->rank)));
}

/* --- slice, pad, concat ---------------------------------------------------------------------- */
static bool slice_all(const canon *c, qir_op *op)
{
    size_t n, nsteps;
    const int64_t *starts = qir_op_ints(op, "starts", &n);
    const int64_t *steps = qir_op_ints(op, "steps", &nsteps);
    for (size_t i = 0; i < n; i++)
        if (starts[i])
            return false;
    for (size_t i = 0; i < nsteps; i++)
        if (steps[i] != 1)
            return false;
    return same_type(c, op);
}

static bool pad_nothing(const canon *c, qir_op *op)
{
    size_t n;
    const int64_t *pads = qir_op_ints(op, "pads", &n);
    for (size_t i = 0; i < n; i++)
        if (pads[i])
            return false;
    return same_type(c, op);
}

static bool concat_one(const canon *c, qir_op *op)
{
    return op->noperands == 1 && same_type(c, op);
}

const canon_pattern canon_shape_patterns[] = {
    {QIR_OP_reshape, same_type},          {QIR_OP_reshape, reshape_pair},
    {QIR_OP_expand, same_type},           {QIR_OP_cast, same_type},
    {QIR_OP_storage_cast, same_type},     {QIR_OP_storage_cast, storage_cast_pair},
    {QIR_OP_requantize, same_type},       {QIR_OP_quantize, requantize_same},
    {QIR_OP_relayout, same_type},         {QIR_OP_relayout, relayout_pair},
    {QIR_OP_transpose, transpose_identity}, {QIR_OP_transpose, transpose_pair},
    {QIR_OP_transpose, transpose_is_reshape}, {QIR_OP_slice, slice_all},
    {QIR_OP_pad, pad_nothing},            {QIR_OP_concat, concat_one},
};
const size_t canon_nshape = sizeof canon_shape_patterns / sizeof canon_shape_patterns[0];
