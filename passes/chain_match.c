/* Matching of chains (chain.h): names, attributes, operands, members of bags. */
#include "chain.h"

#include <math.h>
#include <string.h>
#include "patterns.h"

static bool match(chain_match *m, const chain_node *n, qir_value *v);

/* --- bindings --------------------------------------------------------------------------------- */
static chain_binding *find(const chain_match *m, const char *name)
{
    for (unsigned i = 0; i < m->nbindings; i++)
        if (!strcmp(m->bindings[i].name, name))
            return (chain_binding *)&m->bindings[i];
    return NULL;
}

static bool bind(chain_match *m, chain_binding b)
{
    if (m->nbindings == sizeof m->bindings / sizeof m->bindings[0])
        return false;
    m->bindings[m->nbindings++] = b;
    return true;
}

qir_value *chain_value(const chain_match *m, const char *name)
{
    const chain_binding *b = find(m, name);
    return b ? b->value : NULL;
}

const qir_attr *chain_attribute(const chain_match *m, const char *name)
{
    const chain_binding *b = find(m, name);
    return b ? b->attr : NULL;
}

double chain_number(const chain_match *m, const char *name)
{
    const chain_binding *b = find(m, name);
    return b ? b->number : 0;
}

void chain_bind_attr(chain_match *m, const char *name, const qir_attr *attr)
{
    bind(m, (chain_binding){.name = name, .attr = attr});
}

void chain_bind_number(chain_match *m, const char *name, double number)
{
    bind(m, (chain_binding){.name = name, .number = number});
}

static bool bind_value(chain_match *m, const char *name, qir_value *v)
{
    const chain_binding *b = find(m, name);
    return b ? b->value == v : bind(m, (chain_binding){.name = name, .value = v});
}

/* The number of a bag: compared, or captured. */
static bool match_number(chain_match *m, const chain_node *n, double have)
{
    if (n->capture) {
        const chain_binding *b = find(m, n->capture);
        return b ? b->number == have
                 : bind(m, (chain_binding){.name = n->capture, .number = have});
    }
    return fabs(have - n->number) <= m->tolerance * fabs(n->number);
}

static bool take_op(chain_match *m, qir_op *op)
{
    for (unsigned i = 0; i < m->nops; i++)
        if (m->ops[i] == op)
            return true;
    if (m->nops == sizeof m->ops / sizeof m->ops[0])
        return false;
    m->ops[m->nops++] = op;
    return true;
}

/* --- attributes ------------------------------------------------------------------------------- */
static double attr_number(const qir_attr *a)
{
    switch (a->kind) {
    case QIR_ATTR_BOOL: return a->u.b;
    case QIR_ATTR_INT: return (double)a->u.i;
    case QIR_ATTR_FLOAT: return (double)a->u.f;
    default: return NAN;
    }
}

static bool match_attr(chain_match *m, const chain_attr *want, const qir_attr *have)
{
    if (!want->bound) {
        double x = want->literal ? !strcmp(want->literal, "true") : want->number;
        return have && fabs(attr_number(have) - x) <= m->tolerance * fabs(x);
    }
    const chain_binding *b = find(m, want->bound);
    return b ? b->attr == have : bind(m, (chain_binding){.name = want->bound, .attr = have});
}

static const chain_attr *mentioned(const chain_node *n, const char *name)
{
    for (unsigned i = 0; i < n->nattrs; i++)
        if (!strcmp(n->attrs[i].name, name))
            return &n->attrs[i];
    return NULL;
}

static bool match_attrs(chain_match *m, const chain_node *n, const qir_op *op)
{
    const qir_op_desc *d = qir_op_desc_get(op->opcode);
    qir_context *ctx = qir_op_module(op)->ctx;
    for (unsigned i = 0; i < d->nattrs; i++) {
        const char *name = d->attrs[i].name;
        const qir_attr *have = qir_op_attr(op, name);
        const chain_attr *want = mentioned(n, name);
        bool fits = want ? match_attr(m, want, have)
                         : have == qir_op_default_attr(ctx, op->opcode, name);
        if (!fits)
            return false;
    }
    return true;
}

