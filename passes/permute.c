/* Attributes that belong to dimensions, by op, and their permutation. */
#include "permute.h"

#include <string.h>
#include "patterns.h"
#include "qir/support/bug.h"

/* Elementwise ops have none. */
enum attr_form { PER_DIM, ONE_AXIS, AXES };

static const struct {
    qir_opcode opcode;
    const char *attr;
    enum attr_form form;
} attributes[] = {
    {QIR_OP_pad, "pads", PER_DIM},         {QIR_OP_slice, "starts", PER_DIM},
    {QIR_OP_slice, "ends", PER_DIM},       {QIR_OP_slice, "steps", PER_DIM},
    {QIR_OP_concat, "axis", ONE_AXIS},     {QIR_OP_softmax, "axis", ONE_AXIS},
    {QIR_OP_log_softmax, "axis", ONE_AXIS}, {QIR_OP_reduce_mean, "axes", AXES},
    {QIR_OP_reduce_sum, "axes", AXES},     {QIR_OP_reduce_max, "axes", AXES},
    {QIR_OP_reduce_min, "axes", AXES},     {QIR_OP_resize, "sizes", PER_DIM},
    {QIR_OP_resize, "scales", PER_DIM},
};
enum { NATTRIBUTES = sizeof attributes / sizeof attributes[0] };

permutation permutation_inverse(const permutation *p)
{
    permutation q = {.rank = p->rank};
    for (unsigned i = 0; i < p->rank; i++)
        q.of[p->of[i]] = i;
    return q;
}

permutation permutation_to_last(unsigned rank)
{
    permutation p = {.rank = rank};
    for (unsigned i = 1; i < rank; i++)
        p.of[i] = i + 1 < rank ? i + 1 : 1;
    return p;
}

/* --- attributes ------------------------------------------------------------------------------- */
static const qir_attr *permute_list(qir_context *ctx, const qir_attr *a, const permutation *p)
{
    int64_t ints[2 * QIR_MAX_RANK];
    float floats[2 * QIR_MAX_RANK];
    if (a->len % p->rank)
        return a; /* a single entry repeats */
    for (size_t i = 0; i < a->len; i++) {
        size_t to = i / p->rank * p->rank + (size_t)p->of[i % p->rank];
        if (a->kind == QIR_ATTR_INTS)
            ints[to] = a->u.ints[i];
        else
            floats[to] = a->u.floats[i];
    }
    return a->kind == QIR_ATTR_INTS ? qir_attr_ints(ctx, ints, a->len)
                                    : qir_attr_floats(ctx, floats, a->len);
}

static const qir_attr *permute_axes(qir_context *ctx, const qir_attr *a, const permutation *p)
{
    int64_t axes[QIR_MAX_RANK];
    size_t n = 0;
    for (int64_t d = 0; d < p->rank; d++)
        for (size_t i = 0; i < a->len; i++)
            if (p->of[a->u.ints[i]] == d)
                axes[n++] = d;
    return qir_attr_ints(ctx, axes, n);
}

static const qir_attr *permute(qir_context *ctx, const qir_attr *a, enum attr_form form,
                               const permutation *p)
{
    switch (form) {
    case ONE_AXIS: return QIR_BUG(6) ? a : qir_attr_int(ctx, p->of[a->u.i]);
    case AXES: return permute_axes(ctx, a, p);
    case PER_DIM: return permute_list(ctx, a, p);
    }
    return a;
}

const qir_dict *permuted_attrs(const qir_op *op, const permutation *p)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const qir_dict *attrs = op->attrs;
    for (size_t i = 0; i < NATTRIBUTES; i++)
        if (attributes[i].opcode == op->opcode)
            attrs = canon_attr(op, attrs, attributes[i].attr,
                               permute(ctx, qir_op_attr(op, attributes[i].attr),
                                       attributes[i].form, p));
    return attrs;
}

static bool is_resized(const qir_op *op, unsigned d)
{
    const qir_attr *scales = qir_op_attr(op, "scales");
    bool scaled = d < scales->len && scales->u.floats[d] != 1.0f;
    return scaled || op->operands[0].value->type->dims[d] != op->results[0].type->dims[d];
}

/* Interpolation sums over the resized dimensions in their order, and rounds. */
static bool keeps_order(const qir_op *op, const permutation *p)
{
    if (!strcmp(qir_op_string(op, "mode"), "nearest"))
        return true;
    for (unsigned i = 0; i < p->rank; i++)
        for (unsigned j = i + 1; j < p->rank; j++)
            if (p->of[i] > p->of[j] && is_resized(op, i) && is_resized(op, j))
                return false;
    return true;
}

bool permutes(const qir_op *op, const permutation *p)
{
    if (op->opcode == QIR_OP_resize && (qir_op_attr(op, "roi")->len || !keeps_order(op, p)))
        return false;
    for (size_t i = 0; i < NATTRIBUTES; i++)
        if (attributes[i].opcode == op->opcode)
            return attributes[i].form != AXES || qir_op_bool(op, "keepdims");
    return qir_op_has_trait(op, QIR_TRAIT_ELEMENTWISE) && qir_op_has_trait(op, QIR_TRAIT_PURE);
}
