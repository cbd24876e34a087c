/* -supported-ops: the importers' tables, as text or JSON. */
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "qcc.h"

static void add_text(void *user, const qir_supported_op *op)
{
    qir_strbuf name = {0}, versions = {0};
    qir_strbuf_printf(&name, "%s%s%s", op->domain, *op->domain ? "::" : "", op->name);
    if (op->since)
        qir_strbuf_printf(&versions, op->until ? "%d-%d" : "%d-", op->since, op->until);
    qir_strbuf_printf(user, "%-7s %-40s %-7s %s\n", op->format, name.data,
                      qir_strbuf_cstr(&versions), op->qir ? op->qir : "(at import)");
    qir_strbuf_free(&name);
    qir_strbuf_free(&versions);
}

static void add_member(qir_strbuf *out, const char *key, const char *value)
{
    qir_strbuf_printf(out, ", \"%s\": ", key);
    if (value)
        json_string(out, value);
    else
        qir_strbuf_puts(out, "null");
}

static void add_json(void *user, const qir_supported_op *op)
{
    qir_strbuf *out = user;
    qir_strbuf_printf(out, "%s  {\"format\": \"%s\"", out->len > 2 ? ",\n" : "", op->format);
    add_member(out, "domain", op->domain);
    add_member(out, "op", op->name);
    if (op->since)
        qir_strbuf_printf(out, ", \"since\": %d", op->since);
    if (op->until)
        qir_strbuf_printf(out, ", \"until\": %d", op->until);
    add_member(out, "qir", op->qir);
    qir_strbuf_putc(out, '}');
}

bool qcc_supported_ops(qir_diag_engine *diag, const char *how)
{
    qir_strbuf out = {0};
    if (strcmp(how, "json") == 0) {
        qir_strbuf_puts(&out, "[\n");
        qir_supported_ops(add_json, &out);
        qir_strbuf_puts(&out, "\n]\n");
    } else {
        qir_supported_ops(add_text, &out);
    }
    bool ok = tool_write(diag, "-", out.data, out.len);
    qir_strbuf_free(&out);
    return ok;
}
