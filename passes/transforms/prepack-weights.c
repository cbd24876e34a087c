/* prepack-weights: evaluates prepack ops over constants.  Packed constants are named
 * <weight>.<packing>, and equal ones are stored once, unless a prepack says its name (or TorchScript's are
 * asked for); weights that nothing reads any more are dropped. */
#include "qir/pack.h"
#include "qir/pass.h"
#include "qir/support/map.h"

typedef struct packer {
    qir_pass *pass;
    qir_module *module;
    qir_map by_bytes; /* packed bytes -> constant */
    int64_t uid;      /* of TorchScript's names, per function */
} packer;

/* A name that its constant has to itself, or NULL. */
static const char *own_name(packer *p, const qir_op *op, const char *method)
{
    const qir_attr *name = qir_op_attr(op, "name");
    if (name)
        return name->u.s;
    return qir_pass_bool(p->pass, "jit-names")
               ? qir_arena_printf(p->module->arena, "quantized_%s._jit_pass_packed_weight_%lld", method,
                                  (long long)p->uid++)
               : NULL;
}

static qir_const *packed_const(packer *p, const qir_op *op, const char *name, const void *data, size_t bytes)
{
    const qir_type *type = op->results[0].type;
    const qir_value *w = qir_op_operand(op, 0);
    qir_const *c = name ? NULL : qir_strmap_get(&p->by_bytes, data, bytes);
    if (c && c->value.type == type)
        return c;
    const char *derived = qir_arena_printf(p->module->arena, "%s.%s", w->name,
                                           qir_packing_get(type->packing)->name);
    c = qir_const_create(p->module, name ? name : derived, type, data, false, qir_value_const(w)->loc);
    if (!name)
        qir_strmap_put(&p->by_bytes, data, bytes, c);
    return c;
}

static bool pack(packer *p, qir_op *op, const char *method)
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
    qir_replace_op(op, &packed_const(p, op, own_name(p, op, method), data, bytes)->value);
    qir_pass_count(p->pass, "packed", 1);
    qir_pass_count(p->pass, "bytes", (int64_t)bytes);
    return true;
}

static bool run(qir_pass *pass, qir_module *m)
{
    packer p = {.pass = pass, .module = m};
    bool ok = true;
    qir_for_each_func(f, m) {
        p.uid = 0;
        qir_for_each_op(op, f->body)
            if (ok && op->opcode == QIR_OP_prepack && qir_pass_may_transform(pass))
                ok = pack(&p, op, f->name);
    }
    qir_map_free(&p.by_bytes);
    qir_erase_unused_consts(m);
    return ok;
}

static const qir_pass_option options[] = {
    {"jit-names", QIR_OPT_BOOL, "false",
     "call constants `quantized_<method>._jit_pass_packed_weight_<uid>`, uid in program order"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"packed", "bytes", NULL};

QIR_PASS(prepack_weights, .name = "prepack-weights", .alias = "FoldQuantizedPrepackingOps{jit-names=true}",
         .summary = "Evaluates prepack of constants.",
         .doc = "Changes: `prepack` ops become packed constants.\nRequires: "
                "register-prepack-params or insert-prepack-unpack.\nLeaves: values; the evaluator unpacks.",
         .excludes = QIR_STAGE_OBSERVED, .sets = QIR_STAGE_PACKED, .options = options,
         .statistics = statistics, .run = run)
