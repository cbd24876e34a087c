/* The quantizer `full-int8`: everything that has an integer form, also where the default one finds
 * float nearer: activations, softmax, layer_norm,
 * products of matrices, interpolation. */
#include "qir/ops.h"
#include "quantizers/quantizers.h"

static const qir_quant_row rows[] = {
    {QIR_OP_conv, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_linear, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_conv_transpose, QIR_ROLE_ACCUM, NULL},
    {QIR_OP_matmul, QIR_ROLE_FREE, NULL},
    {QIR_OP_add, QIR_ROLE_FREE, NULL},
    {QIR_OP_sub, QIR_ROLE_FREE, NULL},
    {QIR_OP_mul, QIR_ROLE_FREE, NULL},
    {QIR_OP_layer_norm, QIR_ROLE_FREE, NULL},
    {QIR_OP_avg_pool, QIR_ROLE_FREE, NULL},
    {QIR_OP_reduce_mean, QIR_ROLE_FREE, NULL},
    {QIR_OP_silu, QIR_ROLE_FREE, NULL},
    {QIR_OP_gelu, QIR_ROLE_FREE, NULL},
    {QIR_OP_mish, QIR_ROLE_FREE, NULL},
    {QIR_OP_hard_swish, QIR_ROLE_FREE, NULL},
    {QIR_OP_hard_sigmoid, QIR_ROLE_FREE, NULL},
    {QIR_OP_elu, QIR_ROLE_FREE, NULL},
    {QIR_OP_leaky_relu, QIR_ROLE_FREE, NULL},
    {QIR_OP_exp, QIR_ROLE_FREE, NULL},
    {QIR_OP_concat, QIR_ROLE_CONCAT, NULL},
    {QIR_OP_sigmoid, QIR_ROLE_FIXED, NULL},
    {QIR_OP_tanh, QIR_ROLE_FIXED, NULL},
    {QIR_OP_softmax, QIR_ROLE_FIXED, NULL},
    {QIR_OP_relu, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_clamp, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_max_pool, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reduce_max, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reduce_min, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_resize, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_transpose, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_reshape, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_slice, QIR_ROLE_PROPAGATE, NULL},
    {QIR_OP_pad, QIR_ROLE_PROPAGATE, qir_pads_with_zero},
};

static bool table(qir_annotator *a, qir_quant_table *t)
{
    t->rows = rows;
    t->nrows = QIR_NROWS(rows);
    t->act = qir_annotator_spec(a, "act", "i8 affine observer=histogram-exact");
    t->weight =
        qir_annotator_spec(a, "weight", "i8<-127:127> symmetric per-channel observer=minmax");
    return t->act && t->weight;
}

const qir_quantizer qir_quantizer_full_int8 = {
    .name = "full-int8",
    .doc = "int8 wherever there is an integer form, softmax, layer_norm and matrix products too",
    .table = table,
};
