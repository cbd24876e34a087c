/* The quantizers `dynamic` and `weight-only`: torchao's Int8DynamicActivationIntxWeightConfig and
 * IntxWeightOnlyConfig.  No samples are needed. */
#include "qir/ops.h"
#include "quantizers/quantizers.h"

const qir_qspec *qir_torchao_weight(qir_annotator *a, const char *name, int64_t bits,
                                    int64_t group, bool symmetric)
{
    qir_arena *arena = qir_annotator_arena(a);
    const char *sharing = group ? qir_arena_printf(arena, "group=%lld", (long long)group) : "per-channel";
    return qir_annotator_spec(a, name,
                              qir_arena_printf(arena, "i%lld %s %s observer=minmax eps=0x1p-126",
                                               (long long)bits,
                                               symmetric ? "symmetric" : "affine", sharing));
}

/* --- rows ------------------------------------------------------------------------------------ */

/* A table of vectors: [entries, dimension]. */
static bool is_embedding(const qir_op *op)
{
    return qir_op_operand(op, 0)->type->rank == 2 && qir_op_int(op, "axis") == 0;
}

static bool has_embeddings(const qir_annotator *a)
{
    return qir_annotator_int(a, "embeddings") != 0;
}

static const qir_quant_row dynamic_rows[] = {
    {QIR_OP_linear, QIR_ROLE_DYNAMIC, NULL},
    {QIR_OP_gather, QIR_ROLE_EMBEDDING, is_embedding}, /* last: left out without embeddings */
};

static const qir_quant_row weight_rows[] = {
    {QIR_OP_linear, QIR_ROLE_WEIGHT, NULL},
    {QIR_OP_conv, QIR_ROLE_WEIGHT, NULL},
    {QIR_OP_conv_transpose, QIR_ROLE_WEIGHT, qir_is_ungrouped},
    {QIR_OP_gather, QIR_ROLE_EMBEDDING, is_embedding},
};

static bool fill(qir_annotator *a, qir_quant_table *t, const qir_quant_row *rows, size_t nrows)
{
    bool symmetric = qir_annotator_bool(a, "symmetric");
    t->rows = rows;
    t->nrows = has_embeddings(a) ? nrows : nrows - 1;
    t->weight = qir_torchao_weight(a, "weight", qir_annotator_int(a, "bits"),
                                   qir_annotator_int(a, "group"), symmetric);
    if (has_embeddings(a))
        t->embedding = qir_torchao_weight(a, "embedding", qir_annotator_int(a, "embeddings"),
                                          qir_annotator_int(a, "embedding-group"), symmetric);
    return t->weight && (!has_embeddings(a) || t->embedding);
}

static bool dynamic_table(qir_annotator *a, qir_quant_table *t)
{
    t->act = qir_annotator_spec(a, "act",
                                qir_annotator_bool(a, "rows") ? "i8 affine dynamic rows"
                                                              : "i8 affine dynamic");
    return t->act && fill(a, t, dynamic_rows, QIR_NROWS(dynamic_rows));
}

static bool weight_table(qir_annotator *a, qir_quant_table *t)
{
    return fill(a, t, weight_rows, QIR_NROWS(weight_rows));
}

#define WEIGHT_OPTIONS                                                                             \
    {"bits", QIR_OPT_INT, "8", "bits of a weight: 8, 4 or 2"},                                     \
        {"group", QIR_OPT_INT, "0", "inputs that share a scale; 0: all of an output channel"},     \
        {"symmetric", QIR_OPT_BOOL, "true", "zero points are 0"},                                  \
        {"embeddings", QIR_OPT_INT, "0", "bits of an embedding: 8, 4 or 2; 0: float"},             \
        {"embedding-group", QIR_OPT_INT, "0", "as group, of embeddings"}

static const qir_pass_option dynamic_options[] = {
    {"rows", QIR_OPT_BOOL, "true", "a range per row of activations, not one per tensor"},
    WEIGHT_OPTIONS,
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};

static const qir_pass_option weight_options[] = {
    WEIGHT_OPTIONS,
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};

const qir_quantizer qir_quantizer_dynamic = {
    .name = "dynamic",
    .doc = "int8 activations with ranges from run time, int8 or int4 weights",
    .options = dynamic_options,
    .table = dynamic_table,
};

const qir_quantizer qir_quantizer_weight_only = {
    .name = "weight-only",
    .doc = "weights alone, arithmetic in float",
    .options = weight_options,
    .table = weight_table,
};
