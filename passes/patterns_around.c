/* Ops that move elements, around other ops: reshapes around an op of one operand, expand before an op
 * that broadcasts, slice behind a concat. */
#include "patterns.h"

static qir_context *ctx_of(const qir_op *op)
{
    return qir_op_module(op)->ctx;
}

/* reshape(f(reshape(x))) -> reshape(f(x)), f of one operand: dimensions of size 1 that were added for
 * a neighbour vanish between the two. */
static bool reshape_around(const canon *c, qir_op *op)
{
    qir_op *f = qir_value_op(qir_op_operand(op, 0));
    qir_op *inner = f ? qir_op_feeder(f, 0, QIR_OP_reshape) : NULL;
    if (!inner || f->noperands != 1 || f->nresults != 1 || !qir_value_has_one_use(&f->results[0]) ||
        !qir_op_has_trait(f, QIR_TRAIT_ELEMENTWISE) || !qir_op_has_trait(f, QIR_TRAIT_PURE))
        return false;
    qir_value *x = qir_op_operand(inner, 0);
    const qir_type *y = f->results[0].type;
    if ((y->quant && !qir_quant_is_per_tensor(y->quant)) ||
        (x->type->quant && !qir_quant_is_per_tensor(x->type->quant)) || !canon_begin(c))
        return false;
    qir_builder b = qir_rewriter_builder(c->rw, op);
    const qir_type *type = qir_type_with_shape(ctx_of(op), y, x->type->dims, x->type->rank, f->loc);
    qir_op *made = qir_build_dict(&b, f->opcode, QIR_OPERANDS(x), f->attrs, &type);
    if (!made)
        return false;
    made->results[0].name = f->results[0].name;
    canon_set_operand(c, op, 0, &made->results[0]);
    return true;
}

/* Does `user` get its dimensions from broadcasting anyway, when it reads what `expand` reads? */
static bool broadcasts_without(const qir_op *user, const qir_op *expand)
{
    if (user->noperands != 2 || !qir_op_has_trait(user, QIR_TRAIT_CLAMPED) ||
        !qir_op_has_trait(user, QIR_TRAIT_ELEMENTWISE))
        return false;
    const qir_type *y = user->results[0].type;
    if (!qir_type_is_static(y))
        return false;
    for (unsigned d = 0; d < y->rank; d++) {
        bool found = false;
        for (uint32_t i = 0; i < 2; i++) {
            const qir_value *v = qir_op_operand(user, i);
            const qir_type *t = v == &expand->results[0] ? qir_op_operand(expand, 0)->type : v->type;
            found = found || (d + t->rank >= y->rank && t->dims[d + t->rank - y->rank] == y->dims[d]);
        }
        if (!found)
            return false;
    }
    return true;
}

/* add(expand(x), y) -> add(x, y) */
static bool expand_for_broadcast(const canon *c, qir_op *op)
{
    qir_for_each_use(u, &op->results[0]) {
        qir_op *user = u->user;
        if (!broadcasts_without(user, op) || !canon_begin(c))
            continue;
        for (uint32_t i = 0; i < 2; i++)
            if (qir_op_operand(user, i) == &op->results[0])
                canon_set_operand(c, user, i, qir_op_operand(op, 0));
        return true;
    }
    return false;
}

/* The operand of `concat` that holds [start, end) of its axis, and where that operand begins. */
static qir_value *part_with(const qir_op *concat, int64_t axis, int64_t start, int64_t end,
                            int64_t *begin)
{
    *begin = 0;
    for (uint32_t i = 0; i < concat->noperands; i++) {
        qir_value *v = qir_op_operand(concat, i);
        int64_t size = v->type->dims[axis];
        if (start >= *begin && end <= *begin + size)
            return v;
        *begin += size;
    }
    return NULL;
}

static const qir_attr *shifted(const qir_op *op, const char *name, int64_t axis, int64_t by)
{
    size_t n;
    int64_t list[QIR_MAX_RANK];
    const int64_t *old = qir_op_ints(op, name, &n);
    for (size_t i = 0; i < n; i++)
        list[i] = old[i] - ((int64_t)i == axis ? by : 0);
    return qir_attr_ints(ctx_of(op), list, n);
}

/* slice(concat(x, y)) -> slice(y) where that is all it takes */
static bool slice_concat(const canon *c, qir_op *op)
{
    qir_op *concat = qir_op_feeder(op, 0, QIR_OP_concat);
    if (!concat || !qir_type_is_static(concat->results[0].type))
        return false;
    size_t n, nsteps;
    int64_t axis = qir_op_int(concat, "axis"), begin;
    const int64_t *starts = qir_op_ints(op, "starts", &n), *ends = qir_op_ints(op, "ends", &n);
    const int64_t *steps = qir_op_ints(op, "steps", &nsteps);
    qir_value *part = part_with(concat, axis, starts[axis], ends[axis], &begin);
    if (!part || steps[nsteps == 1 ? 0 : axis] < 1 || !canon_begin(c))
        return false;
    const qir_attr *from = shifted(op, "starts", axis, begin);
    qir_op_set_attr(op, "ends", shifted(op, "ends", axis, begin));
    qir_op_set_attr(op, "starts", from);
    canon_set_operand(c, op, 0, part);
    return true;
}

const canon_pattern canon_around_patterns[] = {
    {QIR_OP_reshape, reshape_around},
    {QIR_OP_expand, expand_for_broadcast},
    {QIR_OP_slice, slice_concat},
};
const size_t canon_naround = sizeof canon_around_patterns / sizeof canon_around_patterns[0];
