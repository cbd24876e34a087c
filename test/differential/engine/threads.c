/* NAME_run_mt of a module: its tasks run one after another, the last one first, so that one that needs
 * what another does gives other bytes. */
#include "threads.h"

#include <string.h>

enum { FEWEST = 2, MOST = 9, RUBBISH = 0x5a };

static void last_first(void *user, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    (void)user;
    while (count-- > 0)
        task(arg, count);
}

static const void **inputs(const subject *s, uint32_t n)
{
    const void **p = QIR_NEW_ARRAY(qir_context_arena(s->ctx), const void *, n + 1);
    for (uint32_t i = 0; i < n; i++)
        p[i] = s->in[i].data;
    return p;
}

static qir_tensor *rubbish(const subject *s, const qir_tensor *like, uint32_t n)
{
    qir_arena *arena = qir_context_arena(s->ctx);
    qir_tensor *t = QIR_NEW_ARRAY(arena, qir_tensor, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        size_t bytes = qir_type_bytes(like[i].type);
        t[i] = like[i];
        t[i].data = memset(qir_arena_alloc(arena, bytes + 1), RUBBISH, bytes);
    }
    return t;
}

bool threads_check(subject *s, const qir_variant *v, const qir_tensor *want)
{
    if (!qir_level_runs_here(v->level))
        return true;
    uint32_t n = subject_results(s);
    qir_codegen_options opts = {.triple = qir_target_triple(s->ctx, NULL), .name = "m", .share_grain = 1};
    qir_pool pool = {NULL, (unsigned)(FEWEST + s->seed % (MOST - FEWEST)), last_first};
    qir_tensor *got = rubbish(s, want, n);
    void **out = QIR_NEW_ARRAY(qir_context_arena(s->ctx), void *, n + 1);
    for (uint32_t i = 0; i < n; i++)
        out[i] = (void *)got[i].data;
    qir_jit *jit = qir_jit_create(&opts, v);
    if (!jit)
        return subject_fail(s, "no code for tasks");
    int code = qir_jit_run_mt(jit, inputs(s, qir_module_main(s->module)->body->nargs), out, &pool);
    qir_jit_destroy(jit);
    const char *level = qir_level_get(v->level)->name;
    if (code)
        return subject_fail(s, "%s: %u tasks return %d", level, pool.threads, code);
    return subject_same(s, level, got, want, false);
}
