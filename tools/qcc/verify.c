/* -verify: the model in every way that there is to run it, on the same inputs; one table of hashes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bisect.h"
#include "qir/support/map.h"

enum { EDGE_RUNS = 4, MOST_SAMPLES = 64, CALIBRATION_SAMPLES = 4 };

typedef struct verification {
    qcc_driver *d;
    verify_lab lab;
    verify_way ways[VERIFY_MAX_WAYS];
    size_t nways;
    verify_values in, want; /* want: what the evaluator computes */
    qir_strbuf details;     /* below the table */
    size_t different, missing;
} verification;

/* --- inputs --------------------------------------------------------------------------------------- */
static bool read_samples(qir_func *f, const char *const *paths, size_t n, size_t most, verify_values *out)
{
    qir_samples *s = qir_samples_open(f, paths, n);
    bool ok = s && verify_read_inputs(f, s, most, out);
    qir_samples_close(s);
    return ok;
}

bool qcc_make_inputs(qcc_driver *d, qir_func *f, bool samples_only, verify_values *out)
{
    const cl_list *given = &d->opts->verify_inputs;
    if (given->len)
        return read_samples(f, given->items, given->len, MOST_SAMPLES, out);
    if (!samples_only || !d->samples)
        verify_make_inputs(f, EDGE_RUNS, out);
    return !d->samples ||
           read_samples(f, d->samples->paths, d->samples->npaths, CALIBRATION_SAMPLES, out);
}

/* --- ways ----------------------------------------------------------------------------------------- */
static bool unknown_way(qcc_driver *d, const verify_way *ways, size_t n, const char *word, size_t len)
{
    qir_strbuf known = {0};
    for (size_t i = 0; i < n; i++)
        qir_strbuf_printf(&known, i ? ", %s" : "%s", ways[i].name);
    qir_error(d->diag, NULL, "verify.way",
              "-verify: '%.*s' is no way to run a model; expected levels or architectures of %s",
              len < 80 ? (int)len : 80, word, known.data);
    qir_strbuf_free(&known);
    return false;
}

bool qcc_choose_ways(qcc_driver *d, verify_way ways[VERIFY_MAX_WAYS], size_t *n)
{
    const char *list = d->opts->verify ? d->opts->verify : "";
    verify_way all[VERIFY_MAX_WAYS];
    size_t known = verify_ways(d->ctx, all), len;
    const char *unknown = *list ? verify_unknown(all, known, list, &len) : NULL;
    if (unknown)
        return unknown_way(d, all, known, unknown, len);
    *n = 0;
    for (size_t i = 0; i < known; i++) {
        all[i].rows = qcc_row_limit(d->opts);
        if (i && *list && !verify_is_named(&all[i], list))
            continue;
        ways[(*n)++] = all[i];
        if (i && d->opts->threads) {
            all[i].grain = qcc_share_grain(d->opts);
            ways[(*n)++] = all[i];
        }
    }
    return true;
}

/* --- the table ------------------------------------------------------------------------------------ */
static void print_row(const verify_way *w, const verify_values *out, const char *result)
{
    char hash[17] = "-";
    if (out)
        snprintf(hash, sizeof hash, "%016llx", (unsigned long long)qir_hash_bytes(out->bytes.data, out->bytes.len));
    char how[16];
    snprintf(how, sizeof how, "%s%s", verify_how_name(w->how), verify_mt_name(w));
    printf("%-11s %-8s %-13s %-17s %s\n", w->name, w->arch, how, hash, result);
    fflush(stdout);
}

static void show_progress(const verification *v, size_t i, const char *what)
{
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K");
    if (what)
        fprintf(stderr, "%s %s (%zu of %zu)", what, v->ways[i].name, i + 1, v->nways);
}

/* The first run that differs; all of them are of one size. */
static size_t first_wrong_run(const verification *v, const verify_values *got)
{
    size_t each = v->want.bytes.len / v->in.runs, k = 0;
    while (!memcmp(v->want.bytes.data + k * each, got->bytes.data + k * each, each))
        k++;
    return k;
}

