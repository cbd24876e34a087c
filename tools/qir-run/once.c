/* One run on given or random inputs, and -bench. */
#include "run.h"
#include "values.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* `name=@file` and `@file` are accepted for `name=file` and `file`. */
static const char *without_at(run *r, const char *text)
{
    const char *eq = strchr(text, '=');
    if (text[0] == '@')
        return text + 1;
    if (!eq || eq[1] != '@')
        return text;
    return qir_arena_printf(qir_context_arena(r->ctx), "%.*s=%s", (int)(eq - text), text, eq + 2);
}

static qir_samples *open_inputs(run *r)
{
    const char **paths =
        QIR_NEW_ARRAY(qir_context_arena(r->ctx), const char *, r->opts->inputs.len);
    for (size_t i = 0; i < r->opts->inputs.len; i++)
        paths[i] = without_at(r, r->opts->inputs.items[i]);
    qir_samples *s = qir_samples_open(r->func, paths, r->opts->inputs.len);
    if (s && r->func->body->nargs && qir_samples_count(s) != 1) {
        qir_error(r->diag, NULL, "run.input",
                  "the inputs hold %lld samples; use -samples to run all of them",
                  (long long)qir_samples_count(s));
        qir_samples_close(s);
        return NULL;
    }
    return s;
}

static uint64_t seed_of(run *r)
{
    const char *text = r->opts->random ? r->opts->random : "0";
    char *end;
    errno = 0;
    uint64_t seed = strtoull(text, &end, 0);
    if (errno || !isdigit((unsigned char)text[0]) || *end)
        cl_usage_error(r->tool, "-random takes a number from 0 to %llu, got '%.80s'",
                       (unsigned long long)UINT64_MAX, text);
    return seed;
}

/* --- -bench ----------------------------------------------------------------------------------- */
static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool bench(run *r, engine *e, const qir_tensor *in, qir_tensor *out)
{
    int64_t n = r->opts->bench;
    double *us = QIR_NEW_ARRAY(qir_context_arena(r->ctx), double, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        double start = now_us();
        if (!engine_run(e, in, out))
            return false;
        us[i] = now_us() - start;
    }
    qsort(us, (size_t)n, sizeof *us, by_value);
    printf("bench: %lld runs, min %.1f us, median %.1f us, max %.1f us\n", (long long)n, us[0],
           us[n / 2], us[n - 1]);
    return true;
}

/* --- the run ---------------------------------------------------------------------------------- */
static int execute(run *r, engine *e, const qir_tensor *in)
{
    qir_tensor *out = QIR_NEW_ARRAY(qir_context_arena(r->ctx), qir_tensor, r->func->nresults);
    results s;
    if (!engine_run(e, in, out))
        return CL_EXIT_ERROR;
    results_init(r, &s);
    results_add(r, &s, out);
    bool ok = (!r->opts->bench || bench(r, e, in, out)) && results_report(r, &s);
    int code = ok ? results_compare(r, &s) : CL_EXIT_ERROR;
    results_free(r, &s);
    return code;
}

int run_once(run *r)
{
    qir_tensor *in = QIR_NEW_ARRAY(qir_context_arena(r->ctx), qir_tensor, r->func->body->nargs);
    qir_samples *samples = NULL;
    if (r->opts->inputs.len) {
        samples = open_inputs(r);
        if (!samples || !qir_samples_read(samples, 0, in)) {
            qir_samples_close(samples);
            return CL_EXIT_ERROR;
        }
    } else {
        tool_random_inputs(r->func, qir_context_arena(r->ctx), seed_of(r), in);
    }
    engine *e = engine_create(r);
    int code = e ? execute(r, e, in) : CL_EXIT_ERROR;
    engine_destroy(e);
    qir_samples_close(samples);
    return code;
}
