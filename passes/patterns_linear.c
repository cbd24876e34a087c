/* Convolutions and matrix products: padding goes into the op, constant addends into its bias, and a
 * product with a constant matrix is a linear. */
#include <math.h>
#include <string.h>
#include "bounds.h"
#include "patterns.h"

static qir_context *ctx_of(const qir_op *op)
{
    return qir_op_module(op)->ctx;
}

/* --- pad before conv and pools --------------------------------------------------------------- */
/* The pad op in front of `op` that adds constants to spatial axes only, with its amounts. */
static qir_op *match_pad(const qir_op *op, const int64_t **pads)
{
    qir_op *pad = qir_op_feeder(op, 0, QIR_OP_pad);
    size_t n;
    if (!pad || strcmp(qir_op_string(pad, "mode"), "constant"))
        return NULL;
    const int64_t *amounts = qir_op_ints(pad, "pads", &n);
    size_t rank = n / 2;
    if (rank < 3 || amounts[0] || amounts[1] || amounts[rank] || amounts[rank + 1])
        return NULL;
    *pads = amounts;
    return pad;
}

/* `op`'s own pads plus those of the pad op; the list of a single entry repeats. */
static const qir_attr *sum_pads(const qir_op *op, const int64_t *amounts)
{
    int64_t sum[2 * QIR_MAX_RANK];
    size_t n, rank = qir_op_operand(op, 0)->type->rank, spatial = rank - 2;
    const int64_t *own = qir_op_ints(op, "pads", &n);
    for (size_t i = 0; i < 2 * spatial; i++)
        sum[i] = own[n == 1 ? 0 : i] + amounts[i < spatial ? 2 + i : 4 + i];
    return qir_attr_ints(ctx_of(op), sum, 2 * spatial);
}

/* Within what conv and pools take. */
static bool pads_fit(const qir_attr *pads)
{
    for (size_t i = 0; i < pads->len; i++)
        if (pads->u.ints[i] > INT32_MAX)
            return false;
    return true;
}

static bool pad_conv(const canon *c, qir_op *op)
{
    const int64_t *amounts;
    qir_op *pad = match_pad(op, &amounts);
    const qir_attr *sum = pad && qir_op_float(pad, "value") == 0 ? sum_pads(op, amounts) : NULL;
    if (!sum || !pads_fit(sum) || !canon_begin(c))
        return false;
    qir_op_set_attr(op, "pads", sum);
    canon_set_operand(c, op, 0, qir_op_operand(pad, 0));
    return true;
}

/* Pads as large as the window are left to the pad op. */
static bool below_kernel(const qir_op *op, const qir_attr *pads)
{
    size_t n;
    const int64_t *kernel = qir_op_ints(op, "kernel", &n);
    for (size_t i = 0; i < pads->len; i++)
        if (pads->u.ints[i] >= kernel[i % n])
            return false;
    return true;
}

/* What no element of `v` is below. */
static float lower_bound(const qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    const qir_quant *q = v->type->quant;
    if (q && qir_quant_is_per_tensor(q))
        return (float)(q->qmin - q->zero_point[0]) * q->scale[0];
    if (op && op->opcode == QIR_OP_dequantize)
        return lower_bound(qir_op_operand(op, 0));
    bool bounded = op && (op->opcode == QIR_OP_relu || qir_op_has_trait(op, QIR_TRAIT_CLAMPED));
    return bounded ? qir_bounds_of(op).min : -INFINITY;
}

/* Padding of the pool's own never wins; nor does a value that nothing is below. */
static bool pad_max_pool(const canon *c, qir_op *op)
{
    const int64_t *amounts;
    qir_op *pad = match_pad(op, &amounts);
    if (!pad || qir_op_bool(op, "ceil_mode") ||
        !(qir_op_float(pad, "value") <= lower_bound(qir_op_operand(pad, 0))))
        return false;
    const qir_attr *sum = sum_pads(op, amounts);
    if (!below_kernel(op, sum) || !canon_begin(c))
        return false;
    qir_op_set_attr(op, "pads", sum);
    canon_set_operand(c, op, 0, qir_op_operand(pad, 0));
    return true;
}

static bool all_zero(const qir_op *op, const char *attr)
{
    size_t n;
    const int64_t *v = qir_op_ints(op, attr, &n);
    for (size_t i = 0; i < n; i++)
        if (v[i])
            return false;
    return true;
}

/* Every window counts all its elements afterwards, as it did before: own pads were counted or
 * absent. */
static bool pad_avg_pool(const canon *c, qir_op *op)
{
    const int64_t *amounts;
    qir_op *pad = match_pad(op, &amounts);
    if (!pad || qir_op_float(pad, "value") != 0 || qir_op_bool(op, "ceil_mode") ||
        !(qir_op_bool(op, "count_pads") || all_zero(op, "pads")))
        return false;
    const qir_attr *sum = sum_pads(op, amounts);
    if (!below_kernel(op, sum) || !canon_begin(c))
        return false;
    qir_op_set_attr(op, "pads", sum);
    qir_op_set_attr(op, "count_pads", qir_attr_bool(ctx_of(op), true));
    canon_set_operand(c, op, 0, qir_op_operand(pad, 0));
    return true;
}

