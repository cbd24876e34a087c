/* -bisect: evaluates the module before and after every pass, then runs the code of every level, and names
 * the first that changes results, and the op. */
#include "bisect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "qir/pass.h"

typedef struct bisection {
    qcc_driver *d;
    qir_module *before; /* copy of the module before the pass at work */
    verify_values in;   /* for its arguments */
    size_t passes;      /* compared so far */
    bool failed, found;
} bisection;

static void show_progress(const bisection *b, const char *what, const char *name)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, name ? "\r\033[K%s %s (%zu passes so far)" : "\r\033[K", what, name, b->passes);
}

/* --- passes --------------------------------------------------------------------------------------- */
static bool same_arguments(qir_module *a, qir_module *b)
{
    const qir_func *f = qir_module_main(a), *g = qir_module_main(b);
    bool same = f->body->nargs == g->body->nargs;
    for (uint32_t i = 0; same && i < f->body->nargs; i++)
        same = f->body->args[i]->type == g->body->args[i]->type;
    return same;
}

static bool begin_pass(bisection *b, qir_module *m)
{
    bool same = b->before && same_arguments(b->before, m);
    qir_module_destroy(b->before);
    b->before = qir_module_clone(m);
    if (same)
        return true;
    verify_free(&b->in);
    b->failed = !qir_module_main(m) || !qcc_make_inputs(b->d, qir_module_main(m), b->d->mode == QCC_QUANTIZE, &b->in);
    return !b->failed;
}

static void report_pass(bisection *b, const char *pass, qir_module *m, size_t run, double demand, double sqnr)
{
    const qir_op *op = bisect_op(b->before, m, &b->in, run, demand);
    show_progress(b, "", NULL);
    printf("pass '%s' changes results", pass);
    if (op)
        printf(", from %s '%s' on", qir_op_name(op), qir_loc_text(m->ctx, op->loc));
    if (demand < BISECT_EQUAL)
        printf(": SQNR %.1f dB, expected %.0f or more\n", sqnr, demand);
    else
        printf(": SQNR %.1f dB, expected equal values\n", sqnr);
    b->found = true;
    b->failed = !bisect_write_pass(b->d, b->before, pass, demand);
}

/* What changes arguments cannot be compared. */
static bool end_pass(bisection *b, const char *pass, qir_module *m)
{
    double demand = bisect_demand(b->before, m), sqnr = 0;
    b->passes++;
    for (size_t k = 0; k < b->in.runs && same_arguments(b->before, m); k++)
        if (!bisect_same(b->before, m, &b->in, k, demand, &sqnr)) {
            report_pass(b, pass, m, k, demand, sqnr);
            return false;
        }
    return true;
}

static bool watch(void *user, bool after, const char *pass, qir_module *m)
{
    bisection *b = user;
    show_progress(b, "after", pass);
    return after ? end_pass(b, pass, m) : begin_pass(b, m);
}

/* --- levels --------------------------------------------------------------------------------------- */
/* The phases between `lower` and code, whose passes are watched, too. */
static bool prepare_level(bisection *b, qir_module *m, qir_level level)
{
    qcc_driver *d = b->d;
    qir_module *whole = d->module;
    d->module = m;
    d->variants[0].level = level;
    d->nvariants = 1;
    bool ok = qcc_phases[qcc_phase_find("prepack")].run(d) && qcc_phases[qcc_phase_find("plan")].run(d);
    d->module = whole;
    return ok;
}

/* Of the run that differs, or of the first where the code did not get to its end. */
static size_t wrong_run(const verify_values *want, const verify_values *got)
{
    size_t each = want->bytes.len / want->runs, k = 0;
    while (got->bytes.len == want->bytes.len && !memcmp(want->bytes.data + k * each, got->bytes.data + k * each, each))
        k++;
    return k;
}

static void report_level(bisection *b, verify_lab *lab, const verify_way *w, size_t run)
{
    qir_module *m = b->d->module;
    size_t each = b->in.bytes.len / b->in.runs;
    verify_values one = {.runs = 1};
    verify_finding at;
    qir_strbuf text = {0};
    qir_strbuf_write(&one.bytes, b->in.bytes.data + run * each, each);
    if (verify_locate(lab, w, m, &one, &at)) {
        verify_describe(m, &at, &text);
        verify_finding_free(&at);
    }
    show_progress(b, "", NULL);
    printf("codegen at %s%s on %s changes results: %s", w->name, verify_mt_name(w), w->arch,
           text.len ? text.data : "no single op differs by itself\n");
    b->found = true;
    b->failed = !bisect_write_way(b->d, m, w);
    verify_free(&one);
    qir_strbuf_free(&text);
}

static bool run_way(bisection *b, verify_lab *lab, const verify_way *w, const verify_values *want)
{
    verify_values got = {0};
    qir_strbuf why = {0};
    qir_module *m = qir_module_clone(b->d->module);
    show_progress(b, "codegen at", w->name);
    bool ok = prepare_level(b, m, w->level);
    verify_status status = ok ? verify_run(lab, w, m, &b->in, &got, &why) : VERIFY_CANNOT;
    if (ok && status == VERIFY_CANNOT)
        b->failed = !qir_error(b->d->diag, NULL, "verify.missing", "level '%s' on %s cannot be run: %s", w->name, w->arch,
                               qir_strbuf_cstr(&why));
    else if (ok && (status == VERIFY_BROKE || !verify_equal(&got, want)))
        report_level(b, lab, w, wrong_run(want, &got));
    qir_module_destroy(m);
    verify_free(&got);
    qir_strbuf_free(&why);
    return ok && status == VERIFY_RAN && !b->found;
}

static void try_levels(bisection *b)
{
    verify_lab lab;
    verify_way ways[VERIFY_MAX_WAYS];
    verify_values want = {0};
    qir_strbuf why = {0};
    size_t n = 0;
    if (!qcc_choose_ways(b->d, ways, &n) || !verify_open(&lab, b->d->diag)) {
        b->failed = true;
        return;
    }
    verify_free(&b->in);
    b->failed = !qcc_make_inputs(b->d, qir_module_main(b->d->module), false, &b->in) ||
                verify_run(&lab, &ways[0], b->d->module, &b->in, &want, &why) != VERIFY_RAN;
    const volatile sig_atomic_t *stop = tool_catch_interrupt();
    for (size_t i = 1; !b->failed && !*stop && i < n && run_way(b, &lab, &ways[i], &want); i++)
        ;
    show_progress(b, "", NULL);
    if (!b->found && !b->failed && !qir_diag_error_count(b->d->diag))
        printf("no pass and no level changes results: %zu passes, %zu ways\n", b->passes, n);
    verify_free(&want);
    qir_strbuf_free(&why);
    verify_close(&lab); /* files are gone before an interrupt is obeyed */
    tool_obey_interrupt();
}

int qcc_bisect(qcc_driver *d)
{
    bisection b = {.d = d};
    d->watch = watch;
    d->watch_user = &b;
    if (qcc_run_phases(d))
        try_levels(&b);
    else
        b.failed = b.failed || !b.found;
    qir_module_destroy(b.before);
    verify_free(&b.in);
    d->nvariants = 0; /* copies of other levels were never made */
    if (b.failed || !tool_flush(d->diag) || qir_diag_error_count(d->diag))
        return CL_EXIT_ERROR;
    return b.found ? CL_EXIT_THRESHOLD : CL_EXIT_OK;
}