/* Says in v->details which op it is. */
static void locate(verification *v, const verify_way *w, size_t run)
{
    size_t each = v->in.bytes.len / v->in.runs;
    verify_values one = {.runs = 1};
    verify_finding found;
    qir_strbuf_write(&one.bytes, v->in.bytes.data + run * each, each);
    qir_strbuf_printf(&v->details, "%s%s on %s, run %zu: ", w->name, verify_mt_name(w), w->arch, run);
    if (verify_locate(&v->lab, w, v->d->module, &one, &found)) {
        verify_describe(v->d->module, &found, &v->details);
        verify_finding_free(&found);
    } else {
        qir_strbuf_puts(&v->details, "no single op differs by itself\n");
    }
    verify_free(&one);
}

static void report_different(verification *v, size_t i, const verify_values *got, const char *broke)
{
    const verify_way *w = &v->ways[i];
    v->different++;
    show_progress(v, i, "locating in");
    locate(v, w, broke ? 0 : first_wrong_run(v, got));
    show_progress(v, i, NULL);
    print_row(w, broke ? NULL : got, broke ? broke : "differs");
}

static void run_way(verification *v, size_t i)
{
    verify_values got = {0};
    qir_strbuf why = {0};
    const verify_way *w = &v->ways[i];
    show_progress(v, i, "running");
    verify_status status = verify_run(&v->lab, w, v->d->module, &v->in, &got, &why);
    show_progress(v, i, NULL);
    if (status == VERIFY_CANNOT) {
        v->missing++;
        qir_strbuf row = {0};
        qir_strbuf_printf(&row, "not run: %s", why.len ? why.data : "no code (see the errors)");
        print_row(w, NULL, row.data);
        qir_strbuf_free(&row);
    } else if (status == VERIFY_BROKE || !verify_equal(&got, &v->want)) {
        report_different(v, i, &got, status == VERIFY_BROKE ? qir_strbuf_cstr(&why) : NULL);
    } else {
        print_row(w, &got, "equal");
    }
    verify_free(&got);
    qir_strbuf_free(&why);
}

static bool run_reference(verification *v)
{
    qir_strbuf why = {0};
    verify_status status = verify_run(&v->lab, &v->ways[0], v->d->module, &v->in, &v->want, &why);
    qir_strbuf_free(&why);
    if (status != VERIFY_RAN) {
        qir_note(v->d->diag, NULL, "inputs that the model takes can be given: -verify-inputs=[NAME=]FILE");
        return false;
    }
    printf("%-11s %-8s %-13s %-17s %s\n", "level", "target", "run", "hash", "result");
    print_row(&v->ways[0], &v->want, "reference");
    return true;
}

static int conclude(verification *v)
{
    fputs(qir_strbuf_cstr(&v->details), stdout);
    if (v->missing)
        qir_error(v->d->diag, NULL, "verify.missing",
                  "%zu of %zu ways to run the model could not be run; install what is missing, or name the others "
                  "with -verify=LIST", v->missing, v->nways);
    if (!tool_flush(v->d->diag))
        return CL_EXIT_ERROR;
    return v->different ? CL_EXIT_THRESHOLD : v->missing ? CL_EXIT_ERROR : CL_EXIT_OK;
}

int qcc_verify(qcc_driver *d)
{
    verification v = {.d = d};
    int code = CL_EXIT_ERROR;
    if (!verify_open(&v.lab, d->diag))
        return code;
    if (qcc_choose_ways(d, v.ways, &v.nways) && qcc_make_inputs(d, qir_module_main(d->module), false, &v.in) &&
        run_reference(&v)) {
        const volatile sig_atomic_t *stop = tool_catch_interrupt();
        for (size_t i = 1; i < v.nways && !*stop; i++)
            run_way(&v, i);
        code = conclude(&v);
    }
    verify_close(&v.lab); /* files are gone before an interrupt is obeyed */
    tool_obey_interrupt();
    verify_free(&v.in);
    verify_free(&v.want);
    qir_strbuf_free(&v.details);
    return code;
}
