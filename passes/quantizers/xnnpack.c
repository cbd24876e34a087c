/* The quantizer `xnnpack`: what ExecuTorch's XNNPACKQuantizer annotates under
 * get_symmetric_quantization_config, pattern by pattern in its order, on the program as it was exported.
 *
 * Ops that PyTorch has several operators for are told apart by the note `quant.source` that their importer
 * left: a view hands on its operand's range, an unsqueeze does not.  Models of other formats have no notes,
 * so theirs do.  `pad` is no operator of that quantizer; without a note it follows, so that a padded
 * shortcut of other formats stays int8. */
#include <math.h>
#include "qir/ops.h"
#include "quantizers/quantizers.h"

static bool is_plain(const qir_op *op)
{
    return !qir_has_source(op, NULL);
}

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

static bool is_sum(const qir_op *op)
{
    return is_plain(op) && has_no_huge_constant(op);
}

static bool is_adaptive_pool(const qir_op *op)
{
    return qir_has_source(op, "aten.adaptive_avg_pool2d.default") ||
           (is_plain(op) && qir_pools_whole_image(op));
}

static bool is_mean(const qir_op *op)
{
    return is_adaptive_pool(op) || qir_has_source(op, "aten.mean.dim") ||
           qir_has_source(op, "aten.mean.default");
}

static bool is_plain_pad(const qir_op *op)
{
    return is_plain(op) && qir_pads_with_zero(op);
}

static bool is_fresh_linear(const qir_op *op)
{
    return is_plain(op) && qir_owns_weight(op);
}

static bool is_fresh_transposed(const qir_op *op)
{
    return qir_owns_weight(op) && qir_is_ungrouped(op);
}

/* A convolution whose only user is a relu is quantized with it or not at all. */
static bool is_lone_conv(const qir_op *op)
{
    return qir_owns_weight(op) && !qir_relu_behind(op);
}

static bool is_lone_transposed(const qir_op *op)
{
    return is_lone_conv(op) && qir_is_ungrouped(op);
}

/* The first rows are the patterns that weights are a part of.  In PyTorch weights belong to no module, so
 * under rules for modules these match nothing (option module-rule). */
enum { WITH_WEIGHTS = 5 };

static const qir_quant_row static_rows[] = {
    {QIR_OP_conv, QIR_ROLE_ACCUM, is_lone_conv},
    {QIR_OP_conv_transpose, QIR_ROLE_ACCUM, is_lone_transposed},
    {QIR_OP_conv, QIR_ROLE_ACCUM_RELU, qir_owns_weight},
    {QIR_OP_conv_transpose, QIR_ROLE_ACCUM_RELU, is_fresh_transposed},
    {QIR_OP_linear, QIR_ROLE_ACCUM_RELU, is_fresh_linear},
    {QIR_OP_linear, QIR_ROLE_ACCUM, is_plain},
    {QIR_OP_reduce_mean, QIR_ROLE_POOL, is_adaptive_pool},
    {QIR_OP_avg_pool, QIR_ROLE_POOL, is_adaptive_pool},
    {QIR_OP_add, QIR_ROLE_FREE_RELU, is_sum},
    {QIR_OP_add, QIR_ROLE_FREE, is_sum},
    {QIR_OP_mul, QIR_ROLE_FREE_RELU, is_sum},
    {QIR_OP_mul, QIR_ROLE_FREE, is_sum},
    {QIR_OP_concat, QIR_ROLE_CONCAT, is_plain},
    {QIR_OP_relu, QIR_ROLE_PROPAGATE, is_plain},
    {QIR_OP_clamp, QIR_ROLE_PROPAGATE, is_plain},
    {QIR_OP_max_pool, QIR_ROLE_PROPAGATE, is_plain},
    {QIR_OP_reduce_mean, QIR_ROLE_PROPAGATE, is_mean},
    {QIR_OP_avg_pool, QIR_ROLE_PROPAGATE, is_adaptive_pool},
    {QIR_OP_transpose, QIR_ROLE_PROPAGATE, is_plain},
    {QIR_OP_reshape, QIR_ROLE_PROPAGATE, is_plain},
    {QIR_OP_slice, QIR_ROLE_PROPAGATE, is_plain},
    {QIR_OP_pad, QIR_ROLE_PROPAGATE, is_plain_pad},
};

/* Dynamic convolutions: two spatial axes, more than one channel of a group. */
static bool is_dense_2d(const qir_op *op)
{
    const qir_type *w = qir_op_operand(op, 1)->type;
    return is_lone_conv(op) && w->rank == 4 && w->dims[1] != 1;
}

static bool is_transposed_2d(const qir_op *op)
{
    return is_lone_transposed(op) && qir_op_operand(op, 1)->type->rank == 4;
}

static const qir_quant_row dynamic_rows[] = {
    {QIR_OP_linear, QIR_ROLE_DYNAMIC, is_plain},
    {QIR_OP_conv, QIR_ROLE_DYNAMIC, is_dense_2d},
    {QIR_OP_conv_transpose, QIR_ROLE_DYNAMIC, is_transposed_2d},
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
    size_t skipped = !dynamic && qir_annotator_bool(a, "module-rule") ? WITH_WEIGHTS : 0;
    t->rows = dynamic ? dynamic_rows : static_rows + skipped;
    t->nrows = dynamic ? QIR_NROWS(dynamic_rows) : QIR_NROWS(static_rows) - skipped;
    t->by_row = true;
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
    {"module-rule", QIR_OPT_BOOL, "false",
     "as under set_module_name, where convolutions and linear with relu are no patterns"},
    {"qat", QIR_OPT_BOOL, "false", "moving averages, as quantization-aware training has them"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};

const qir_quantizer qir_quantizer_xnnpack = {
    .name = "xnnpack",
    .doc = "as PyTorch's XNNPACKQuantizer: histogram ranges, scales not below 2^-12",
    .form = "as-exported",
    .options = options,
    .table = table,
};