/* --- operands --------------------------------------------------------------------------------- */
static bool match_operands(chain_match *m, const chain_node *n, const qir_op *op, bool swapped)
{
    for (unsigned i = 0; i < n->nparts; i++)
        if (!match(m, n->parts[i], qir_op_operand(op, swapped ? 1 - i : i)))
            return false;
    for (uint32_t i = n->nparts; i < op->noperands; i++)
        if (qir_op_operand(op, i))
            return false;
    return true;
}

static bool match_op(chain_match *m, const chain_node *n, qir_value *v)
{
    qir_op *op = qir_value_op(v);
    if (!op || op->opcode != n->opcode || op->nresults != 1 || !take_op(m, op) ||
        !match_attrs(m, n, op))
        return false;
    chain_match saved = *m;
    if (match_operands(m, n, op, false))
        return true;
    *m = saved;
    return qir_op_has_trait(op, QIR_TRAIT_COMMUTATIVE) && match_operands(m, n, op, true);
}

/* --- bags ------------------------------------------------------------------------------------- */
/* Pattern members from `i` on against the members of `b` that are left. */
static bool match_members(chain_match *m, const chain_node *n, unsigned i, const chain_bag *b,
                          unsigned taken)
{
    if (i == n->nparts)
        return true;
    for (unsigned k = 0; k < b->n; k++) {
        if (taken >> k & 1 || b->powers[k] != n->powers[i])
            continue;
        chain_match saved = *m;
        if (match(m, n->parts[i], b->values[k]) && match_members(m, n, i + 1, b, taken | 1u << k))
            return true;
        *m = saved;
    }
    return false;
}

static bool match_bag(chain_match *m, const chain_node *n, const chain_bag *b)
{
    if (b->n != n->nparts || !match_number(m, n, b->number))
        return false;
    for (unsigned i = 0; i < b->nops; i++)
        if (!take_op(m, b->ops[i]))
            return false;
    return match_members(m, n, 0, b, 0);
}

/* Taken apart, else as one member: mul(#s, x) matches a product that as a whole is x, and a product
 * with other uses is no scaled x. */
static bool match_collected(chain_match *m, const chain_node *n, qir_value *v)
{
    chain_match saved = *m;
    chain_bag b;
    bool scaling = n->nparts == 1 && n->powers[0] == 1.0 && v != &m->root->results[0];
    if (chain_collect(v, n->opcode, !scaling, &b) && match_bag(m, n, &b))
        return true;
    *m = saved;
    chain_bag whole = {.values = {v}, .powers = {1.0}, .n = 1, .number = chain_neutral(n->opcode)};
    return match_bag(m, n, &whole);
}

/* --- patterns --------------------------------------------------------------------------------- */
static bool match(chain_match *m, const chain_node *n, qir_value *v)
{
    if (n->kind == CHAIN_ABSENT || !v)
        return n->kind == CHAIN_ABSENT && !v;
    if (n->kind == CHAIN_NAME)
        return (!n->constant || qir_value_const(v)) && bind_value(m, n->name, v);
    bool ok = n->kind == CHAIN_OP ? match_op(m, n, v) : match_collected(m, n, v);
    return ok && (!n->name || bind_value(m, n->name, v));
}

static bool matched(const chain_match *m, const qir_op *op)
{
    for (unsigned i = 0; i < m->nops; i++)
        if (m->ops[i] == op)
            return true;
    return false;
}

static bool used_inside_only(const chain_match *m)
{
    for (unsigned i = 0; i < m->nops; i++)
        for (const qir_use *u = m->ops[i]->results[0].uses; u && m->ops[i] != m->root; u = u->next)
            if (!matched(m, u->user))
                return false;
    return true;
}

bool chain_matches(chain_match *m, const chain_node *pattern)
{
    return match(m, pattern, &m->root->results[0]) && matched(m, m->root) && used_inside_only(m);
}
