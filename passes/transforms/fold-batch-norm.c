/* Changes: batch_norm goes into the constant weight and bias of the conv, conv_transpose or linear
 * before it; what cannot be folded stays or is expanded (option).
 * Requires: a float module.  Leaves: a float module whose results differ by rounding.
 * Formula and order: TorchScript's FoldConvBatchNorm, see doc below. */
#include <math.h>
#include <string.h>
#include "bounds.h"
#include "qir/ops.h"
#include "qir/pass.h"

/* Statistics of one batch norm, per channel; data borrowed from constants. */
typedef struct norm {
    int64_t channels;
    const float *gamma, *beta, *mean, *var;
    float epsilon;
} norm;

static const float *const_f32(const qir_value *v)
{
    qir_const *c = v ? qir_value_const(v) : NULL;
    return c && v->type->kind == QIR_TENSOR && v->type->dtype == QIR_f32 && !v->type->quant
               ? qir_const_data(c)
               : NULL;
}

static bool match_norm(const qir_op *op, norm *n)
{
    if (op->opcode != QIR_OP_batch_norm || op->results[0].type->dtype != QIR_f32)
        return false;
    *n = (norm){.channels = op->results[0].type->dims[1],
                .gamma = const_f32(qir_op_operand(op, 1)),
                .beta = const_f32(qir_op_operand(op, 2)),
                .mean = const_f32(qir_op_operand(op, 3)),
                .var = const_f32(qir_op_operand(op, 4)),
                .epsilon = qir_op_float(op, "epsilon")};
    return n->gamma && n->beta && n->mean && n->var;
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

/* The op to fold into, or NULL.  Axis 1 of the result must be its output channel, which for linear
 * is so at rank 2 only. */
static qir_op *match_producer(const qir_op *bn)
{
    qir_value *x = qir_op_operand(bn, 0);
    qir_op *op = qir_value_op(x);
    bool axis1;
    if (!op || !is_producer(op, &axis1) || !qir_value_has_one_use(x) || !qir_bounds_none(qir_bounds_of(op)) ||
        (op->opcode == QIR_OP_linear && x->type->rank != 2))
        return NULL;
    qir_value *bias = qir_op_operand(op, 2);
    return const_f32(qir_op_operand(op, 1)) && (!bias || const_f32(bias)) ? op : NULL;
}

static float reciprocal_deviation(const norm *n, int64_t c)
{
    return 1.0f / sqrtf(n->var[c] + n->epsilon);
}

static qir_const *named_const(qir_op *op, const qir_value *from, const char *fallback,
                              const qir_type *type, const float *data)
{
    return qir_const_create(qir_op_module(op), from && from->name ? from->name : fallback, type,
                            data, false, op->loc);
}

/* W'[o] = W[o] * (gamma[o] * r[o]).  Rows: `inner` elements share an output channel. */
static void fold_weight(qir_op *op, const norm *n, bool output_axis_1)
{
    qir_value *w = qir_op_operand(op, 1);
    const float *old = const_f32(w);
    int64_t total = qir_type_elements(w->type), groups = 1, per_group = w->type->dims[0], inner;
    float *data = QIR_NEW_ARRAY(qir_op_module(op)->arena, float, (size_t)total);
    if (output_axis_1) {
        groups = qir_op_int(op, "groups");
        per_group = w->type->dims[1];
    }
    int64_t rows = output_axis_1 ? w->type->dims[0] * per_group : per_group;
    inner = rows ? total / rows : 0;
    for (int64_t row = 0; row < rows; row++) {
        int64_t group = output_axis_1 ? row / (rows / groups) : 0;
        int64_t o = group * per_group + row % per_group;
        float factor = n->gamma[o] * reciprocal_deviation(n, o);
        for (int64_t i = row * inner; i < (row + 1) * inner; i++)
            data[i] = old[i] * factor;
    }
    qir_op_set_operand(op, 1, &named_const(op, w, "weight", w->type, data)->value);
}

/* b'[o] = (b[o] - mean[o]) * r[o] * gamma[o] + beta[o], left to right. */
static void fold_bias(qir_op *op, const norm *n)
{
    qir_module *m = qir_op_module(op);
    qir_value *b = qir_op_operand(op, 2);
    const float *old = b ? const_f32(b) : NULL;
    const qir_type *type = qir_tensor_type(m->ctx, QIR_f32, &n->channels, 1, op->loc);
    float *data = QIR_NEW_ARRAY(m->arena, float, (size_t)n->channels);
    for (int64_t o = 0; o < n->channels; o++)
        data[o] = ((old ? old[o] : 0.0f) - n->mean[o]) * reciprocal_deviation(n, o) * n->gamma[o] +
                  n->beta[o];
    qir_value *folded = &named_const(op, b, "bias", type, data)->value;
    if (op->noperands > 2)
        qir_op_set_operand(op, 2, folded);
    else
        qir_op_add_operand(op, folded);
}

static void rewrite_fold(qir_op *bn, qir_op *producer, const norm *n)
{
    bool output_axis_1 = false;
    (void)is_producer(producer, &output_axis_1);
    fold_weight(producer, n, output_axis_1);
    fold_bias(producer, n);
    qir_replace_op(bn, &producer->results[0]);
}

/* --- what does not fold ---------------------------------------------------------------------- */
/* Per-channel factor and offset: y = x * factor + offset. */
static void affine(const norm *n, float *factor, float *offset)
{
    for (int64_t c = 0; c < n->channels; c++) {
        float r = reciprocal_deviation(n, c);
        factor[c] = n->gamma[c] * r;
        offset[c] = (0.0f - n->mean[c]) * r * n->gamma[c] + n->beta[c];
    }
}

static qir_value *channel_const(qir_op *bn, const char *name, const int64_t *dims, unsigned rank,
                                const float *data)
{
    qir_module *m = qir_op_module(bn);
    const qir_type *type = qir_tensor_type(m->ctx, QIR_f32, dims, rank, bn->loc);
    return &qir_const_create(m, name, type, data, false, bn->loc)->value;
}

static qir_value *build_mul_add(qir_op *bn, const norm *n, const float *factor,
                                const float *offset)
{
    qir_builder b = qir_builder_before(bn);
    unsigned rank = bn->results[0].type->rank;
    int64_t dims[QIR_MAX_RANK] = {n->channels, 1, 1, 1, 1, 1, 1, 1};
    qir_value *f = channel_const(bn, "bn.factor", dims, rank - 1, factor);
    qir_value *o = channel_const(bn, "bn.offset", dims, rank - 1, offset);
    qir_value *mul = qir_build1(&b, QIR_OP_mul, QIR_OPERANDS(qir_op_operand(bn, 0), f),
                                QIR_NO_ATTRS, NULL);
    return mul ? qir_build1(&b, QIR_OP_add, QIR_OPERANDS(mul, o), QIR_NO_ATTRS, NULL) : NULL;
}

/* A 1x1 depthwise convolution: it quantizes per channel, without an integer multiplication. */
static qir_value *build_depthwise(qir_op *bn, const norm *n, const float *factor,
                                  const float *offset)
{
    qir_builder b = qir_builder_before(bn);
    unsigned rank = bn->results[0].type->rank;
    int64_t dims[QIR_MAX_RANK] = {n->channels, 1, 1, 1, 1, 1, 1, 1};
    qir_value *w = channel_const(bn, "bn.factor", dims, rank, factor);
    qir_value *o = channel_const(bn, "bn.offset", dims, 1, offset);
    return qir_build1(
        &b, QIR_OP_conv, QIR_OPERANDS(qir_op_operand(bn, 0), w, o),
        QIR_ATTRS({"groups", qir_attr_int(qir_op_module(bn)->ctx, n->channels)}), NULL);
}

static bool expand(qir_op *bn, const norm *n, bool as_conv)
{
    qir_arena *arena = qir_op_module(bn)->arena;
    float *factor = QIR_NEW_ARRAY(arena, float, (size_t)n->channels);
    float *offset = QIR_NEW_ARRAY(arena, float, (size_t)n->channels);
    unsigned rank = bn->results[0].type->rank;
    affine(n, factor, offset);
    bool conv = as_conv && rank >= 3 && rank <= 5;
    qir_value *v = conv ? build_depthwise(bn, n, factor, offset)
                        : build_mul_add(bn, n, factor, offset);
    if (!v)
        return false;
    v->name = bn->results[0].name;
    qir_replace_op(bn, v);
    return true;
}

/* "", "mul-add" or "conv". */
static bool expand_kind(const qir_pass *p, const qir_module *m, char *kind)
{
    const char *s = qir_pass_string(p, "expand");
    *kind = *s;
    return !*s || !strcmp(s, "mul-add") || !strcmp(s, "conv") ||
           qir_error(qir_context_diag(m->ctx), NULL, "pipeline.value",
                     "option 'expand' of pass 'fold-batch-norm' must be mul-add or conv, got '%s'",
                     s);
}

static bool run(qir_pass *p, qir_module *m)
{
    char kind;
    if (!expand_kind(p, m, &kind))
        return false;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            norm n;
            qir_op *producer = match_norm(op, &n) ? match_producer(op) : NULL;
            if ((!producer && !(kind && match_norm(op, &n))) || !qir_pass_may_transform(p))
                continue;
            if (producer)
                rewrite_fold(op, producer, &n);
            else if (!expand(op, &n, kind == 'c'))
                return false;
            qir_pass_count(p, producer ? "folded" : "expanded", 1);
        }
    return true;
}

static const qir_pass_option options[] = {
    {"expand", QIR_OPT_STRING, "",
     "what to do with batch norms that do not fold: `mul-add`, `conv` (1x1 depthwise), or nothing"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"folded", "expanded", NULL};

QIR_PASS(fold_batch_norm, .name = "fold-batch-norm", .alias = "FoldConvBatchNorm",
         .summary = "Fold batch norm into the weights and bias of the op before it.",
         .doc = "With r = 1/sqrt(var + epsilon), in fp32 and in this order:\n"
                "`W'[o] = W[o] * (gamma[o] * r[o])`, "
                "`b'[o] = (b[o] - mean[o]) * r[o] * gamma[o] + beta[o]`.\n"
                "Needs constant weight, bias and statistics, a producer (conv, conv_transpose, "
                "linear of rank 2) whose result has no other use, and no fused activation before "
                "the batch norm.",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QUANTIZED, .options = options,
         .statistics = statistics, .run = run)
