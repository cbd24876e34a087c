/* Changes: gives every value the physical order in which its consumers run fastest, and inserts
 * relayouts where two orders meet.  Requires: static shapes.  Leaves: logical dimensions and values.
 *
 * One walk in program order.  Ops with trait NHWC (conv, pools) want channels innermost.  ANY_ORDER
 * ops take the order of their operands; constants among those are written in that order at compile
 * time.  A transpose gets whichever result order makes it the same bytes as its operand, if there
 * is one; it then is a view (qir_op_is_view) for plan-memory and code generation, as is a relayout
 * between orders that coincide (1x1 images, one channel).  All other ops, function arguments and
 * results are row-major. */
#include <string.h>
#include "qir/builder.h"
#include "qir/layout.h"
#include "qir/pass.h"
#include "qir/support/map.h"

struct layouts {
    qir_pass *pass;
    qir_module *m;
    qir_map relaid; /* value -> the same value in its other order (there are two) */
};

static bool can_be_nhwc(const qir_type *t)
{
    return t->kind == QIR_TENSOR && t->rank >= 3 && t->rank <= 5;
}

static void set_result_order(struct layouts *l, qir_op *op, qir_order order)
{
    const qir_type *t = op->results[0].type;
    if (order == QIR_ORDER_nhwc && !can_be_nhwc(t))
        order = QIR_ORDER_row_major;
    op->results[0].type = qir_type_with_order(l->m->ctx, t, order);
}

/* A constant of the same elements with leading 1s up to `rank`, in `order`. */
static qir_value *constant_in_order(struct layouts *l, qir_const *c, unsigned rank, qir_order order)
{
    const qir_type *t = c->value.type;
    int64_t dims[QIR_MAX_RANK];
    for (unsigned d = 0; d < rank; d++)
        dims[d] = d + t->rank < rank ? 1 : t->dims[d + t->rank - rank];
    t = qir_type_with_shape(l->m->ctx, t, dims, rank, c->loc);
    t = qir_type_with_order(l->m->ctx, t, order);
    const void *data = qir_const_data(c);
    return data ? &qir_const_create(l->m, c->value.name, t, data, false, c->loc)->value : NULL;
}

/* `v` in `order`, by a relayout before `user` or by one made earlier.  NULL: diagnosed. */
static qir_value *in_order(struct layouts *l, qir_value *v, unsigned rank, qir_order order,
                           qir_op *user)
{
    if (v->type->order == order && v->type->rank == rank)
        return v;
    qir_value *known = qir_map_get(&l->relaid, v);
    if (known && known->type->rank == rank)
        return known;
    qir_value *other;
    if (qir_value_const(v)) {
        other = constant_in_order(l, qir_value_const(v), rank, order);
    } else {
        qir_builder b = qir_builder_before(user);
        const qir_attr *name = qir_attr_string(l->m->ctx, qir_order_name(order),
                                               strlen(qir_order_name(order)));
        other = qir_build1(&b, QIR_OP_relayout, &v, 1, QIR_ATTRS({"order", name}),
                           qir_type_with_order(l->m->ctx, v->type, order));
        qir_pass_count(l->pass, "relayouts", 1);
    }
    qir_map_put(&l->relaid, v, other);
    return other;
}

static bool set_operand_order(struct layouts *l, qir_op *op, uint32_t i, unsigned rank,
                              qir_order order)
{
    qir_value *v = qir_op_operand(op, i);
    if (!v || v->type->kind != QIR_TENSOR)
        return true;
    qir_value *w = in_order(l, v, rank, order, op);
    if (w && w != v)
        qir_op_set_operand(op, i, w);
    return w;
}

static bool all_row_major(struct layouts *l, qir_op *op, uint32_t from)
{
    for (uint32_t i = from; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        if (v && !set_operand_order(l, op, i, v->type->rank, QIR_ORDER_row_major))
            return false;
    }
    return true;
}

static bool assign_nhwc(struct layouts *l, qir_op *op)
{
    const qir_type *t = qir_op_operand(op, 0)->type;
    set_result_order(l, op, QIR_ORDER_nhwc);
    return set_operand_order(l, op, 0, t->rank, QIR_ORDER_nhwc) && all_row_major(l, op, 1);
}

