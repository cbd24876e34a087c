/* The quantizer preset `xnnpack`: what ExecuTorch's XNNPACKQuantizer annotates under
 * get_symmetric_quantization_config(is_per_channel=True).
 *
 * Differences from the default: histogram observers, scales not below 2^-12 (harmless to ranges of
 * order 1, costly where weights are tiny), a global average pool shares its input's range, other
 * average pools and subtractions stay in float.  `pad` is no op of that quantizer; it is propagated
 * here so that a padded shortcut stays int8. */
#include "quantizer.h"

#include <math.h>

static bool is_moderate(const qir_value *v)
{
    qir_const *c = qir_value_const(v);
    if (!c || v->type->dtype != QIR_f32 || qir_type_elements(v->type) != 1)
        return true;
    const float *x = qir_const_data(c);
    return x && fabsf(x[0]) <= 3.4028235e15f;
}

/* Constants beyond any useful range (masks written as -3e38) would take all int8 steps. */
static bool has_no_huge_constant(const qir_op *op)
{
    return is_moderate(qir_op_operand(op, 0)) && is_moderate(qir_op_operand(op, 1));
}

static const qir_quantizer_row rows[] = {
    {QIR_OP_conv, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_linear, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_conv_transpose, QIR_ROLE_ACCUM, qir_is_ungrouped},
    {QIR_OP_add, QIR_ROLE_FREE, has_no_huge_constant},
    {QIR_OP_mul, QIR_ROLE_FREE, has_no_huge_constant},
    {QIR_OP_avg_pool, QIR_ROLE_POOL, qir_pools_whole_image},
    {QIR_OP_reduce_mean, QIR_ROLE_POOL, qir_pools_whole_image},
    {QIR_OP_concat, QIR_ROLE_CONCAT, NULL},
    {QIR_OP_relu, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_clamp, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_max_pool, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_transpose, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reshape, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_slice, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_pad, QIR_ROLE_PROPAGATE, qir_pads_with_zero},
};

const qir_quantizer qir_quantizer_xnnpack = {
    .name = "xnnpack",
    .doc = "as PyTorch's XNNPACKQuantizer: histogram ranges, scales not below 2^-12",
    .observer = "histogram",
    .eps = 0x1p-12f,
    .rows = rows,
    .nrows = sizeof rows / sizeof rows[0],
};
