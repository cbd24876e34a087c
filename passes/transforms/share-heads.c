/* Changes: attention over keys and values that were repeated for groups of query heads reads them as
 * they are: the heads of a group become a dimension along which they broadcast.  Requires: a simplified
 * module.  Leaves: values.
 *
 *   attention(q [.., H*G, L, E], repeated k, repeated v, mask)
 *     -> reshape(attention(q [.., H, G, L, E], k [.., H, 1, S, E], v [.., H, 1, S, V], mask'))
 * repeated: reshape(expand(x)) of x [.., H, 1, S, E]. */
#include "qir/builder.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"

/* x [.., H, 1, S, E] if `v` is that, repeated; else NULL. */
static qir_value *unrepeated(qir_value *v)
{
    const qir_op *join = qir_value_op(v);
    const qir_op *expand = join && join->opcode == QIR_OP_reshape ? qir_op_feeder(join, 0, QIR_OP_expand)
                                                                  : NULL;
    qir_value *x = expand ? qir_op_operand(expand, 0) : NULL;
    unsigned rank = x ? x->type->rank : 0;
    if (rank < 4 || v->type->rank + 1 != rank || expand->results[0].type->rank != rank)
        return NULL;
    const int64_t *from = x->type->dims, *to = expand->results[0].type->dims;
    for (unsigned d = 0; d < rank; d++)
        if (d == rank - 3 ? from[d] != 1 : from[d] != to[d])
            return NULL;
    for (unsigned d = 0; d < rank - 1; d++) { /* the two dimensions of heads are joined */
        int64_t want = d < rank - 4 ? to[d] : d == rank - 4 ? to[d] * to[d + 1] : to[d + 1];
        if (v->type->dims[d] != want)
            return NULL;
    }
    return x;
}

static qir_value *reshaped(qir_builder *b, qir_value *v, const int64_t *dims, unsigned rank)
{
    return qir_build1(b, QIR_OP_reshape, QIR_OPERANDS(v),
                      QIR_ATTRS({"shape", qir_attr_ints(b->module->ctx, dims, rank)}), NULL);
}

/* The dimension of heads, third from the end, as [heads, group]; 1 becomes [1, 1]. */
static qir_value *split(qir_builder *b, qir_value *v, int64_t group)
{
    const qir_type *t = v->type;
    int64_t dims[QIR_MAX_RANK + 1];
    unsigned at = t->rank - 3;
    for (unsigned d = 0; d < t->rank; d++)
        dims[d > at ? d + 1 : d] = t->dims[d];
    group = t->dims[at] == 1 ? 1 : group;
    dims[at] = t->dims[at] / group;
    dims[at + 1] = group;
    return reshaped(b, v, dims, t->rank + 1);
}

static bool share(qir_pass *p, qir_op *op)
{
    qir_value *q = qir_op_operand(op, 0), *mask = qir_op_operand(op, 3);
    qir_value *k = unrepeated(qir_op_operand(op, 1)), *v = unrepeated(qir_op_operand(op, 2));
    if (!k || !v || q->type->rank + 1 != k->type->rank || v->type->rank != k->type->rank ||
        k->type->dims[k->type->rank - 4] != v->type->dims[k->type->rank - 4])
        return false;
    int64_t heads = q->type->dims[q->type->rank - 3], shared = k->type->dims[k->type->rank - 4];
    if (shared == 0 || heads != qir_op_operand(op, 1)->type->dims[q->type->rank - 3] ||
        !qir_pass_may_transform(p))
        return false;
    qir_builder b = qir_builder_before(op);
    bool headed = mask && mask->type->rank >= 3;
    qir_value *in[4] = {split(&b, q, heads / shared), k, v,
                        headed ? split(&b, mask, heads / shared) : mask};
    qir_op *made = qir_build_dict(&b, QIR_OP_attention, in, mask ? 4 : 3, op->attrs,
                                  &(const qir_type *){NULL});
    const qir_type *y = op->results[0].type;
    qir_value *joined = made ? reshaped(&b, &made->results[0], y->dims, y->rank) : NULL;
    if (joined)
        qir_replace_op(op, joined);
    return joined;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if (op->opcode == QIR_OP_attention && share(p, op))
                qir_pass_count(p, "shared", 1);
    return true;
}

static const char *const statistics[] = {"shared", NULL};

QIR_PASS(share_heads, .name = "share-heads",
         .summary = "Attention reads keys and values that query heads share without repeating them.",
         .doc = "Changes: attention whose keys and values are `reshape(expand(x))`. "
                "Requires: a simplified module. Leaves: values.",
         .excludes = QIR_STAGE_LAYOUTS | QIR_STAGE_PLANNED, .statistics = statistics, .run = run)
