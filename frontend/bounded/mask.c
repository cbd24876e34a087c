/* Values computed from the size at run time: masks, and integers that grow with it. */
#include <math.h>
#include <string.h>

#include "bounded/bounded.h"

static qir_builder at_start(const bounded *b)
{
    return qir_builder_before(b->first);
}

static const qir_attr *ints(const bounded *b, const int64_t *v, unsigned n)
{
    return qir_attr_ints(b->module->ctx, v, n);
}

/* "x.0" names a dimension on the command line; its size is the input "x_0". */
static const char *argument_name(const bounded *b)
{
    char *name = qir_arena_strndup(b->arena, b->symbol, strlen(b->symbol));
    for (char *p = name; *p; p++)
        *p = *p == '.' ? '_' : *p;
    return name;
}

qir_value *bounded_const(bounded *b, qir_dtype dtype, const int64_t *dims, unsigned rank,
                         const void *data)
{
    const qir_type *t = qir_tensor_type(b->module->ctx, dtype, dims, rank, b->func->loc);
    const char *name = qir_arena_printf(b->arena, "%s_const", argument_name(b));
    return t ? &qir_const_create(b->module, name, t, data, true, b->func->loc)->value : NULL;
}

void bounded_begin(bounded *b)
{
    qir_context *ctx = b->module->ctx;
    const qir_type *scalar = qir_tensor_type(ctx, QIR_i64, NULL, 0, b->func->loc);
    const qir_attr *old = qir_dict_get(b->func->attrs, qir_intern(ctx, "sizes", 5));
    qir_func *f = b->func;
    size_t n = old ? old->len : 0;
    int64_t *sizes = QIR_NEW_ARRAY(b->arena, int64_t, n + 2);
    if (n)
        memcpy(sizes, old->u.ints, n * sizeof *sizes);
    sizes[n] = f->body->nargs, sizes[n + 1] = b->max;
    f->attrs = qir_dict_set(ctx, f->attrs, "sizes", ints(b, sizes, (unsigned)n + 2));
    b->size = qir_func_add_arg(f, scalar, NULL, argument_name(b));
    b->first = f->body->first;
}

