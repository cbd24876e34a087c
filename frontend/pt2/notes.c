/* What quantizers want to know of the program, as notes: the classes of its modules, and where an op does
 * not come from the operator that it is named after. */
#include <string.h>
#include "pt2/import.h"
#include "qir/support/vec.h"

/* Quantizers of PyTorch know operators, and treat some that are one op here differently (a view hands
 * on the range of its operand, an unsqueeze does not).  Ops of these kinds that other operators were
 * translated to get the note `quant.source`. */
static const struct {
    qir_opcode opcode;
    const char *operators[6]; /* aten.<operator>.<overload> */
} known[] = {
    {QIR_OP_linear, {"linear.default"}},
    {QIR_OP_add, {"add.Tensor", "add_.Tensor"}},
    {QIR_OP_mul, {"mul.Tensor", "mul_.Tensor"}},
    {QIR_OP_concat, {"cat.default"}},
    {QIR_OP_relu, {"relu.default"}},
    {QIR_OP_clamp, {"hardtanh.default", "hardtanh_.default"}},
    {QIR_OP_max_pool, {"max_pool2d.default"}},
    {QIR_OP_reduce_mean, {"adaptive_avg_pool2d.default"}},
    {QIR_OP_avg_pool, {NULL}},
    {QIR_OP_transpose, {"permute.default", "permute_copy.default", "transpose.int"}},
    {QIR_OP_reshape, {"view.default", "view_copy.default", "reshape.default", "flatten.using_ints",
                      "squeeze.dim", "squeeze_copy.dim"}},
    {QIR_OP_slice, {"slice_copy.Tensor"}},
    {QIR_OP_pad, {NULL}},
};

static bool is_known(qir_opcode opcode, const char *target)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].opcode != opcode)
            continue;
        for (size_t k = 0; k < 6 && known[i].operators[k]; k++)
            if (strncmp(target, "aten.", 5) == 0 && !strcmp(target + 5, known[i].operators[k]))
                return true;
        return false;
    }
    return true;
}

void pt2_note_source(pt2_import *imp, const pt2_node *n, qir_op *last)
{
    qir_context *ctx = imp->fe.ctx;
    qir_block *body = imp->fe.b.block;
    for (qir_op *op = last ? last->next : body->first; op; op = op->next)
        if (!is_known(op->opcode, n->target))
            qir_op_set_attr(op, qir_intern_cstr(ctx, "quant.source"),
                            qir_attr_string(ctx, n->target, strlen(n->target)));
}

/* --- classes ----------------------------------------------------------------------------------- */

typedef struct classes {
    pt2_import *imp;
    qir_map seen; /* "path=Class" */
    QIR_VEC(const char *) list;
} classes;

static void add(classes *c, const char *text)
{
    if (qir_map_has(&c->seen, text))
        return;
    qir_map_put(&c->seen, text, c);
    qir_vec_push(&c->list, text);
}

/* "key,path,package.Class" */
static void add_entry(classes *c, const char *entry, size_t len)
{
    const char *path = memchr(entry, ',', len);
    const char *type = path ? memchr(path + 1, ',', (size_t)(entry + len - path - 1)) : NULL;
    if (!type)
        return;
    const char *name = type + 1;
    for (const char *p = name; p < entry + len; p++)
        name = *p == '.' ? p + 1 : name;
    fe_builder *fe = &c->imp->fe;
    add(c, qir_intern_cstr(fe->ctx, qir_arena_printf(fe->arena, "%.*s=%.*s", (int)(type - path - 1),
                                                     path + 1, (int)(entry + len - name), name)));
}

void pt2_note_classes(pt2_import *imp)
{
    classes c = {.imp = imp};
    for (size_t i = 0; i < imp->program.nnodes; i++)
        for (const char *s = imp->program.nodes[i].live ? imp->program.nodes[i].stack : ""; *s;) {
            size_t len = strcspn(s, ";");
            add_entry(&c, s, len);
            s += len + (s[len] == ';');
        }
    qir_module *m = imp->fe.m;
    if (c.list.len)
        m->attrs = qir_dict_set(m->ctx, m->attrs, qir_intern_cstr(m->ctx, "module.types"),
                                qir_attr_strings(m->ctx, c.list.data, c.list.len));
    qir_map_free(&c.seen);
    qir_vec_free(&c.list);
}
