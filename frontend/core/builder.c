/* Begin and end of an import and of a node; diagnostics. */
#include <string.h>

#include "core/fe.h"
#include "qir/text.h"

void fe_open(fe_builder *fe, qir_context *ctx, const char *format, const qir_import_options *opts)
{
    static const qir_import_options none;
    *fe = (fe_builder){.ctx = ctx, .diag = qir_context_diag(ctx), .format = format};
    fe->opts = opts ? opts : &none;
    fe->errors = qir_diag_error_count(fe->diag);
    fe->arena = qir_context_new_arena(ctx);
    fe->m = qir_module_create(ctx, NULL);
    fe->f = qir_func_create(fe->m, "main", qir_loc_name(ctx, "main"));
    fe->b = qir_builder_at_end(fe->f->body);
    fe->node = (fe_node){"", "", "constant", fe->f->loc};
    fe_push_scope(fe, &fe->main, true);
}

/* Shape arithmetic leaves constants behind, rearranged weights their originals; those that stay get
 * the name that the erased ones held. */
static void erase_unused(fe_builder *fe)
{
    for (qir_op *op = fe->f->body->last, *prev; op; op = prev) {
        bool used = qir_op_has_trait(op, QIR_TRAIT_TERMINATOR);
        prev = op->prev;
        for (unsigned i = 0; i < op->nresults; i++)
            used = used || op->results[i].uses;
        if (!used)
            qir_op_erase(op);
    }
    qir_for_each_const(c, fe->m) {
        if (!c->value.uses)
            qir_const_erase(c);
    }
    qir_for_each_const(c, fe->m) {
        const char *base = fe_const_base(fe, &c->value);
        if (strcmp(base, c->value.name) != 0)
            qir_const_rename(c, base);
    }
}

qir_module *fe_close(fe_builder *fe, bool ok)
{
    if (ok)
        erase_unused(fe);
    ok = ok && qir_verify(fe->m);
    bool diagnosed = qir_diag_error_count(fe->diag) > fe->errors;
    QIR_ASSERT(ok || diagnosed, "import failed without an error");
    while (fe->scope)
        fe_pop_scope(fe);
    qir_map_free(&fe->names);
    qir_map_free(&fe->bases);
    qir_map_free(&fe->spare);
    qir_arena_destroy(fe->arena);
    if (ok && !diagnosed)
        return fe->m;
    qir_module_destroy(fe->m);
    return NULL;
}

void fe_begin_node(fe_builder *fe, const fe_node *node)
{
    fe->node = *node;
    fe->mark = fe->f->body->last;
    fe->expanded = false;
    fe->b.loc = qir_loc_name(fe->ctx, node->name);
}

void fe_end_node(fe_builder *fe)
{
    fe_report_node(fe);
    qir_arena_reset(fe->scratch);
}

static void report(fe_builder *fe, const qir_loc *loc, const char *code, const char *text)
{
    if (!strchr(code, '.'))
        code = qir_arena_printf(fe->arena, "%s.%s", fe->format, code);
    (void)qir_error(fe->diag, loc, code, "%s", text);
    fe->failed = true;
}

bool fe_error(fe_builder *fe, const char *code, const char *fmt, ...)
{
    qir_strbuf text = {0};
    va_list ap;
    qir_strbuf_printf(&text, "node '%s' (%s): ", fe->node.name, fe->node.op);
    va_start(ap, fmt);
    qir_strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    report(fe, fe->node.loc, code, qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return false;
}

bool fe_error_at(fe_builder *fe, const qir_loc *loc, const char *code, const char *fmt, ...)
{
    qir_strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    qir_strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    report(fe, loc, code, qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return false;
}
