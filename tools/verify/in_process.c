/* Evaluator and JIT. */
#include <stdlib.h>
#include "lab.h"
#include "qir/codegen.h"

enum { TASKS = 3 };

verify_status verify_evaluate(qir_module *m, const verify_values *in, verify_values *out, qir_strbuf *why)
{
    qir_func *f = qir_module_main(m);
    qir_evaluator *e = qir_evaluator_create(f, NULL);
    qir_arena *arena = qir_context_new_arena(m->ctx);
    bool ok = true;
    for (size_t k = 0; ok && k < in->runs; k++) {
        qir_tensor *args = QIR_NEW_ARRAY(arena, qir_tensor, f->body->nargs + 1);
        qir_tensor *results = QIR_NEW_ARRAY(arena, qir_tensor, f->nresults + 1);
        verify_unpack(f, in, k, arena, args);
        ok = qir_evaluator_run(e, args, results);
        if (ok)
            verify_append(out, results, f->nresults);
        qir_arena_reset(arena);
    }
    qir_arena_destroy(arena);
    qir_evaluator_destroy(e);
    if (!ok)
        qir_strbuf_puts(why, "the evaluator refused the inputs");
    return ok ? VERIFY_RAN : VERIFY_CANNOT;
}

/* --- JIT ---------------------------------------------------------------------------------------- */
/* Aligned as an application's own buffers would be. */
static qir_tensor buffer(const qir_type *t, qir_arena *arena)
{
    return (qir_tensor){t, qir_arena_alloc(arena, qir_type_bytes(t) + 1)};
}

/* Tasks one after another, as in runner programs: the last one first. */
static void last_first(void *user, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    (void)user;
    while (count-- > 0)
        task(arg, count);
}

static int call(qir_jit *jit, bool tasks, const void *const *inputs, void *const *outputs)
{
    static const qir_pool pool = {NULL, TASKS, last_first};
    return tasks ? qir_jit_run_mt(jit, inputs, outputs, &pool) : qir_jit_run(jit, inputs, outputs);
}

static int run_once(qir_jit *jit, bool tasks, const qir_func *f, const verify_values *in, size_t k,
                    verify_values *out)
{
    qir_arena *arena = qir_context_new_arena(f->module->ctx);
    uint32_t nin = f->body->nargs, nout = f->nresults;
    qir_tensor *args = QIR_NEW_ARRAY(arena, qir_tensor, nin + 1), *results = QIR_NEW_ARRAY(arena, qir_tensor, nout + 1);
    const void **inputs = QIR_NEW_ARRAY(arena, const void *, nin + 1);
    void **outputs = QIR_NEW_ARRAY(arena, void *, nout + 1);
    verify_unpack(f, in, k, arena, args);
    for (uint32_t i = 0; i < nin; i++)
        inputs[i] = args[i].data;
    for (uint32_t i = 0; i < nout; i++) {
        results[i] = buffer(f->result_types[i], arena);
        outputs[i] = results[i].data;
    }
    int code = call(jit, tasks, inputs, outputs);
    if (code == 0)
        verify_append(out, results, nout);
    qir_arena_destroy(arena);
    return code;
}

verify_status verify_run_jit(const verify_way *w, qir_module *m, const verify_values *in,
                             verify_values *out, qir_strbuf *why)
{
    qir_codegen_options opts = {.triple = w->triple, .name = "model", .share_grain = w->grain};
    qir_variant v = {verify_lowered(w, m), w->level};
    qir_jit *jit = v.module ? qir_jit_create(&opts, &v) : NULL;
    int code = 0;
    for (size_t k = 0; jit && code == 0 && k < in->runs; k++)
        code = run_once(jit, w->grain, qir_module_main(m), in, k, out);
    if (code)
        qir_strbuf_printf(why, "the code returned %d", code);
    bool made = jit;
    qir_jit_destroy(jit);
    qir_module_destroy(v.module);
    return !made ? VERIFY_CANNOT : code ? VERIFY_BROKE : VERIFY_RAN;
}
