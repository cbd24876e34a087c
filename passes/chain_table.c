/* The chains that passes/chains.def lists, and the conditions on shapes that some have. */
#include "chain.h"

#include <math.h>
#include <string.h>

/* The axes attribute A is the trailing dimensions of x: the first of them as `axis`. */
static bool trailing(chain_match *m)
{
    const qir_attr *axes = chain_attribute(m, "A");
    unsigned rank = chain_value(m, "x")->type->rank;
    for (size_t i = 0; i < axes->len; i++)
        if (axes->u.ints[i] != (int64_t)(rank - axes->len + i))
            return false;
    chain_bind_attr(m, "axis", qir_attr_int(qir_op_module(m->root)->ctx, axes->u.ints[0]));
    return axes->len > 0;
}

/* The axes attribute A is one dimension: as `axis`. */
static bool single(chain_match *m)
{
    const qir_attr *axes = chain_attribute(m, "A");
    if (axes->len != 1)
        return false;
    chain_bind_attr(m, "axis", qir_attr_int(qir_op_module(m->root)->ctx, axes->u.ints[0]));
    return true;
}

/* Parameter `p` has the dimensions of x from `axis` on, with leading 1s or not; they become `shape`
 * of a reshape. */
static bool covers(chain_match *m, const char *name, const char *shape)
{
    const qir_type *x = chain_value(m, "x")->type, *p = chain_value(m, name)->type;
    unsigned axis = (unsigned)chain_attribute(m, "axis")->u.i, n = x->rank - axis;
    if (p->dtype != x->dtype || p->quant || p->rank < n || p->rank > x->rank)
        return false;
    for (unsigned i = 0; i < p->rank; i++)
        if (p->dims[i] != (i + n < p->rank ? 1 : x->dims[x->rank - p->rank + i]))
            return false;
    chain_bind_attr(m, shape, qir_attr_ints(qir_op_module(m->root)->ctx, x->dims + axis, n));
    return true;
}

static bool scaled(chain_match *m)
{
    return covers(m, "g", "S");
}

static bool shifted(chain_match *m)
{
    return covers(m, "b", "S");
}

static bool scaled_and_shifted(chain_match *m)
{
    return trailing(m) && covers(m, "g", "S") && covers(m, "b", "T");
}

static bool slope(chain_match *m)
{
    double a = chain_number(m, "a");
    return a >= 0 && a <= 1;
}

/* `b` broadcasts to the shape of `y`, no more. */
static bool broadcasts_to(const qir_type *b, const qir_type *y)
{
    for (unsigned i = 0; i < b->rank && b->rank <= y->rank; i++)
        if (b->dims[i] != 1 && b->dims[i] != y->dims[y->rank - b->rank + i])
            return false;
    return b->rank <= y->rank;
}

/* attention: softmax over the last dimension of the scores [.., L, S]; keys transposed back to
 * [.., S, E]. */
static bool attends(chain_match *m)
{
    const qir_type *k = chain_value(m, "k")->type, *scores = chain_value(m, "scores")->type;
    const qir_value *mask = chain_value(m, "mask");
    int64_t perm[QIR_MAX_RANK];
    if (k->rank < 2 || chain_attribute(m, "A")->u.i != (int64_t)scores->rank - 1 ||
        (mask && !broadcasts_to(mask->type, scores)))
        return false;
    for (unsigned i = 0; i < k->rank; i++)
        perm[i] = i + 2 < k->rank ? i : k->rank - 1 - (i + 2 - k->rank);
    chain_bind_attr(m, "P", qir_attr_ints(qir_op_module(m->root)->ctx, perm, k->rank));
    chain_bind_number(m, "scale",
                      chain_number(m, "s") * chain_number(m, "t") * chain_number(m, "u"));
    return true;
}

/* Whether every row of the constant mask lets something through. */
static bool lets_through(const qir_value *mask)
{
    qir_const *c = qir_value_const(mask);
    const qir_type *t = mask->type;
    if (!c || !qir_type_is_static(t) || t->rank == 0)
        return false;
    const uint8_t *data = qir_const_data(c);
    int64_t n = qir_type_elements(t), row = t->dims[t->rank - 1];
    for (int64_t i = 0; data && i < n; i += row)
        if (!memchr(data + i, 1, (size_t)row))
            return false;
    return data != NULL;
}

/* Scores left out are #low.  A row that is left out altogether is attention's 0, but NaN or a mean in
 * the chain: NaN does not matter, and with finite numbers there must be no such row. */
static bool attends_where(chain_match *m)
{
    double low = chain_number(m, "low");
    return low <= -1e4 && attends(m) && (low == -INFINITY || lets_through(chain_value(m, "mask")));
}

#define ALWAYS NULL
#define CHAIN(condition, result, pattern) {result, pattern, condition},
const chain chain_table[] = {
#include "chains.def"
};
#undef CHAIN
const size_t chain_count = sizeof chain_table / sizeof chain_table[0];