/* [0, 1, ... n-1] < size * k, with `behind` trailing dimensions of 1. */
static qir_value *make_mask(bounded *b, int64_t k, unsigned behind)
{
    qir_builder at = at_start(b);
    int64_t n = k * b->max, dims[QIR_MAX_RANK], *iota = QIR_NEW_ARRAY(b->arena, int64_t, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        iota[i] = i;
    for (unsigned i = 0; i <= behind; i++)
        dims[i] = i == 0 ? n : 1;
    qir_value *limit = b->size, *factor = bounded_const(b, QIR_i64, NULL, 0, &k);
    if (k != 1)
        limit = qir_build1(&at, QIR_OP_mul, QIR_OPERANDS(b->size, factor), QIR_NO_ATTRS, NULL);
    qir_value *index = bounded_const(b, QIR_i64, dims, behind + 1, iota);
    return qir_build1(&at, QIR_OP_less, QIR_OPERANDS(index, limit), QIR_NO_ATTRS, NULL);
}

qir_value *bounded_mask(bounded *b, int64_t k, unsigned rank, unsigned dim)
{
    unsigned behind = rank - 1 - dim;
    const void *key = (const void *)(uintptr_t)((uint64_t)k * QIR_MAX_RANK + behind + 1);
    qir_value *mask = qir_map_get(&b->masks, key);
    if (!mask) {
        mask = make_mask(b, k, behind);
        qir_map_put(&b->masks, key, mask);
    }
    return mask;
}

static qir_value *neutral_const(bounded *b, qir_dtype dtype, double v)
{
    float f = (float)v;
    int64_t i = isfinite(v) ? (int64_t)v : 0;
    if (dtype == QIR_f64)
        return bounded_const(b, dtype, NULL, 0, &v);
    if (dtype == QIR_f32)
        return bounded_const(b, dtype, NULL, 0, &f);
    return bounded_const(b, dtype, NULL, 0, &i);
}

/* Zero bytes mean 0 in every type; other values are made for f32 and f64. */
static bool can_fill(const qir_type *t, double neutral)
{
    return !t->quant && (neutral == 0 || t->dtype == QIR_f32 || t->dtype == QIR_f64);
}

static qir_value *masked(bounded *b, qir_builder *at, qir_value *v, unsigned dim, double neutral)
{
    qir_value *mask = bounded_mask(b, bounded_k(b, v, dim), v->type->rank, dim);
    qir_value *fill = neutral_const(b, v->type->dtype, neutral);
    return qir_build1(at, QIR_OP_where, QIR_OPERANDS(mask, v, fill), QIR_NO_ATTRS, NULL);
}

bool bounded_mask_operand(bounded *b, qir_op *op, unsigned i, unsigned dim, double neutral)
{
    qir_value *v = qir_op_operand(op, i);
    if (!v || dim >= v->type->rank || bounded_k(b, v, dim) == 0)
        return true;
    if (!can_fill(v->type, neutral))
        return bounded_error(b, op, "'%s' reduces a dimension of %s in type %s", qir_op_name(op),
                             b->symbol, qir_type_text(b->module->ctx, v->type));
    qir_builder at = qir_builder_before(op);
    qir_value *m = masked(b, &at, v, dim, neutral);
    if (m) {
        bounded_copy_marks(b, v, m);
        qir_op_set_operand(op, i, m);
    }
    return m;
}

/* All uses of `v` but those of the mask itself. */
static void replace_others(qir_value *v, qir_value *by)
{
    qir_op *own = qir_value_op(by);
    qir_for_each_use(use, v) {
        if (use->user == own)
            continue;
        for (uint32_t i = 0; i < use->user->noperands; i++)
            if (&use->user->operands[i] == use)
                qir_op_set_operand(use->user, i, by);
    }
}

bool bounded_mask_args(bounded *b)
{
    for (uint32_t i = 0; i < b->func->body->nargs; i++) {
        qir_value *v = b->func->body->args[i];
        for (unsigned d = 0; d < v->type->rank; d++) {
            qir_builder at = at_start(b);
            qir_value *m = bounded_k(b, v, d) ? masked(b, &at, v, d, 0) : v;
            if (!m)
                return false;
            if (m == v)
                continue;
            bounded_copy_marks(b, v, m);
            replace_others(v, m);
            v = m;
        }
    }
    return true;
}

qir_value *bounded_affine(bounded *b, qir_value *base, const int64_t *step)
{
    qir_builder at = at_start(b);
    qir_value *max = bounded_const(b, QIR_i64, NULL, 0, &b->max);
    qir_value *steps = bounded_const(b, QIR_i64, base->type->dims, base->type->rank, step);
    qir_value *below =
        qir_build1(&at, QIR_OP_sub, QIR_OPERANDS(b->size, max), QIR_NO_ATTRS, NULL);
    qir_value *moved =
        qir_build1(&at, QIR_OP_mul, QIR_OPERANDS(steps, below), QIR_NO_ATTRS, NULL);
    return qir_build1(&at, QIR_OP_add, QIR_OPERANDS(base, moved), QIR_NO_ATTRS, NULL);
}

static qir_value *cast(const bounded *b, qir_value *v, qir_dtype to)
{
    qir_builder at = at_start(b);
    const char *name = qir_dtype_name(to);
    const qir_attr *attr = qir_attr_string(b->module->ctx, name, strlen(name));
    return v->type->dtype == to ? v
                                : qir_build1(&at, QIR_OP_cast, &v, 1, QIR_ATTRS({"to", attr}), NULL);
}

bool bounded_replace_consts(bounded *b)
{
    qir_for_each_const(c, b->module) {
        const bounded_steps *s = qir_map_get(&b->consts, c);
        if (!s)
            continue;
        qir_value *v = &c->value, *base = cast(b, v, QIR_i64);
        qir_value *moved = cast(b, bounded_affine(b, base, s->step), v->type->dtype);
        qir_for_each_use(use, v) {
            if (use->user == qir_value_op(base) || (base == v && use->user == qir_value_op(moved)))
                continue;
            for (uint32_t i = 0; i < use->user->noperands; i++)
                if (&use->user->operands[i] == use)
                    qir_op_set_operand(use->user, i, moved);
        }
    }
    return true;
}