/* --- matmul with a constant matrix ----------------------------------------------------------- */
/* The constant under `v`: itself, or through a dequantize. */
static qir_value *constant_matrix(qir_value *v, qir_op **dequantize)
{
    qir_op *def = qir_value_op(v);
    *dequantize = def && def->opcode == QIR_OP_dequantize ? def : NULL;
    qir_value *w = *dequantize ? qir_op_operand(def, 0) : v;
    const qir_quant *q = w->type->quant;
    bool fits = qir_value_const(w) && w->type->kind == QIR_TENSOR && w->type->rank == 2 &&
                (!q || (!q->group && !q->dynamic && (q->axis == -1 || q->axis == 1)));
    return fits ? w : NULL;
}

/* [K,N] -> [N,K]; const-fold evaluates the transpose. */
static qir_value *build_transposed(const canon *c, qir_op *op, qir_value *w, qir_op *dequantize)
{
    qir_builder b = qir_rewriter_builder(c->rw, op);
    const int64_t perm[2] = {1, 0};
    qir_value *t = qir_build1(&b, QIR_OP_transpose, QIR_OPERANDS(w),
                              QIR_ATTRS({"perm", qir_attr_ints(b.module->ctx, perm, 2)}), NULL);
    if (!t)
        return NULL;
    t->name = w->name;
    return dequantize ? qir_build1(&b, QIR_OP_dequantize, QIR_OPERANDS(t), QIR_NO_ATTRS, NULL) : t;
}

/* matmul(x, @w) -> linear(x, transposed @w): the same sums in the same order. */
static bool matmul_constant(const canon *c, qir_op *op)
{
    qir_value *x = qir_op_operand(op, 0);
    qir_op *dequantize;
    qir_value *w = constant_matrix(qir_op_operand(op, 1), &dequantize);
    bool floats = qir_type_is_float(x->type) && op->results[0].type->dtype == x->type->dtype;
    bool integers = qir_type_is_quant(x->type) && w && w->type->quant;
    if (!w || x->type->rank < 2 || !(floats || integers) || !canon_begin(c))
        return false;
    qir_value *t = build_transposed(c, op, w, dequantize);
    return t && canon_build(c, op, QIR_OP_linear, QIR_OPERANDS(x, t), op->attrs);
}

/* --- constant addend becomes the bias -------------------------------------------------------- */
static const struct {
    qir_opcode opcode;
    int axis; /* of the output channel in the result; -1 = last */
} biased[] = {{QIR_OP_linear, -1}, {QIR_OP_conv, 1}, {QIR_OP_conv_transpose, 1}};

/* The producer of operand 0 that has no bias and no bounds, and its channel axis. */
static qir_op *match_biasless(const qir_op *add, unsigned *axis)
{
    qir_value *x = qir_op_operand(add, 0);
    qir_op *op = qir_value_op(x);
    if (!op || !qir_value_has_one_use(x) || x->type != add->results[0].type ||
        x->type->dtype != QIR_f32 || x->type->quant)
        return NULL;
    for (size_t i = 0; i < sizeof biased / sizeof biased[0]; i++)
        if (op->opcode == biased[i].opcode) {
            *axis = biased[i].axis < 0 ? x->type->rank - 1 : (unsigned)biased[i].axis;
            return qir_op_operand(op, 2) || !canon_unbounded(op) ? NULL : op;
        }
    return NULL;
}

/* Does constant `b` broadcast to `y` varying along `axis` only? */
static bool varies_along(const qir_type *b, const qir_type *y, unsigned axis)
{
    unsigned missing = y->rank - b->rank;
    if (b->rank > y->rank || !qir_type_is_static(b) || b->quant || b->dtype != QIR_f32)
        return false;
    for (unsigned i = 0; i < b->rank; i++)
        if (b->dims[i] != (i + missing == axis ? y->dims[axis] : 1))
            return false;
    return axis >= missing || y->dims[axis] == 1;
}

/* Adding after the sum is what a bias does: bit for bit the same. */
static bool add_bias(const canon *c, qir_op *op)
{
    unsigned axis = 0;
    qir_op *producer = match_biasless(op, &axis);
    qir_value *b = qir_op_operand(op, 1);
    if (!producer || !qir_value_const(b) || !varies_along(b->type, op->results[0].type, axis) ||
        !canon_begin(c))
        return false;
    qir_builder at = qir_rewriter_builder(c->rw, producer);
    const qir_attr *shape = qir_attr_ints(ctx_of(op), &op->results[0].type->dims[axis], 1);
    qir_value *flat = qir_build1(&at, QIR_OP_reshape, QIR_OPERANDS(b), QIR_ATTRS({"shape", shape}),
                                 NULL);
    if (!flat)
        return false;
    flat->name = b->name;
    if (producer->noperands > 2)
        qir_op_set_operand(producer, 2, flat);
    else
        qir_op_add_operand(producer, flat);
    qir_op_set_attr(producer, "min", qir_dict_get(op->attrs, qir_intern_cstr(ctx_of(op), "min")));
    qir_op_set_attr(producer, "max", qir_dict_get(op->attrs, qir_intern_cstr(ctx_of(op), "max")));
    qir_rewriter_replace(c->rw, op, &producer->results[0]);
    return true;
}

const canon_pattern canon_linear_patterns[] = {
    {QIR_OP_conv, pad_conv},
    {QIR_OP_avg_pool, pad_avg_pool},
    {QIR_OP_max_pool, pad_max_pool},
    {QIR_OP_matmul, matmul_constant},
    {QIR_OP_add, add_bias},
};
const size_t canon_nlinear = sizeof canon_linear_patterns / sizeof canon_linear_patterns[0];
