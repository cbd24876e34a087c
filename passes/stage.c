/* Stages of a module: what earlier passes have established.  The bits live in qir_module.stage and,
 * so that they survive the text form, in the module attribute `stage`. */
#include <string.h>
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/assert.h"

static const struct {
    unsigned bit;
    const char *name;
} stages[] = {
    {QIR_STAGE_OBSERVED, "observed"},   {QIR_STAGE_QDQ, "qdq"},
    {QIR_STAGE_QUANTIZED, "quantized"}, {QIR_STAGE_LAYOUTS, "layouts"},
    {QIR_STAGE_PACKED, "packed"},       {QIR_STAGE_PLANNED, "planned"},
};
enum { NSTAGES = sizeof stages / sizeof stages[0] };

const char *qir_stage_name(unsigned bit)
{
    for (size_t i = 0; i < NSTAGES; i++)
        if (stages[i].bit == bit)
            return stages[i].name;
    QIR_UNREACHABLE("not a stage bit");
}

static unsigned bit_of(const char *name)
{
    for (size_t i = 0; i < NSTAGES; i++)
        if (!strcmp(stages[i].name, name))
            return stages[i].bit;
    return 0;
}

static const qir_attr *stage_attr(const qir_module *m)
{
    return qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, "stage"));
}

unsigned qir_module_stage(qir_module *m)
{
    const qir_attr *a = stage_attr(m);
    unsigned bits = m->stage;
    for (size_t i = 0; a && a->kind == QIR_ATTR_STRINGS && i < a->len; i++)
        bits |= bit_of(a->u.strings[i]);
    if (bits != m->stage)
        qir_module_set_stage(m, bits);
    return bits;
}

void qir_module_set_stage(qir_module *m, unsigned stage)
{
    const char *names[NSTAGES];
    size_t n = 0;
    for (size_t i = 0; i < NSTAGES; i++)
        if (stage & stages[i].bit)
            names[n++] = stages[i].name;
    m->stage = stage;
    m->attrs = qir_dict_set(m->ctx, m->attrs, qir_intern_cstr(m->ctx, "stage"),
                            n ? qir_attr_strings(m->ctx, names, n) : NULL);
}

static bool check_names(qir_module *m)
{
    const qir_attr *a = stage_attr(m);
    qir_diag_engine *diag = qir_context_diag(m->ctx);
    if (a && a->kind != QIR_ATTR_STRINGS && a->len)
        return qir_error(diag, m->loc, "stage.kind",
                         "module attribute 'stage' must be a list of strings");
    for (size_t i = 0; a && a->kind == QIR_ATTR_STRINGS && i < a->len; i++)
        if (!bit_of(a->u.strings[i]))
            return qir_error(diag, m->loc, "stage.name",
                             "unknown stage '%s'; stages are observed, qdq, quantized, layouts, "
                             "packed, planned",
                             a->u.strings[i]);
    return true;
}

bool qir_module_check_stage(qir_module *m)
{
    if (!check_names(m))
        return false;
    if (qir_module_stage(m) & QIR_STAGE_OBSERVED)
        return true;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if (op->opcode == QIR_OP_observe)
                return qir_error(qir_context_diag(m->ctx), op->loc, "stage.observe",
                                 "'observe' needs a module with the attribute stage = "
                                 "[\"observed\"]");
    return true;
}
