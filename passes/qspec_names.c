/* Reading `quant.specs = ["name = spec", ...]` (qspec_names.h). */
#include "qspec_names.h"

#include <string.h>
#include "qir/diag.h"

typedef struct named {
    const char *name; /* interned */
    qir_qspec spec;
} named;

struct qir_qspec_names {
    qir_module *module;
    qir_arena *arena;
    named *list;
    size_t len;
};

static const char *const defaults[] = {
    "act = i8 affine observer=histogram-exact",
    "weight = i8<-127:127> symmetric per-channel observer=minmax",
};

static bool read_line(const qir_qspec_names *n, const char *line, named *out)
{
    qir_context *ctx = n->module->ctx;
    const char *eq = strstr(line, " = ");
    if (!eq || eq == line)
        return qir_error(qir_context_diag(ctx), n->module->loc, "quant.specs",
                         "bad entry '%s' of quant.specs; expected \"name = spec\"", line);
    out->name = qir_intern(ctx, line, (size_t)(eq - line));
    return qir_qspec_parse(ctx, eq + 3, n->module->loc, &out->spec);
}

const qir_qspec_names *qir_qspec_names_read(qir_module *m, qir_arena *arena)
{
    const qir_attr *a = qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, "quant.specs"));
    bool given = a && a->kind == QIR_ATTR_STRINGS;
    const char *const *lines = given ? a->u.strings : defaults;
    qir_qspec_names *n = QIR_NEW(arena, qir_qspec_names);
    n->module = m;
    n->arena = arena;
    n->len = given ? a->len : sizeof defaults / sizeof defaults[0];
    n->list = QIR_NEW_ARRAY(arena, named, n->len);
    for (size_t i = 0; i < n->len; i++)
        if (!read_line(n, lines[i], &n->list[i]))
            return NULL;
    return n;
}

static void note_names(const qir_qspec_names *n, const qir_loc *loc)
{
    qir_strbuf known = {0};
    for (size_t i = 0; i < n->len; i++)
        qir_strbuf_printf(&known, "%s%s", i ? ", " : "", n->list[i].name);
    qir_note(qir_context_diag(n->module->ctx), loc, "the module names the specs %s",
             qir_strbuf_cstr(&known));
    qir_strbuf_free(&known);
}

const qir_qspec *qir_qspec_names_get(const qir_qspec_names *n, const char *entry,
                                     const qir_loc *loc)
{
    for (size_t i = 0; i < n->len; i++)
        if (!strcmp(n->list[i].name, entry))
            return &n->list[i].spec;
    qir_qspec *spec = QIR_NEW(n->arena, qir_qspec);
    if (qir_qspec_parse(n->module->ctx, entry, loc, spec))
        return spec;
    note_names(n, loc);
    return NULL;
}
