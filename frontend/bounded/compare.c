/* What differs between two imports of one model with different sizes of a dimension. */
#include <stdarg.h>
#include <string.h>

#include "bounded/bounded.h"
#include "qir/support/assert.h"
#include "qir/support/strbuf.h"

bool bounded_error(bounded *b, const qir_op *op, const char *fmt, ...)
{
    qir_strbuf text = {0};
    va_list args;
    va_start(args, fmt);
    qir_strbuf_vprintf(&text, fmt, args);
    va_end(args);
    qir_error(b->diag, op ? op->loc : b->func->loc, "bind.bounded",
              "%s: the model can only be compiled for one size, -bind %s=N",
              qir_strbuf_cstr(&text), b->symbol);
    qir_strbuf_free(&text);
    b->failed = true;
    return false;
}

int64_t bounded_k(const bounded *b, const qir_value *v, unsigned dim)
{
    const bounded_mark *m = v ? qir_map_get(b->marks, v) : NULL;
    return m && m->who[dim] == b->id ? m->k[dim] : 0;
}

void bounded_copy_marks(bounded *b, const qir_value *from, const qir_value *to)
{
    bounded_mark *m = qir_map_get(b->marks, from);
    if (m)
        qir_map_put(b->marks, to, m);
}

/* --- dimensions -------------------------------------------------------------------------------- */
typedef struct comparison {
    bounded *b;
    int64_t size; /* of the other import */
    bool first;
    const qir_op *op; /* where we are */
    qir_map pairs;    /* our value -> the other's */
} comparison;

static bool set_mark(comparison *c, const qir_value *v, unsigned dim, int64_t k)
{
    bounded *b = c->b;
    bounded_mark *m = qir_map_get(b->marks, v);
    if (!c->first || (m && m->k[dim]))
        return bounded_k(b, v, dim) == k ||
               bounded_error(b, c->op, "dimension %u does not grow evenly with %s", dim, b->symbol);
    if (!m) {
        m = QIR_NEW(b->arena, bounded_mark);
        *m = (bounded_mark){.k = {0}};
        qir_map_put(b->marks, v, m);
    }
    m->k[dim] = k;
    m->who[dim] = b->id;
    return true;
}

static bool compare_dim(comparison *c, const qir_value *v, unsigned dim, int64_t d, int64_t e)
{
    bounded *b = c->b;
    if (d == e)
        return c->first || bounded_k(b, v, dim) == 0;
    if (d % b->max == 0 && e == d / b->max * c->size)
        return set_mark(c, v, dim, d / b->max);
    return bounded_error(b, c->op, "dimension %u is %lld at %s = %lld and %lld at %lld, no multiple",
                         dim, (long long)d, b->symbol, (long long)b->max, (long long)e,
                         (long long)c->size);
}

static bool compare_dims(comparison *c, const qir_value *v, const qir_value *w)
{
    const qir_type *t = v->type, *u = w->type;
    if (t->rank != u->rank || t->dtype != u->dtype)
        return bounded_error(c->b, c->op, "the type of a value depends on %s", c->b->symbol);
    for (unsigned i = 0; i < t->rank; i++)
        if (!compare_dim(c, v, i, t->dims[i], u->dims[i]))
            return false;
    return true;
}

static bool pair_values(comparison *c, qir_value *v, qir_value *w)
{
    qir_map_put(&c->pairs, v, w);
    return compare_dims(c, v, w);
}

/* --- constants --------------------------------------------------------------------------------- */
/* Is the other constant ours, cut to its dimensions? */
static bool is_prefix(const qir_type *t, const char *data, const qir_type *u, const char *other)
{
    size_t size = qir_dtype_bytes(t->dtype);
    int64_t index[QIR_MAX_RANK] = {0}, n = qir_type_elements(u);
    for (int64_t j = 0; j < n; j++, other += size) {
        int64_t at = 0;
        for (unsigned d = 0; d < t->rank; d++)
            at = at * t->dims[d] + index[d];
        if (memcmp(data + (size_t)at * size, other, size) != 0)
            return false;
        for (unsigned d = t->rank; d-- > 0 && ++index[d] == u->dims[d];)
            index[d] = 0;
    }
    return true;
}

static int64_t integer_at(const qir_type *t, const void *data, int64_t i)
{
    return t->dtype == QIR_i64 ? ((const int64_t *)data)[i] : ((const int32_t *)data)[i];
}

/* How `n` integers grow between the sizes.  False: not evenly. */
static bool find_steps(comparison *c, qir_map *map, const void *key, const int64_t *now,
                       const int64_t *then, int64_t n)
{
    bounded *b = c->b;
    bounded_steps *s = QIR_NEW(b->arena, bounded_steps);
    const bounded_steps *known = qir_map_get(map, key);
    int64_t *step = QIR_NEW_ARRAY(b->arena, int64_t, (size_t)n), by = b->max - c->size;
    for (int64_t i = 0; i < n; i++) {
        step[i] = (now[i] - then[i]) / by;
        if (step[i] * by != now[i] - then[i] || (known && known->step[i] != step[i]))
            return false;
    }
    s->step = step;
    if (!known)
        qir_map_put(map, key, s);
    return c->first || known;
}

