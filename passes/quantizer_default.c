/* The default quantizer: int8 wherever the int8 kernel is exact enough, own ranges for every result
 * that integer arithmetic leaves free, and no floor under the scales. */
#include "quantizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

bool qir_pads_with_zero(const qir_op *op)
{
    return strcmp(qir_op_string(op, "mode"), "constant") != 0 || qir_op_float(op, "value") == 0.0f;
}

static bool reduces_trailing_pair(const qir_op *op)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    return n == 2 && axes[0] == 2 && axes[1] == 3;
}

static bool covers(const qir_op *op, const qir_type *x)
{
    size_t nkernel, npads;
    const int64_t *kernel = qir_op_ints(op, "kernel", &nkernel);
    const int64_t *pads = qir_op_ints(op, "pads", &npads);
    for (size_t i = 0; i < npads; i++)
        if (pads[i] != 0)
            return false;
    return nkernel == 2 && kernel[0] == x->dims[2] && kernel[1] == x->dims[3];
}

bool qir_pools_whole_image(const qir_op *op)
{
    const qir_type *x = qir_op_operand(op, 0)->type;
    if (x->rank != 4)
        return false;
    return op->opcode == QIR_OP_reduce_mean ? reduces_trailing_pair(op) : covers(op, x);
}

/* Activations are tables between integers.  Where nothing integer follows, float is nearer. */
static bool feeds_integers(const qir_op *op)
{
    qir_for_each_use(u, &op->results[0])
        if (qir_quantizer_row_of(&qir_quantizer_default, u->user))
            return true;
    return false;
}

/* Channels of the result are an axis of a transposed convolution's weight only without groups. */
bool qir_is_ungrouped(const qir_op *op)
{
    return qir_op_int(op, "groups") == 1;
}

static const qir_quantizer_row rows[] = {
    {QIR_OP_conv, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_linear, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_conv_transpose, QIR_ROLE_ACCUM, qir_is_ungrouped},
    {QIR_OP_add, QIR_ROLE_FREE, NULL},
    {QIR_OP_sub, QIR_ROLE_FREE, NULL},
    {QIR_OP_mul, QIR_ROLE_FREE, NULL},
    {QIR_OP_avg_pool, QIR_ROLE_FREE, NULL},
    {QIR_OP_reduce_mean, QIR_ROLE_FREE, NULL},
    {QIR_OP_sigmoid, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_tanh, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_silu, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_gelu, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_mish, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_hard_swish, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_hard_sigmoid, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_elu, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_leaky_relu, QIR_ROLE_FREE, feeds_integers},
    {QIR_OP_concat, QIR_ROLE_CONCAT, NULL},
    {QIR_OP_relu, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_clamp, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_max_pool, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reduce_max, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reduce_min, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_transpose, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reshape, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_slice, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_pad, QIR_ROLE_PROPAGATE, qir_pads_with_zero},
};

const qir_quantizer qir_quantizer_default = {
    .name = "default",
    .doc = "int8 throughout, min-max ranges, scales without a floor",
    .observer = "minmax",
    .eps = FLT_EPSILON,
    .follows = true,
    .rows = rows,
    .nrows = sizeof rows / sizeof rows[0],
};

/* --- lookup --------------------------------------------------------------------------------- */

const qir_quantizer *qir_quantizer_find(const char *name)
{
    const qir_quantizer *all[] = {&qir_quantizer_default, &qir_quantizer_xnnpack};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

const qir_quantizer *qir_quantizer_of(const qir_module *m)
{
    const qir_attr *a = qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, "quantizer"));
    const qir_quantizer *q = a && a->kind == QIR_ATTR_STRING ? qir_quantizer_find(a->u.s) : NULL;
    return q ? q : &qir_quantizer_default;
}

const qir_quantizer_row *qir_quantizer_row_of(const qir_quantizer *q, const qir_op *op)
{
    for (size_t i = 0; i < q->nrows; i++)
        if (q->rows[i].opcode == op->opcode && (!q->rows[i].applies || q->rows[i].applies(op)))
            return &q->rows[i];
    return NULL;
}
