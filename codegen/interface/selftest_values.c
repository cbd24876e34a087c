/* The built-in input of the self-test, and what the evaluator makes of it. */
#include <math.h>
#include <string.h>
#include "interface/selftest.h"
#include "qir/eval.h"
#include "qir/qmath.h"

uint64_t qcg_selftest_hash(const void *data, size_t bytes)
{
    const unsigned char *p = data;
    uint64_t h = QCG_HASH_START;
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ p[i]) * QCG_HASH_FACTOR;
    return h;
}

/* --- the input -------------------------------------------------------------------------------- */
/* Magnitudes from 1/8 to 2, either sign; at the boundaries 0, 1, -1 and -0. */
static const struct {
    qir_dtype dtype;
    qcg_pattern pattern;
} floats[] = {
    {QIR_f16, {0x8fff, 0x3000, {0, 0x3c00, 0xbc00, 0x8000}, 2}},
    {QIR_bf16, {0x81ff, 0x3e00, {0, 0x3f80, 0xbf80, 0x8000}, 2}},
    {QIR_f32, {0x81ffffff, 0x3e000000, {0, 0x3f800000, 0xbf800000, 0x80000000}, 4}},
    {QIR_f64,
     {0x803fffffffffffff, 0x3fc0000000000000,
      {0, 0x3ff0000000000000, 0xbff0000000000000, 0x8000000000000000}, 8}},
};

/* Always the same value. */
static qcg_pattern constant(unsigned bytes, int64_t v)
{
    uint64_t u = (uint64_t)v;
    return (qcg_pattern){0, u, {u, u, u, u}, bytes};
}

/* Bytes take all their values; wider integers may be indices, which 0 and 1 suit. */
qcg_pattern qcg_pattern_of(const qcg_tensor_abi *t)
{
    qir_dtype d = t->type->dtype;
    unsigned bytes = (unsigned)qir_dtype_bytes(d);
    const qir_quant *q = t->type->quant;
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        if (floats[i].dtype == d)
            return floats[i].pattern;
    if (t->size_limit)
        return constant(bytes, t->size_limit);
    if (q && (q->qmin != qir_dtype_min(d) || q->qmax != qir_dtype_max(d)))
        return constant(bytes, q->count ? q->zero_point[0] : q->qmin);
    if (qir_dtype_bits(d) == 8)
        return (qcg_pattern){0xff, 0, {0, 0xff, 0x80, 0x7f}, 1};
    return (qcg_pattern){1, 0, {0, 1, 0, 1}, bytes};
}

/* The generator starts at the tensor's number. */
static void *make_input(qir_arena *arena, const qcg_tensor_abi *t, uint32_t number)
{
    qcg_pattern p = qcg_pattern_of(t);
    int64_t n = qir_type_elements(t->type);
    unsigned char *data = qir_arena_alloc(arena, qir_type_bytes(t->type));
    uint64_t state = number;
    for (int64_t i = 0; i < n; i++) {
        state = state * QCG_GENERATOR_FACTOR + QCG_GENERATOR_STEP;
        uint64_t v = (state >> (64 - 8 * p.bytes) & p.mask) | p.set;
        if (i % QCG_BOUNDARY_EVERY == 0)
            v = p.boundary[i / QCG_BOUNDARY_EVERY % QCG_BOUNDARIES];
        for (unsigned b = 0; b < p.bytes; b++)
            data[i * p.bytes + b] = (unsigned char)(v >> (8 * b));
    }
    return data;
}

/* --- the results ------------------------------------------------------------------------------ */
static float real_at(const qir_tensor *t, int64_t i)
{
    switch (t->type->dtype) {
    case QIR_f16: return qir_f16_to_f32(((const uint16_t *)t->data)[i]);
    case QIR_bf16: return qir_bf16_to_f32(((const uint16_t *)t->data)[i]);
    case QIR_f64: return (float)((const double *)t->data)[i];
    default: return ((const float *)t->data)[i];
    }
}

static bool has_nan(const qir_tensor *t)
{
    bool any = false;
    int64_t n = qir_dtype_is_float(t->type->dtype) ? qir_type_elements(t->type) : 0;
    for (int64_t i = 0; i < n && !any; i++)
        any = isnan(real_at(t, i));
    return any;
}

typedef struct run {
    qcg *g;
    qir_arena *scratch;
} run;

static void note_results(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    run *r = user;
    (void)in;
    for (uint32_t i = 0; i < op->nresults; i++) {
        qcg_expected *e = QIR_NEW(r->g->arena, qcg_expected);
        const qir_type *t = op->results[i].type;
        const void *data = qcg_in_physical_order(r->scratch, t, out[i].data);
        *e = (qcg_expected){qcg_selftest_hash(data, qir_type_bytes(t)), has_nan(&out[i])};
        qir_map_put(&r->g->selftest->expected, &op->results[i], e);
    }
    qir_arena_reset(r->scratch);
}

bool qcg_selftest_evaluate(qcg *g, const qcg_abi *abi)
{
    qir_context *ctx = g->qir->ctx;
    run r = {g, qir_context_new_arena(ctx)};
    qir_eval_options opts = {.on_op = note_results, .user = &r};
    qir_evaluator *e = qir_evaluator_create(qir_module_main(g->qir), &opts);
    qir_tensor *in = QIR_NEW_ARRAY(g->arena, qir_tensor, abi->nin);
    qir_tensor *out = QIR_NEW_ARRAY(g->arena, qir_tensor, abi->nout);
    for (uint32_t i = 0; i < abi->nin; i++)
        in[i] = (qir_tensor){abi->in[i].type, make_input(g->arena, &abi->in[i], i)};
    bool ok = e && qir_evaluator_run(e, in, out);
    if (!ok)
        qir_note(qir_context_diag(ctx), NULL,
                 "-fselftest evaluates the model on a built-in input; leave it out for this model");
    qir_evaluator_destroy(e);
    qir_arena_destroy(r.scratch);
    return ok;
}