/* Can constant `v` be rewritten to another rank and order? */
static bool is_movable_constant(const qir_value *v)
{
    return qir_value_const(v) && (!v->type->quant || qir_quant_is_per_tensor(v->type->quant));
}

/* nhwc if an operand has it already and all others can follow. */
static qir_order common_order(const qir_op *op)
{
    unsigned rank = 0;
    bool any = false;
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        if (v && v->type->order == QIR_ORDER_nhwc) {
            rank = v->type->rank;
            any = true;
        }
    }
    for (uint32_t i = 0; any && i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        if (v && !is_movable_constant(v) && v->type->rank != rank)
            return QIR_ORDER_row_major;
        if (v && v->type->rank > rank)
            return QIR_ORDER_row_major;
    }
    return any ? QIR_ORDER_nhwc : QIR_ORDER_row_major;
}

static unsigned largest_rank(const qir_op *op)
{
    unsigned rank = 0;
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        rank = v && v->type->rank > rank ? v->type->rank : rank;
    }
    return rank;
}

static bool assign_any(struct layouts *l, qir_op *op)
{
    qir_order order = common_order(op);
    if (order == QIR_ORDER_row_major) {
        set_result_order(l, op, order);
        return all_row_major(l, op, 0);
    }
    unsigned rank = largest_rank(op);
    bool same_rank = op->results[0].type->rank == rank;
    set_result_order(l, op, same_rank ? order : QIR_ORDER_row_major);
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        bool scalar = v && qir_value_const(v) && qir_type_elements(v->type) == 1;
        if (!scalar && !set_operand_order(l, op, i, rank, order))
            return false;
    }
    return true;
}

static bool assign_transpose(struct layouts *l, qir_op *op)
{
    static const qir_order orders[] = {QIR_ORDER_row_major, QIR_ORDER_nhwc};
    size_t n;
    const int64_t *perm = qir_op_ints(op, "perm", &n);
    const qir_type *from = qir_op_operand(op, 0)->type, *to = op->results[0].type;
    for (size_t i = 0; i < 2; i++) {
        if (orders[i] == QIR_ORDER_nhwc && !can_be_nhwc(to))
            continue;
        set_result_order(l, op, orders[i]);
        if (qir_layout_agrees(from, perm, op->results[0].type)) {
            qir_pass_count(l->pass, "free-transposes", 1);
            return true;
        }
    }
    set_result_order(l, op, QIR_ORDER_row_major);
    return all_row_major(l, op, 0);
}

static bool assign(struct layouts *l, qir_op *op)
{
    const qir_value *x = qir_op_operand(op, 0);
    if (op->opcode == QIR_OP_relayout)
        return true;
    if (op->opcode == QIR_OP_transpose)
        return assign_transpose(l, op);
    if (x && qir_op_has_trait(op, QIR_TRAIT_NHWC) && can_be_nhwc(x->type))
        return assign_nhwc(l, op);
    if (x && op->nresults == 1 && qir_op_has_trait(op, QIR_TRAIT_ANY_ORDER))
        return assign_any(l, op);
    return all_row_major(l, op, 0);
}

static bool run(qir_pass *p, qir_module *m)
{
    bool ok = true;
    qir_for_each_func(f, m) {
        struct layouts l = {.pass = p, .m = m};
        qir_for_each_op(op, f->body)
            ok = ok && assign(&l, op);
        qir_map_free(&l.relaid);
    }
    return ok;
}

static const char *const statistics[] = {"relayouts", "free-transposes", NULL};

QIR_PASS(assign_layouts, .name = "assign-layouts",
         .summary = "Choose physical orders and insert relayouts.",
         .doc = "Convolutions and pools on tensors of rank 3 to 5 run in order `nhwc`; elementwise ops "
                "follow their operands; everything else, arguments and results are row-major.\n"
                "\n"
                "A relayout or transpose whose operand and result are the same bytes costs nothing: "
                "later passes treat it as a view.\n"
                "\n"
                "Changes: result orders, relayouts, constants of elementwise ops. "
                "Requires: static shapes. Leaves: logical shapes and values.",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_LAYOUTS | QIR_STAGE_PLANNED,
         .sets = QIR_STAGE_LAYOUTS, .statistics = statistics, .run = run)
