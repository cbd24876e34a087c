/* Whether a module is compiled for size: its attribute `optimize`. */
#include <string.h>
#include "qir/kernel_plan.h"

static const char attribute[] = "optimize", size[] = "size";

void qir_module_set_small(qir_module *m)
{
    m->attrs = qir_dict_set(m->ctx, m->attrs, qir_intern_cstr(m->ctx, attribute),
                            qir_attr_string(m->ctx, size, strlen(size)));
}

bool qir_op_is_small(const qir_op *op)
{
    const qir_module *m = qir_op_module(op);
    const qir_attr *a = qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, attribute));
    return a && a->kind == QIR_ATTR_STRING && !strcmp(a->u.s, size);
}
