/* register-prepack-params: inserts `prepack` between constant weights and the ops whose kernels
 * read them in another order.  Which order a level wants is a fact of ir/targets.def. */
#include <string.h>
#include "qir/pass.h"
#include "qir/support/map.h"
#include "qir/target_info.h"

typedef struct registration {
    qir_pass *pass;
    qir_level level;
    qir_map prepacked; /* weight -> its last prepack op */
} registration;

static qir_value *weight_of(const qir_op *op)
{
    qir_value *w = qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_ACCUM
                       ? qir_op_operand(op, (uint32_t)qir_op_desc_get(op->opcode)->qrule.weight)
                       : NULL;
    return w && w->type->kind == QIR_TENSOR && qir_value_const(w) ? w : NULL;
}

static int64_t groups_of(const qir_op *op)
{
    return qir_op_attr(op, "groups") ? qir_op_int(op, "groups") : 1;
}

static bool is_prepack_as(const qir_op *op, qir_packing packing, int64_t groups)
{
    return strcmp(qir_op_string(op, "packing"), qir_packing_get(packing)->name) == 0 &&
           qir_op_int(op, "groups") == groups;
}

/* Ops that share a weight and want it alike share the prepack op. */
static qir_op *prepack(registration *r, qir_op *op, qir_value *w, qir_packing packing)
{
    qir_op *seen = qir_map_get(&r->prepacked, w);
    if (seen && is_prepack_as(seen, packing, groups_of(op)))
        return seen;
    qir_builder b = qir_builder_before(op);
    const char *name = qir_packing_get(packing)->name;
    qir_context *ctx = b.module->ctx;
    qir_op *made = qir_build(&b, QIR_OP_prepack, QIR_OPERANDS(w),
                             QIR_ATTRS({"packing", qir_attr_string(ctx, name, strlen(name))},
                                       {"groups", qir_attr_int(ctx, groups_of(op))}),
                             NULL);
    if (made)
        qir_map_put(&r->prepacked, w, made);
    return made;
}

/* The packed form hides the kernel's sizes: convolutions carry them as an attribute. */
static void keep_kernel(qir_op *op, const qir_type *w)
{
    const qir_op_desc *d = qir_op_desc_get(op->opcode);
    qir_context *ctx = qir_op_module(op)->ctx;
    for (unsigned i = 0; i < d->nattrs; i++)
        if (strcmp(d->attrs[i].name, "kernel") == 0)
            qir_op_set_attr(op, qir_intern_cstr(ctx, "kernel"),
                            qir_attr_ints(ctx, w->dims + 2, w->rank - 2));
}

static bool register_op(registration *r, qir_op *op)
{
    qir_value *w = weight_of(op);
    qir_packing packing = w ? qir_level_packing(r->level, op) : QIR_PACKING_none;
    if (packing == QIR_PACKING_none || !qir_pass_may_transform(r->pass))
        return true;
    qir_op *p = prepack(r, op, w, packing);
    if (!p)
        return false;
    keep_kernel(op, w->type);
    qir_op_set_operand(op, (uint32_t)qir_op_desc_get(op->opcode)->qrule.weight, &p->results[0]);
    qir_pass_count(r->pass, "registered", 1);
    return true;
}

static bool register_func(registration *r, qir_func *f)
{
    bool ok = true;
    qir_for_each_op(op, f->body)
        ok = ok && register_op(r, op);
    qir_map_free(&r->prepacked);
    return ok;
}

static bool run(qir_pass *p, qir_module *m)
{
    registration r = {.pass = p};
    const char *level = qir_pass_string(p, "level");
    if (!qir_level_from_name(level, &r.level))
        return qir_error(
            qir_context_diag(m->ctx), m->loc, "target.level",
            "unknown level '%s'; expected a row of ir/targets.def such as avx2, neon or "
            "generic",
            level);
    qir_for_each_func(f, m)
        if (!register_func(&r, f))
            return false;
    return true;
}

static const qir_pass_option options[] = {
    {"level", QIR_OPT_STRING, "generic", "instruction set level whose kernels read the weights"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"registered", NULL};

QIR_PASS(
    register_prepack_params, .name = "register-prepack-params", .alias = "RegisterPrePackParams",
    .summary = "Routes constant weights through prepack, in the order a level's kernels read.",
    .doc = "Changes: weight operands of ops with rule ACCUM.\nRequires: final weights (after "
           "lower-qdq and relabel-storage).\nLeaves: values; prepack-weights evaluates the new "
           "ops.",
    .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_PACKED | QIR_STAGE_PLANNED, .options = options,
    .statistics = statistics, .run = run)
