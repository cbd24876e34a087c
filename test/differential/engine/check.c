/* Passes against the evaluator: each that keeps results keeps the bytes; what lowering makes of floats
 * and pairs means nearly the same. */
#include "check.h"

#include <math.h>
#include "qir/fidelity.h"
#include "qir/pass.h"

typedef struct row {
    const char *pipeline;
    bool any_zero; /* simplifications may change the sign of zeros */
    bool integer;  /* of integer modules only */
} row;

static const row rows[] = {
    {"cse", false, false},
    {"dce", false, false},
    {"assign-layouts", false, false},
    {"relabel-storage", false, true},
    {"canonicalize", true, false},
    {"const-fold", true, false},
    {"simplify", true, false},
    {"fuse-activation", true, false},
    {"sink-transposes", true, true}, /* reals are summed in another order */
};

qir_module *check_transform(subject *s, qir_module *m, const char *pipeline)
{
    qir_pm_options opts = {.verify_each = true, .verify_roundtrip = true};
    qir_module *copy = qir_module_clone(m);
    qir_pass_manager *pm = qir_pm_create(s->ctx, &opts);
    bool ok = qir_pm_add(pm, pipeline) && qir_pm_run(pm, copy);
    qir_pm_destroy(pm);
    if (ok)
        return copy;
    subject_fail(s, "%s fails", pipeline);
    qir_module_destroy(copy);
    return NULL;
}

static bool check_row(subject *s, const row *r)
{
    qir_module *m = check_transform(s, s->module, r->pipeline);
    if (!m)
        return false;
    qir_tensor *got = subject_evaluate(s, r->pipeline, m);
    bool ok = got && subject_same(s, r->pipeline, got, s->want, r->any_zero);
    qir_module_destroy(m);
    return ok;
}

bool check_passes(subject *s)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((!rows[i].integer || s->integer) && !check_row(s, &rows[i]))
            return false;
    return true;
}

/* Folding, and integer ops in place of pairs, are other arithmetic: nearly the same numbers.  Random
 * graphs give at least 20 dB. */
static bool near(subject *s, const char *what, const qir_tensor *got, const qir_tensor *want)
{
    const double least = 18.0; /* dB */
    qir_arena *arena = qir_context_arena(s->ctx);
    for (uint32_t k = 0; k < subject_results(s); k++) {
        qir_fidelity f = {0};
        qir_fidelity_add(&f, qir_tensor_reals(&want[k], arena), qir_tensor_reals(&got[k], arena),
                         qir_type_elements(want[k].type));
        if (isfinite(f.signal) && !(qir_fidelity_sqnr(&f) >= least))
            return subject_fail(s, "%s: result %u has %.1f dB to what the pairs mean, expected %.0f",
                                what, k, qir_fidelity_sqnr(&f), least);
    }
    return true;
}

qir_module *check_lowered(subject *s, qir_tensor **want)
{
    static const char pairs[] = "float,const-fold{fold-quantize=true},propagate-qdq,simplify,"
                                "lower-quant,relabel-storage,simplify";
    const char *pipeline = s->paired ? pairs : s->integer ? "simplify" : "float";
    qir_module *m = check_transform(s, s->module, pipeline);
    *want = m ? subject_evaluate(s, pipeline, m) : NULL;
    if (*want && (s->integer ? subject_same(s, pipeline, *want, s->want, true)
                             : near(s, pipeline, *want, s->want)))
        return m;
    if (m)
        qir_module_destroy(m);
    return NULL;
}
