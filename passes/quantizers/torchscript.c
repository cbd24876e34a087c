/* The quantizers `fbgemm` and `qnnpack`: PyTorch's default qconfigs of these names, applied by the rules
 * of TorchScript's graph mode (sums and concatenations where their operands are quantized; pools,
 * interpolation and piecewise-linear functions keep their operand's parameters; sigmoid and tanh have
 * fixed ones).
 *
 * fbgemm uses 7 bits of activations, because x86 kernels without VNNI add pairs of products in 16 bits. */
#include "qir/ops.h"
#include "quantizers/quantizers.h"

static const qir_quant_row rows[] = {
    {QIR_OP_conv, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_linear, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_conv_transpose, QIR_ROLE_ACCUM, qir_is_ungrouped},
    {QIR_OP_hard_swish, QIR_ROLE_FREE, NULL},
    {QIR_OP_elu, QIR_ROLE_FREE, NULL},
    {QIR_OP_add, QIR_ROLE_JOIN, NULL},
    {QIR_OP_mul, QIR_ROLE_JOIN, NULL},
    {QIR_OP_concat, QIR_ROLE_JOIN, NULL},
    {QIR_OP_sigmoid, QIR_ROLE_FIXED, NULL},
    {QIR_OP_hard_sigmoid, QIR_ROLE_FIXED, NULL},
    {QIR_OP_tanh, QIR_ROLE_FIXED, NULL},
    {QIR_OP_relu, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_clamp, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_leaky_relu, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_max_pool, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_avg_pool, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reduce_mean, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reduce_max, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reduce_min, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_resize, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_transpose, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reshape, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_slice, QIR_ROLE_PROPAGATE, NULL},
};

static const qir_quant_row dynamic_rows[] = {{QIR_OP_linear, QIR_ROLE_DYNAMIC, NULL}};

static bool fill(qir_annotator *a, qir_quant_table *t, const char *type, const char *weight)
{
    bool dynamic = qir_annotator_bool(a, "dynamic");
    t->rows = dynamic ? dynamic_rows : rows;
    t->nrows = dynamic ? QIR_NROWS(dynamic_rows) : QIR_NROWS(rows);
    t->act = qir_annotator_spec(a, "act",
                                qir_arena_printf(qir_annotator_arena(a), "%s affine %s", type,
                                                 dynamic ? "dynamic" : "observer=histogram"));
    t->weight = qir_annotator_spec(a, "weight", weight);
    return t->act && t->weight;
}

static bool fbgemm(qir_annotator *a, qir_quant_table *t)
{
    return fill(a, t,
                qir_annotator_bool(a, "reduce-range") ? "u8<0:127>" : "u8",
                "i8 symmetric per-channel observer=minmax");
}

static bool qnnpack(qir_annotator *a, qir_quant_table *t)
{
    return fill(a, t, "u8", "i8 symmetric observer=minmax");
}

#define DYNAMIC_OPTION                                                                             \
    {"dynamic", QIR_OPT_BOOL, "false", "linear only, parameters of its input per tensor at run time"}

static const qir_pass_option fbgemm_options[] = {
    {"reduce-range", QIR_OPT_BOOL, "true", "7 bits of activations"},
    DYNAMIC_OPTION,
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};

static const qir_pass_option qnnpack_options[] = {DYNAMIC_OPTION, {NULL, QIR_OPT_BOOL, NULL, NULL}};

const qir_quantizer qir_quantizer_fbgemm = {
    .name = "fbgemm",
    .doc = "PyTorch's x86 qconfig: 7-bit u8 activations, weights per channel",
    .target = "x86_64",
    .options = fbgemm_options,
    .table = fbgemm,
};

const qir_quantizer qir_quantizer_qnnpack = {
    .name = "qnnpack",
    .doc = "PyTorch's ARM qconfig: u8 activations, weights per tensor",
    .target = "aarch64",
    .options = qnnpack_options,
    .table = qnnpack,
};
