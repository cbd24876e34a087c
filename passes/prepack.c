/* prepack ops in front of conv and linear. */
#include "prepack.h"
#include <string.h>
#include "qir/ops.h"

bool qir_prepack_level(const qir_pass *p, const qir_module *m, qir_level *level)
{
    const char *name = qir_pass_string(p, "level");
    return qir_level_from_name(name, level) ||
           qir_error(
               qir_context_diag(m->ctx), m->loc, "target.level",
               "unknown level '%s'; expected a row of ir/targets.def such as avx2, neon or generic",
               name);
}

int64_t qir_groups_of(const qir_op *op)
{
    return qir_op_attr(op, "groups") ? qir_op_int(op, "groups") : 1;
}

qir_op *qir_build_prepack(qir_op *op, qir_value *w, qir_packing packing)
{
    qir_builder b = qir_builder_before(op);
    const char *name = qir_packing_get(packing)->name;
    qir_context *ctx = b.module->ctx;
    return qir_build(&b, QIR_OP_prepack, QIR_OPERANDS(w),
                     QIR_ATTRS({"packing", qir_attr_string(ctx, name, strlen(name))},
                               {"groups", qir_attr_int(ctx, qir_groups_of(op))}),
                     NULL);
}

qir_op *qir_prepack_behind(const qir_value *w)
{
    const qir_op *unpack = w ? qir_value_op(w) : NULL;
    return unpack && unpack->opcode == QIR_OP_unpack ? qir_op_feeder(unpack, 0, QIR_OP_prepack) : NULL;
}

void qir_keep_kernel(qir_op *op, const qir_type *w)
{
    const qir_op_desc *d = qir_op_desc_get(op->opcode);
    qir_context *ctx = qir_op_module(op)->ctx;
    for (unsigned i = 0; i < d->nattrs; i++)
        if (strcmp(d->attrs[i].name, "kernel") == 0)
            qir_op_set_attr(op, qir_intern_cstr(ctx, "kernel"),
                            qir_attr_ints(ctx, w->dims + 2, w->rank - 2));
}
