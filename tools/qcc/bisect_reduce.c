/* The reproducer of -bisect: what shows the fault, shrunk by the library of qir-reduce. */
#include "bisect.h"

#include <string.h>
#include "qir/pass.h"
#include "qir/text.h"
#include "reduce.h"
#include "values.h"

enum { JOBS = 2, SECONDS = 60, RUNS = 3 };

typedef struct suspect {
    const char *pipeline;
    double demand;
    const verify_way *way;
} suspect;

static bool run_pipeline(qir_module *m, const char *pipeline)
{
    qir_pm_options opts = {.verify_each = true};
    qir_pass_manager *pm = qir_pm_create(m->ctx, &opts);
    bool ok = qir_pm_add(pm, pipeline) && qir_pm_run(pm, m);
    qir_pm_destroy(pm);
    return ok;
}

/* Random values, which stay within the ranges of quantize ops: saturation is no fault. */
static void random_runs(const qir_func *f, verify_values *out)
{
    for (unsigned k = 0; k < RUNS; k++) {
        qir_arena *arena = qir_context_new_arena(f->module->ctx);
        qir_tensor *in = QIR_NEW_ARRAY(arena, qir_tensor, f->body->nargs + 1);
        tool_random_inputs(f, arena, k, in);
        verify_append(out, in, f->body->nargs);
        qir_arena_destroy(arena);
    }
}

static bool same_arguments(const qir_func *f, const qir_func *g)
{
    bool same = f->body->nargs == g->body->nargs;
    for (uint32_t i = 0; same && i < f->body->nargs; i++)
        same = f->body->args[i]->type == g->body->args[i]->type;
    return same;
}

static bool pass_changes(void *user, qir_module *candidate, unsigned slot)
{
    (void)slot;
    const suspect *s = user;
    double sqnr;
    verify_values in = {0};
    qir_module *after = qir_module_clone(candidate);
    bool found = false;
    random_runs(qir_module_main(candidate), &in);
    if (run_pipeline(after, s->pipeline) && same_arguments(qir_module_main(candidate), qir_module_main(after)))
        for (size_t k = 0; k < RUNS && !found; k++)
            found = !bisect_same(candidate, after, &in, k, s->demand, &sqnr);
    verify_free(&in);
    qir_module_destroy(after);
    return found;
}

static bool way_differs(void *user, qir_module *candidate, unsigned slot)
{
    (void)slot;
    return verify_differs(((const suspect *)user)->way, 1, candidate);
}

/* --- writing it --------------------------------------------------------------------------------- */
static bool write_module(qcc_driver *d, qir_module *m, const char *head, const char *path)
{
    qir_strbuf text = {0};
    qir_strbuf_puts(&text, head);
    qir_print(m, NULL, &text);
    bool ok = tool_write(d->diag, path, text.data, text.len);
    qir_strbuf_free(&text);
    return ok;
}

/* Where made-up inputs do not show it, the whole module is written. */
static bool reduce_and_write(qcc_driver *d, qir_module *m, const char *head, const char *how,
                             bool (*interesting)(void *, qir_module *, unsigned), suspect *s)
{
    const char *path = *d->opts->bisect ? d->opts->bisect : "bisect.qir";
    reduce_options opts = {.interesting = interesting, .user = s, .jobs = JOBS, .seconds = SECONDS};
    reduce_result result;
    bool reduced = reduce_module(m, &opts, &result);
    size_t ops = reduce_count_ops(reduced ? result.module : m);
    bool ok = write_module(d, reduced ? result.module : m, head, path);
    if (ok)
        qir_remark(d->diag, NULL, "%s%zu op%s in '%s': %s %s", reduced ? "shown by " : "not shown by made-up inputs; the whole "
                   "module, ", ops, ops == 1 ? "" : "s", path, how, path);
    if (reduced)
        qir_module_destroy(result.module);
    return ok;
}

bool bisect_write_pass(qcc_driver *d, qir_module *before, const char *pipeline, double demand)
{
    suspect s = {.pipeline = pipeline, .demand = demand};
    qir_strbuf head = {0};
    qir_strbuf_printf(&head, "// configuration: -passes='%s' -verify-each\n", pipeline);
    bool ok = reduce_and_write(d, before, head.data, "qir-opt -run-reproducer", pass_changes, &s);
    qir_strbuf_free(&head);
    return ok;
}

bool bisect_write_way(qcc_driver *d, qir_module *m, const verify_way *w)
{
    suspect s = {.way = w};
    qir_strbuf head = {0}, how = {0};
    qir_strbuf_printf(&how, "qcc -verify=%s", w->name);
    if (w->how == VERIFY_EMULATOR)
        qir_strbuf_printf(&how, "@%s", verify_how_name(w->how));
    else if (w->how != VERIFY_JIT)
        qir_strbuf_printf(&how, "@%s", w->arch);
    if (w->grain)
        qir_strbuf_printf(&how, " -fthreads -fthreads-grain=%u", w->grain);
    qir_strbuf_printf(&head, "// %s\n", how.data);
    bool ok = reduce_and_write(d, m, head.data, how.data, way_differs, &s);
    qir_strbuf_free(&head);
    qir_strbuf_free(&how);
    return ok;
}
