/* One module through qir-opt: read, run passes, print; or compare its diagnostics with comments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "opt.h"
#include "qir/diag_expect.h"
#include "qir/frontend.h"
#include "qir/params.h"

/* --- reading ---------------------------------------------------------------------------------- */
bool opt_is_binary(const qir_bytes *b)
{
    for (size_t i = 0; i < b->len && i < 64; i++)
        if (b->data[i] && b->data[i] < 0x20 && !strchr("\t\n\r\f", b->data[i]))
            return true;
    return false;
}

static const char *directory_of(qir_context *ctx, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? qir_intern(ctx, path, slash == path ? 1 : (size_t)(slash - path)) : NULL;
}

static qir_module *read_module(qir_context *ctx, const opt_options *o, const chunk *c)
{
    qir_import_options import = tool_import_options(&o->import, &o->common);
    if (opt_is_binary(&c->whole))
        return qir_import_bytes(ctx, c->path, c->whole, &import);
    if (!qir_import_plain(ctx, c->name, &import))
        return NULL;
    qir_parse_options opts = {.max_source = (size_t)o->common.max_source,
                              .first_line = c->first_line,
                              .source_dir = directory_of(ctx, c->path)};
    qir_diag_add_source(qir_context_diag(ctx), c->name, (const char *)c->whole.data, c->whole.len);
    return qir_parse(ctx, c->name, c->text, c->len, &opts);
}

/* --- passes ----------------------------------------------------------------------------------- */
/* The pipeline in the first line of a reproducer: // configuration: -passes='...' */
static char *pipeline_of(const chunk *c)
{
    static const char head[] = "// configuration: -passes='";
    const char *eol = memchr(c->text, '\n', c->len);
    size_t n = strlen(head), line = eol ? (size_t)(eol - c->text) : c->len;
    if (line < n || memcmp(c->text, head, n))
        return NULL;
    const char *from = c->text + n, *to = memchr(from, '\'', line - n);
    return to ? strndup(from, (size_t)(to - from)) : NULL;
}

static qir_pm_options pm_options(const opt_options *o)
{
    return (qir_pm_options){
        .verify_each = o->verify_each,
        .verify_roundtrip = o->verify_roundtrip,
        .print_before = o->print_before_all ? "*" : o->print_before,
        .print_after = o->print_after_all ? "*" : o->print_after,
        .print_after_change = o->print_after_change,
        .time = o->time,
        .stats = o->stats,
        .debug_counter = o->debug_counter,
        .reproducer = o->reproducer,
    };
}

static int run_passes(qir_module *m, const opt_options *o, const char *pipeline)
{
    qir_pm_options options = pm_options(o);
    qir_sample_source samples = {o->samples.items, o->samples.len, o->limit};
    options.samples = samples.npaths ? &samples : NULL;
    qir_pass_manager *pm = qir_pm_create(m->ctx, &options);
    bool ok = qir_pm_add(pm, pipeline) && qir_pm_run(pm, m);
    int code = ok ? CL_EXIT_OK : qir_pm_internal_error(pm) ? CL_EXIT_INTERNAL : CL_EXIT_ERROR;
    if (o->time || o->stats) {
        qir_strbuf report = {0};
        qir_pm_report(pm, &report);
        fwrite(qir_strbuf_cstr(&report), 1, report.len, stderr);
        qir_strbuf_free(&report);
    }
    qir_pm_destroy(pm);
    return code;
}

static int transform(qir_module *m, const opt_options *o, const chunk *c)
{
    char *pipeline = o->run_reproducer ? pipeline_of(c) : o->passes ? strdup(o->passes) : NULL;
    int code = CL_EXIT_OK;
    if (o->run_reproducer && !pipeline) {
        qir_error(qir_context_diag(m->ctx), NULL, "reproducer",
                  "'%s' does not begin with '// configuration: -passes=...'", c->path);
        return CL_EXIT_ERROR;
    }
    if (pipeline)
        code = run_passes(m, o, pipeline);
    free(pipeline);
    return code;
}

/* --- printing --------------------------------------------------------------------------------- */
/* print(parse(print(m))) == print(m) */
static bool round_trips(qir_module *m, const qir_strbuf *text)
{
    qir_strbuf again = {0};
    qir_parse_options opts = {.source_dir = m->source_dir, .no_verify = true};
    qir_module *copy = qir_parse(m->ctx, "<round-trip>", text->data, text->len, &opts);
    if (copy)
        qir_print(copy, NULL, &again);
    bool same = copy && again.len == text->len && !memcmp(again.data, text->data, text->len);
    qir_module_destroy(copy);
    qir_strbuf_free(&again);
    return same || qir_error(qir_context_diag(m->ctx), NULL, "internal.roundtrip",
                             "internal error: the printed module does not read back the same");
}

static bool check_round_trip(qir_module *m)
{
    qir_strbuf text = {0};
    qir_print(m, NULL, &text);
    bool ok = round_trips(m, &text);
    qir_strbuf_free(&text);
    return ok;
}

static int process(qir_context *ctx, const opt_options *o, const chunk *c, qir_strbuf *out)
{
    qir_module *m = read_module(ctx, o, c);
    int code = m && tool_finish_import(m, &o->import) ? CL_EXIT_OK : CL_EXIT_ERROR;
    if (code == CL_EXIT_OK && o->verify_roundtrip && !check_round_trip(m))
        code = CL_EXIT_INTERNAL;
    if (code == CL_EXIT_OK)
        code = transform(m, o, c);
    if (code == CL_EXIT_OK && o->verify_roundtrip && !check_round_trip(m))
        code = CL_EXIT_INTERNAL;
    if (code == CL_EXIT_OK)
        qir_print(m, NULL, out);
    qir_module_destroy(m);
    return code;
}

/* --- expected diagnostics --------------------------------------------------------------------- */
static int process_expecting(qir_context *ctx, const opt_options *o, const chunk *c)
{
    qir_strbuf ignored = {0}, report = {0};
    qir_diag_expect *expect = qir_diag_expect_create(c->name, (const char *)c->whole.data,
                                                     c->whole.len, c->first_line, c->last_line);
    qir_diag_set_handler(qir_context_diag(ctx), qir_diag_expect_handler, expect);
    process(ctx, o, c, &ignored);
    bool ok = qir_diag_expect_finish(expect, &report);
    fwrite(qir_strbuf_cstr(&report), 1, report.len, stderr);
    qir_diag_expect_destroy(expect);
    qir_strbuf_free(&ignored);
    qir_strbuf_free(&report);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}

int opt_process(const cl_tool *tool, const opt_options *o, const chunk *c, qir_strbuf *out)
{
    qir_context *ctx = tool_context(tool, &o->common);
    tool_set_threads(ctx, o->jobs);
    int code = o->verify_diagnostics ? process_expecting(ctx, o, c) : process(ctx, o, c, out);
    qir_context_destroy(ctx);
    return code;
}
