/* prepack-weights: evaluates prepack ops over constants.  Packed constants are named
 * <weight>.<packing>; equal ones are stored once; weights that nothing reads any more are dropped.
 */
#include "qir/pack.h"
#include "qir/pass.h"
#include "qir/support/map.h"

typedef struct packer {
    qir_pass *pass;
    qir_module *module;
    qir_map by_bytes; /* packed bytes -> constant */
} packer;

static qir_const *packed_const(packer *p, const qir_op *op, const qir_const *w, const void *data,
                               size_t bytes)
{
    const qir_type *type = op->results[0].type;
    qir_const *c = qir_strmap_get(&p->by_bytes, data, bytes);
    if (c && c->value.type == type)
        return c;
    const char *name = qir_arena_printf(p->module->arena, "%s.%s", w->value.name,
                                        qir_packing_get(type->packing)->name);
    c = qir_const_create(p->module, name, type, data, false, w->loc);
    qir_strmap_put(&p->by_bytes, data, bytes, c);
    return c;
}

static bool pack(packer *p, qir_op *op)
{
    qir_const *w = qir_value_const(qir_op_operand(op, 0));
    const qir_type *type = op->results[0].type;
    const void *src = w ? qir_const_data(w) : NULL;
    qir_pack_shape shape;
    if (!w)
        return qir_error(qir_context_diag(p->module->ctx), op->loc, "prepack.constant",
                         "prepack needs a constant weight");
    if (!src)
        return false;
    if (!qir_pack_shape_get(type->packing, type->logical, qir_op_int(op, "groups"), &shape))
        return qir_error(qir_context_diag(p->module->ctx), op->loc, "prepack.shape",
                         "packing %s does not apply to this weight",
                         qir_packing_get(type->packing)->name);
    size_t bytes = qir_pack_bytes(&shape);
    void *data = qir_arena_alloc(p->module->arena, bytes);
    qir_pack(&shape, type->logical, src, data);
    qir_replace_op(op, &packed_const(p, op, w, data, bytes)->value);
    qir_pass_count(p->pass, "packed", 1);
    qir_pass_count(p->pass, "bytes", (int64_t)bytes);
    return true;
}

static bool run(qir_pass *pass, qir_module *m)
{
    packer p = {.pass = pass, .module = m};
    bool ok = true;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if (ok && op->opcode == QIR_OP_prepack && qir_pass_may_transform(pass))
                ok = pack(&p, op);
    qir_map_free(&p.by_bytes);
    qir_erase_unused_consts(m);
    return ok;
}

static const char *const statistics[] = {"packed", "bytes", NULL};

QIR_PASS(prepack_weights, .name = "prepack-weights", .alias = "FoldQuantizedPrepackingOps",
         .summary = "Evaluates prepack of constants.",
         .doc = "Changes: `prepack` ops become packed constants.\nRequires: "
                "register-prepack-params.\nLeaves: values; the evaluator unpacks.",
         .excludes = QIR_STAGE_OBSERVED, .sets = QIR_STAGE_PACKED, .statistics = statistics,
         .run = run)
