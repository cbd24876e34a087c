/* Whose arithmetic the ops of a module have: its attribute `compat`. */
#include <string.h>
#include "qir/ir.h"
#include "qir/qmath.h"
#include "qir/support/strbuf.h"

static const char attribute[] = "compat";

static const struct {
    const char *name;
    qir_compat compat;
} known[] = {{"tflite", QIR_COMPAT_TFLITE}, {"xnnpack", QIR_COMPAT_XNNPACK}};

static qir_compat find(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].compat;
    return QIR_COMPAT_NONE;
}

qir_compat qir_op_compat(const qir_op *op)
{
    const qir_module *m = qir_op_module(op);
    const qir_attr *a = qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, attribute));
    return a && a->kind == QIR_ATTR_STRING ? find(a->u.s) : QIR_COMPAT_NONE;
}

static bool refuse(qir_module *m, const char *name)
{
    qir_strbuf names = {0};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        qir_strbuf_printf(&names, "%s%s", i ? ", " : "", known[i].name);
    qir_error(qir_context_diag(m->ctx), NULL, "compat.name",
              "nothing to be compatible with is called '%.50s'; known: %s", name,
              qir_strbuf_cstr(&names));
    qir_strbuf_free(&names);
    return false;
}

bool qir_module_set_compat(qir_module *m, const char *name)
{
    if (find(name) == QIR_COMPAT_NONE)
        return refuse(m, name);
    m->attrs = qir_dict_set(m->ctx, m->attrs, qir_intern_cstr(m->ctx, attribute),
                            qir_attr_string(m->ctx, name, strlen(name)));
    return true;
}
