/* What ExecuTorch's XNNPACK partitioner (1.4) would do with an op: the rows are its node configurations,
 * the conditions their constraints.  An op that is integer here and that XNNPACK knows in float only is
 * taken in float, between dequantize and quantize. */
#include <string.h>
#include "qir/ops.h"
#include "qir/quant.h"

enum { F = 1 << QIR_XNNPACK_FLOAT, S = 1 << QIR_XNNPACK_STATIC, D = 1 << QIR_XNNPACK_DYNAMIC };

typedef struct partition_row {
    qir_opcode opcode;
    unsigned kinds;
    const char *(*why_not)(const qir_op *op); /* NULL: no condition; else NULL or the reason */
} partition_row;

static const qir_type *weight_type(const qir_op *op)
{
    const qir_type *w = op->operands[qir_op_weight(op)].value->type;
    return w->kind == QIR_PACKED ? w->logical : w;
}

static const char *conv(const qir_op *op)
{
    return weight_type(op)->rank > 4 ? "more than two spatial axes" : NULL;
}

static const char *conv_dynamic(const qir_op *op)
{
    const qir_type *w = weight_type(op);
    if (w->rank != 4)
        return "dynamic convolutions have two spatial axes";
    return w->dims[1] == 1 ? "dynamic depthwise convolution" : NULL;
}

static const char *conv_transpose(const qir_op *op)
{
    const qir_quant *q = weight_type(op)->quant;
    return q && q->axis >= 0 && qir_op_int(op, "groups") > 1 ? "groups with a scale per channel" : NULL;
}

static const char *linear_dynamic(const qir_op *op)
{
    return weight_type(op)->quant->axis < 0 ? "dynamic with one scale for the weight" : NULL;
}

static const char *max_pool(const qir_op *op)
{
    size_t n, m;
    const int64_t *kernel = qir_op_ints(op, "kernel", &n), *strides = qir_op_ints(op, "strides", &m);
    if (n != 2)
        return "windows have two axes";
    for (size_t i = 0; i < n; i++)
        if (strides[m == n ? i : 0] > kernel[i])
            return "strides beyond the window";
    return NULL;
}

static const char *avg_pool(const qir_op *op)
{
    return qir_op_bool(op, "count_pads") ? "padding counts" : NULL;
}

static const char *mean(const qir_op *op)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    bool spatial = op->operands[0].value->type->rank == 4 && n == 2 && axes[0] == 2 && axes[1] == 3;
    return !spatial ? "means are over the two spatial axes"
                    : qir_op_bool(op, "keepdims") ? NULL : "means keep their axes";
}

static const char *slice(const qir_op *op)
{
    size_t n;
    const int64_t *steps = qir_op_ints(op, "steps", &n);
    for (size_t i = 0; i < n; i++)
        if (steps[i] != 1)
            return "steps";
    return NULL;
}

static const char *pad(const qir_op *op)
{
    return strcmp(qir_op_string(op, "mode"), "constant") ? "pads with a constant only" : NULL;
}

static const char *softmax(const qir_op *op)
{
    bool last = qir_op_int(op, "axis") == (int64_t)op->results[0].type->rank - 1;
    return last ? NULL : "softmax is along the last axis";
}

static const char *resize(const qir_op *op)
{
    return strcmp(qir_op_string(op, "mode"), "linear") || op->results[0].type->rank != 4
               ? "bilinear in two dimensions only" : NULL;
}

static const char *square(const qir_op *op)
{
    qir_const *c = qir_value_const(op->operands[1].value);
    const float *x = c && c->value.type->dtype == QIR_f32 && qir_type_elements(c->value.type) == 1
                         ? qir_const_data(c) : NULL;
    return x && x[0] == 2.0f ? NULL : "squares only";
}

static const partition_row rows[] = {
    {QIR_OP_conv, F | S, conv},
    {QIR_OP_conv_dynamic, D, conv_dynamic},
    {QIR_OP_conv_transpose, F | S, conv_transpose},
    {QIR_OP_linear, F | S, NULL},
    {QIR_OP_linear_dynamic, D, linear_dynamic},
    {QIR_OP_add, F | S, NULL},
    {QIR_OP_sub, F | S, NULL},
    {QIR_OP_mul, F | S, NULL},
    {QIR_OP_concat, F | S, NULL},
    {QIR_OP_relu, F | S, NULL},
    {QIR_OP_clamp, F | S, NULL},
    {QIR_OP_max_pool, F | S, max_pool},
    {QIR_OP_reduce_mean, F | S, mean},
    {QIR_OP_transpose, F | S, NULL},
    {QIR_OP_reshape, F | S, NULL},
    {QIR_OP_slice, F | S, slice},
    {QIR_OP_abs, F, NULL},
    {QIR_OP_avg_pool, F, avg_pool},
    {QIR_OP_batch_norm, F, NULL},
    {QIR_OP_ceil, F, NULL},
    {QIR_OP_cos, F, NULL},
    {QIR_OP_div, F, NULL},
    {QIR_OP_exp, F, NULL},
    {QIR_OP_floor, F, NULL},
    {QIR_OP_gelu, F, NULL},
    {QIR_OP_hard_swish, F, NULL},
    {QIR_OP_leaky_relu, F, NULL},
    {QIR_OP_log, F, NULL},
    {QIR_OP_matmul, F, NULL},
    {QIR_OP_maximum, F, NULL},
    {QIR_OP_minimum, F, NULL},
    {QIR_OP_neg, F, NULL},
    {QIR_OP_pad, F, pad},
    {QIR_OP_pow, F, square},
    {QIR_OP_prelu, F, NULL},
    {QIR_OP_resize, F, resize},
    {QIR_OP_sigmoid, F, NULL},
    {QIR_OP_sin, F, NULL},
    {QIR_OP_softmax, F, softmax},
    {QIR_OP_sqrt, F, NULL},
    {QIR_OP_tanh, F, NULL},
};

static const partition_row *row_of(const qir_op *op)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].opcode == op->opcode)
            return &rows[i];
    return NULL;
}

static bool multiplies_codes(const qir_op *op)
{
    return qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_ACCUM && weight_type(op)->quant &&
           qir_type_is_float(op->operands[0].value->type);
}

static bool is_wide(const qir_op *op)
{
    bool wide = qir_type_is_word_quant(op->results[0].type);
    for (uint32_t i = 0; i < op->noperands; i++)
        wide = wide || (qir_op_operand(op, i) && qir_type_is_word_quant(qir_op_operand(op, i)->type));
    return wide;
}

qir_xnnpack_kind qir_xnnpack_takes(const qir_op *op, const char **why)
{
    const partition_row *row = row_of(op);
    *why = !row                                  ? "no such operator"
           : multiplies_codes(op)                ? "quantized weights with float operands"
           : is_wide(op)                         ? "values of 16 bits"
           : row->why_not && row->why_not(op)    ? row->why_not(op)
                                                 : NULL;
    if (*why)
        return QIR_XNNPACK_NOT;
    if (row->kinds & D)
        return QIR_XNNPACK_DYNAMIC;
    bool integer = qir_op_arithmetic(op) != QIR_ARITH_FLOAT;
    return integer && (row->kinds & S) ? QIR_XNNPACK_STATIC : QIR_XNNPACK_FLOAT;
}
