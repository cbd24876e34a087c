/* The code generator as an engine: a copy of the module goes through the phases that lead to code,
 * without any that changes results. */
#include "engine.h"

#ifdef QCC_WITH_LLVM
#include <stdlib.h>
#include <string.h>
#include "qir/codegen.h"
#include "qir/pass.h"
#include "tasks.h"

typedef struct jit_engine {
    engine base;
    run *r;
    qir_variant variant;
    qir_jit *jit;
    const void **inputs;
    void **outputs;
} jit_engine;

static bool jit_run(engine *base, const qir_tensor *in, qir_tensor *out)
{
    jit_engine *e = (jit_engine *)base;
    const qir_func *f = e->r->func;
    for (uint32_t i = 0; i < f->body->nargs; i++)
        e->inputs[i] = in[i].data;
    int code = qir_jit_run(e->jit, e->inputs, e->outputs);
    for (uint32_t i = 0; i < f->nresults; i++)
        out[i] = (qir_tensor){f->result_types[i], e->outputs[i]};
    if (code)
        return qir_error(e->r->diag, NULL, "internal.jit", "the code returned %d", code);
    return tasks_check(e->r, e->jit, e->inputs, e->outputs);
}

static void jit_destroy(engine *base)
{
    jit_engine *e = (jit_engine *)base;
    for (uint32_t i = 0; e->outputs && i < e->r->func->nresults; i++)
        free(e->outputs[i]);
    free(e->outputs);
    free(e->inputs);
    qir_jit_destroy(e->jit);
    if (e->variant.module)
        qir_module_destroy(e->variant.module);
    free(e);
}

static bool make_buffers(jit_engine *e)
{
    const qir_func *f = e->r->func;
    e->inputs = calloc(f->body->nargs + 1, sizeof *e->inputs);
    e->outputs = calloc(f->nresults + 1, sizeof *e->outputs);
    bool ok = e->inputs && e->outputs;
    for (uint32_t i = 0; ok && i < f->nresults; i++) {
        size_t bytes = qir_type_bytes(f->result_types[i]);
        e->outputs[i] = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
        ok = e->outputs[i] != NULL;
    }
    return ok || qir_error(e->r->diag, NULL, "run.memory", "out of memory");
}

static bool choose_level(run *r, const char *triple, qir_level *level)
{
    const char *name = r->opts->level ? r->opts->level : "native";
    *level = qir_level_native();
    if (!strcmp(name, "baseline"))
        *level = qir_level_baseline(triple);
    else if (strcmp(name, "native") && !qir_level_from_name(name, level))
        return qir_error(r->diag, NULL, "codegen.level", "unknown level '%s'", name);
    return (qir_level_fits_triple(*level, triple) && qir_level_runs_here(*level)) ||
           qir_error(r->diag, NULL, "codegen.level", "level '%s' does not run on this machine",
                     name);
}

static bool choose_target(run *r, qir_codegen_options *o, qir_level *level)
{
    *o = (qir_codegen_options){.triple = qir_target_triple(r->ctx, NULL),
                               .cpu = r->opts->mcpu,
                               .attrs = r->opts->mattr,
                               .name = "model",
                               .share_grain = r->opts->tasks ? 1 : 0}; /* whatever can be shared is */
    if (!o->triple)
        return qir_error(r->diag, NULL, "codegen.target",
                         "there is no code generator for this machine");
    return choose_level(r, o->triple, level) && qir_codegen_check_target(r->diag, o);
}

engine *engine_create_jit(run *r)
{
    qir_codegen_options opts;
    jit_engine *e = calloc(1, sizeof *e);
    if (!e || !choose_target(r, &opts, &e->variant.level)) {
        free(e);
        return NULL;
    }
    e->base = (engine){jit_run, jit_destroy};
    e->r = r;
    e->variant.module = qir_module_clone(r->module);
    if (qir_lower_to_code(e->variant.module, qir_level_get(e->variant.level)->name, QIR_ROWS_FREE) &&
        make_buffers(e))
        e->jit = qir_jit_create(&opts, &e->variant);
    if (!e->jit) {
        jit_destroy(&e->base);
        return NULL;
    }
    return &e->base;
}
#else
engine *engine_create_jit(run *r)
{
    (void)r;
    return NULL;
}
#endif