static const int64_t *integers(const bounded *b, const qir_type *t, const void *data)
{
    int64_t n = qir_type_elements(t), *v = QIR_NEW_ARRAY(b->arena, int64_t, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        v[i] = integer_at(t, data, i);
    return v;
}

static bool compare_consts(comparison *c, qir_const *v, qir_const *w)
{
    const qir_type *t = v->value.type, *u = w->value.type;
    const void *ours = qir_const_data(v), *other = qir_const_data(w);
    if (!ours || !other || !pair_values(c, &v->value, &w->value))
        return false;
    if (!qir_type_same_shape(t, u))
        return is_prefix(t, ours, u, other) ||
               bounded_error(c->b, c->op, "the beginning of constant '@%s' depends on %s",
                             v->value.name, c->b->symbol);
    bool equal = memcmp(ours, other, qir_type_bytes(t)) == 0;
    if (equal && (c->first || !qir_map_get(&c->b->consts, v)))
        return true;
    if ((t->dtype == QIR_i64 || t->dtype == QIR_i32) &&
        find_steps(c, &c->b->consts, v, integers(c->b, t, ours), integers(c->b, t, other),
                   qir_type_elements(t)))
        return true;
    return bounded_error(c->b, c->op, "the value of constant '@%s' depends on %s", v->value.name,
                         c->b->symbol);
}

/* --- ops --------------------------------------------------------------------------------------- */
static bool compare_operand(comparison *c, qir_value *v, qir_value *w)
{
    qir_value *known = v ? qir_map_get(&c->pairs, v) : NULL;
    if (!v || !w)
        return !v && !w;
    if (known == w)
        return true;
    return v->kind == QIR_VALUE_CONST && w->kind == QIR_VALUE_CONST &&
           compare_consts(c, qir_value_const(v), qir_value_const(w));
}

/* Attributes that follow from the result's shape may differ; the starts of slices are rewritten. */
static bool may_differ(const qir_op *op, const char *name)
{
    static const struct {
        qir_opcode opcode;
        const char *attr;
    } rows[] = {{QIR_OP_reshape, "shape"}, {QIR_OP_expand, "shape"}, {QIR_OP_slice, "ends"},
                {QIR_OP_slice, "starts"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == op->opcode && strcmp(rows[i].attr, name) == 0)
            return true;
    return false;
}

static bool same_attr(const qir_attr *a, const qir_attr *b)
{
    size_t n = a->len;
    if (a->kind != b->kind || a->len != b->len)
        return false;
    switch (a->kind) {
    case QIR_ATTR_BOOL: return a->u.b == b->u.b;
    case QIR_ATTR_INT: return a->u.i == b->u.i;
    case QIR_ATTR_FLOAT: return memcmp(&a->u.f, &b->u.f, sizeof a->u.f) == 0;
    case QIR_ATTR_STRING: return memcmp(a->u.s, b->u.s, n) == 0;
    case QIR_ATTR_INTS: return memcmp(a->u.ints, b->u.ints, n * sizeof *a->u.ints) == 0;
    case QIR_ATTR_FLOATS: return memcmp(a->u.floats, b->u.floats, n * sizeof *a->u.floats) == 0;
    case QIR_ATTR_STRINGS:
    case QIR_ATTR_TYPE: break;
    }
    return false;
}

static bool compare_attrs(comparison *c, const qir_op *op, const qir_op *other)
{
    size_t n = op->attrs ? op->attrs->len : 0;
    if (n != (other->attrs ? other->attrs->len : 0))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *name = op->attrs->entries[i].name;
        const qir_attr *a = op->attrs->entries[i].value, *b = other->attrs->entries[i].value;
        if (strcmp(name, other->attrs->entries[i].name) != 0)
            return false;
        if (!may_differ(op, name) && !same_attr(a, b))
            return false;
        if (op->opcode == QIR_OP_slice && strcmp(name, "starts") == 0 &&
            !find_steps(c, &c->b->starts, op, a->u.ints, b->u.ints, (int64_t)a->len))
            return false;
    }
    return true;
}

static bool compare_ops(comparison *c, qir_op *op, qir_op *other)
{
    bool same = op->opcode == other->opcode && op->noperands == other->noperands &&
                op->nresults == other->nresults && compare_attrs(c, op, other);
    for (uint32_t i = 0; same && i < op->noperands; i++)
        same = compare_operand(c, qir_op_operand(op, i), qir_op_operand(other, i));
    for (unsigned i = 0; same && i < op->nresults; i++)
        same = pair_values(c, &op->results[i], &other->results[i]);
    if (!same && !c->b->failed)
        bounded_error(c->b, op, "what '%s' computes depends on %s", qir_op_name(op), c->b->symbol);
    return same;
}

static bool compare_bodies(comparison *c, const qir_block *ours, const qir_block *other)
{
    bool ok = ours->nargs == other->nargs;
    for (uint32_t i = 0; ok && i < ours->nargs; i++)
        ok = pair_values(c, ours->args[i], other->args[i]);
    qir_op *p = ours->first, *q = other->first;
    for (; ok && p && q; p = p->next, q = q->next) {
        c->op = p;
        ok = compare_ops(c, p, q);
    }
    return ok && !p && !q;
}

bool bounded_compare(bounded *b, qir_module *other, int64_t size, bool first)
{
    comparison c = {.b = b, .size = size, .first = first};
    bool ok = compare_bodies(&c, b->func->body, qir_module_main(other)->body);
    qir_map_free(&c.pairs);
    if (!ok && !b->failed)
        bounded_error(b, NULL, "the graph depends on %s", b->symbol);
    return ok;
}
