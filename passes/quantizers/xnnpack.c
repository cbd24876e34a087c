/* The quantizer `xnnpack`: what ExecuTorch's XNNPACKQuantizer annotates under
 * get_symmetric_quantization_config.
 *
 * Differences from the default: scales not below 2^-12 (harmless to ranges of order 1, costly where
 * weights are tiny), a global average pool shares its input's range, other average pools and
 * subtractions stay in float.  `pad` is no op of that quantizer; it is propagated here so that a
 * padded shortcut stays int8. */
#include <math.h>
#include "qir/ops.h"
#include "quantizers/quantizers.h"

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

static const qir_quant_row static_rows[] = {
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

/* Dynamic convolutions: two spatial axes and not depthwise. */
static bool is_dense_2d(const qir_op *op)
{
    const qir_type *w = qir_op_operand(op, 1)->type;
    return w->rank == 4 && (qir_op_int(op, "groups") == 1 || w->dims[1] != 1);
}

static const qir_quant_row dynamic_rows[] = {
    {QIR_OP_linear, QIR_ROLE_DYNAMIC, NULL},
    {QIR_OP_conv, QIR_ROLE_DYNAMIC, is_dense_2d},
};

/* A spec out of the parts that options choose. */
static const qir_qspec *spec(qir_annotator *a, const char *name, const char *type, const char *how,
                             const char *observer)
{
    return qir_annotator_spec(a, name,
                              qir_arena_printf(qir_annotator_arena(a), "%s%s%s eps=0x1p-12", type,
                                               how, observer));
}

static bool table(qir_annotator *a, qir_quant_table *t)
{
    bool dynamic = qir_annotator_bool(a, "dynamic"), qat = qir_annotator_bool(a, "qat");
    bool per_channel = qir_annotator_bool(a, "per-channel");
    t->rows = dynamic ? dynamic_rows : static_rows;
    t->nrows = dynamic ? QIR_NROWS(dynamic_rows) : QIR_NROWS(static_rows);
    t->act = spec(a, "act", "i8 affine", dynamic ? " dynamic" : "",
                  dynamic ? ""
                  : qat   ? " observer=moving-average"
                          : " observer=histogram");
    t->weight = spec(a, "weight", "i8<-127:127> symmetric", per_channel ? " per-channel" : "",
                     qat ? " observer=moving-average" : " observer=minmax");
    return t->act && t->weight;
}

static const qir_pass_option options[] = {
    {"per-channel", QIR_OPT_BOOL, "true", "a scale per output channel of a weight"},
    {"dynamic", QIR_OPT_BOOL, "false", "activations' parameters at run time"},
    {"qat", QIR_OPT_BOOL, "false", "moving averages, as quantization-aware training has them"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};

const qir_quantizer qir_quantizer_xnnpack = {
    .name = "xnnpack",
    .doc = "as PyTorch's XNNPACKQuantizer: histogram ranges, scales not below 2^-12",
    .options = options,
    .table = table,
};
