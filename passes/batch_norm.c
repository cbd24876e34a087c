/* Folding of batch norms: TorchScript's FoldConvBatchNorm and PT2E's fold_conv_bn and linear_bn, in their order of
 * operations, each in fp32. */
#include "batch_norm.h"
#include <math.h>
#include "qir/ops.h"

const float *qir_const_f32(const qir_value *v)
{
    qir_const *c = v ? qir_value_const(v) : NULL;
    return c && v->type->kind == QIR_TENSOR && v->type->dtype == QIR_f32 && !v->type->quant
               ? qir_const_data(c)
               : NULL;
}

bool qir_norm_match(const qir_op *op, qir_norm *n)
{
    if (op->opcode != QIR_OP_batch_norm || op->results[0].type->dtype != QIR_f32)
        return false;
    *n = (qir_norm){.channels = op->results[0].type->dims[1],
                    .gamma = qir_const_f32(qir_op_operand(op, 1)),
                    .beta = qir_const_f32(qir_op_operand(op, 2)),
                    .mean = qir_const_f32(qir_op_operand(op, 3)),
                    .var = qir_const_f32(qir_op_operand(op, 4)),
                    .epsilon = qir_op_float(op, "epsilon")};
    return n->gamma && n->beta && n->mean && n->var;
}

float qir_norm_reciprocal(const qir_norm *n, int64_t c)
{
    return 1.0f / sqrtf(n->var[c] + n->epsilon);
}

/* The producers that fold, and how their weight is indexed by output channel. */
static const struct {
    qir_opcode opcode;
    bool output_axis_1; /* conv_transpose: [C, O/groups, ...] */
} producers[] = {{QIR_OP_conv, false}, {QIR_OP_linear, false}, {QIR_OP_conv_transpose, true}};

static bool is_producer(const qir_op *op, bool *output_axis_1)
{
    for (size_t i = 0; i < sizeof producers / sizeof producers[0]; i++)
        if (op->opcode == producers[i].opcode) {
            *output_axis_1 = producers[i].output_axis_1;
            return true;
        }
    return false;
}

/* Axis 1 of the result must be its output channel, which for linear is so at rank 2 only. */
bool qir_norm_folds_into(const qir_op *op)
{
    bool axis1;
    return is_producer(op, &axis1) &&
           (op->opcode != QIR_OP_linear || op->results[0].type->rank == 2);
}

static qir_const *named_const(qir_op *op, const qir_value *from, const char *fallback,
                              const qir_type *type, const float *data)
{
    return qir_const_create(qir_op_module(op), from && from->name ? from->name : fallback, type,
                            data, false, op->loc);
}

/* Rows: `inner` elements share an output channel. */
qir_const *qir_norm_fold_weight(qir_op *op, const qir_norm *n, const qir_value *w)
{
    bool output_axis_1 = false;
    const float *old = qir_const_f32(w);
    int64_t total = qir_type_elements(w->type), groups = 1, per_group = w->type->dims[0], inner;
    float *data = QIR_NEW_ARRAY(qir_op_module(op)->arena, float, (size_t)total);
    (void)is_producer(op, &output_axis_1);
    if (output_axis_1) {
        groups = qir_op_int(op, "groups");
        per_group = w->type->dims[1];
    }
    int64_t rows = output_axis_1 ? w->type->dims[0] * per_group : per_group;
    inner = rows ? total / rows : 0;
    for (int64_t row = 0; row < rows; row++) {
        int64_t group = output_axis_1 ? row / (rows / groups) : 0;
        int64_t o = group * per_group + row % per_group;
        float factor = n->gamma[o] * qir_norm_reciprocal(n, o);
        for (int64_t i = row * inner; i < (row + 1) * inner; i++)
            data[i] = old[i] * factor;
    }
    return named_const(op, w, "weight", w->type, data);
}

qir_const *qir_norm_fold_bias(qir_op *op, const qir_norm *n, const qir_value *b)
{
    qir_module *m = qir_op_module(op);
    const float *old = b ? qir_const_f32(b) : NULL;
    const qir_type *type = qir_tensor_type(m->ctx, QIR_f32, &n->channels, 1, op->loc);
    float *data = QIR_NEW_ARRAY(m->arena, float, (size_t)n->channels);
    for (int64_t o = 0; o < n->channels; o++) {
        float centered = (old ? old[o] : 0.0f) - n->mean[o], r = qir_norm_reciprocal(n, o);
        float scaled = op->opcode == QIR_OP_linear ? centered * (n->gamma[o] * r) : centered * r * n->gamma[o];
        data[o] = scaled + n->beta[o];
    }
    return named_const(op, b, "bias", type, data);
}

void qir_set_bias(qir_op *op, qir_value *bias)
{
    if (op->noperands > 2)
        qir_op_set_operand(op, 2, bias);
    else
        qir_op_add_operand(op, bias);
}
