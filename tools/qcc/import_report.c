/* -import-report: what became of each node of the model, as text or JSON. */
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "qcc.h"

static const char *const fates[] = {"ops", "expanded", "folded", "forwarded", "dead"};

static bool is_json(const char *how)
{
    size_t n = strlen(how);
    return strcmp(how, "json") == 0 || (n > 5 && strcmp(how + n - 5, ".json") == 0);
}

static void add_text(qir_strbuf *out, const char *where, const qir_import_event *e)
{
    qir_strbuf_printf(out, "%s: %s '%s' -> %s\n", where, e->op, e->name,
                      e->fate == QIR_IMPORT_OPS ? e->ops : fates[e->fate]);
}

/* "conv, add" as ["conv", "add"]: names of ops need no escapes. */
static void add_ops(qir_strbuf *out, const char *ops)
{
    qir_strbuf_puts(out, ", \"ops\": [");
    for (size_t n; *ops; ops += n + (ops[n] ? 2 : 0)) {
        n = strcspn(ops, ",");
        qir_strbuf_printf(out, "\"%.*s\"%s", (int)n, ops, ops[n] ? ", " : "");
    }
    qir_strbuf_puts(out, "]}");
}

static void add_json(qir_strbuf *out, const char *where, const qir_import_event *e)
{
    qir_strbuf_puts(out, out->len ? ",\n  {\"name\": " : "  {\"name\": ");
    json_string(out, e->name);
    qir_strbuf_puts(out, ", \"op\": ");
    json_string(out, e->op);
    qir_strbuf_puts(out, ", \"location\": ");
    json_string(out, where);
    qir_strbuf_printf(out, ", \"fate\": \"%s\"", fates[e->fate]);
    add_ops(out, e->ops);
}

void qcc_import_event(void *user, const qir_import_event *e)
{
    qcc_driver *d = user;
    const char *where = qir_loc_text(d->ctx, e->loc);
    if (is_json(d->opts->import_report))
        add_json(&d->import_report, where, e);
    else
        add_text(&d->import_report, where, e);
}

bool qcc_write_import_report(qcc_driver *d)
{
    const char *how = d->opts->import_report;
    qir_strbuf out = {0};
    qir_strbuf_printf(&out, is_json(how) ? "[\n%s\n]\n" : "%s", qir_strbuf_cstr(&d->import_report));
    bool to_file = *how && strcmp(how, "json") != 0, ok = true;
    if (!to_file && qcc_writes_stdout(d))
        fwrite(out.data, 1, out.len, stderr);
    else
        ok = tool_write(d->diag, to_file ? how : "-", out.data, out.len);
    qir_strbuf_free(&out);
    return ok;
}
