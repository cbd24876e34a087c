/* What became of each node, for -import-report. */
#include "core/fe.h"

/* "conv, add": the ops built since the node began. */
static void list_ops(const fe_builder *fe, qir_strbuf *out)
{
    const qir_op *op = fe->mark ? fe->mark->next : fe->f->body->first;
    for (; op; op = op->next)
        qir_strbuf_printf(out, "%s%s", out->len ? ", " : "", qir_op_desc_get(op->opcode)->name);
}

void fe_report(fe_builder *fe, const fe_node *node, qir_import_fate fate, const char *ops)
{
    qir_import_event e = {node->name, node->op, node->loc, fate, ops};
    if (fe->opts->report)
        fe->opts->report(fe->opts->report_user, &e);
}

void fe_report_node(fe_builder *fe)
{
    qir_strbuf ops = {0};
    if (!fe->opts->report || fe->failed)
        return;
    const qir_value *v = fe_find(fe, fe->node.result);
    list_ops(fe, &ops);
    qir_import_fate fate = fe->expanded                      ? QIR_IMPORT_EXPANDED
                           : ops.len                         ? QIR_IMPORT_OPS
                           : v && v->kind == QIR_VALUE_CONST ? QIR_IMPORT_FOLDED
                                                             : QIR_IMPORT_FORWARDED;
    fe_report(fe, &fe->node, fate, fate == QIR_IMPORT_OPS ? qir_strbuf_cstr(&ops) : "");
    qir_strbuf_free(&ops);
}
