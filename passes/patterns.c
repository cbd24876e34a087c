/* What the patterns of canonicalize share: their driver, replacing, building, looking at constants. */
#include "bounds.h"
#include "patterns.h"

typedef struct driver {
    qir_pass *pass;
    canon_fn apply;
} driver;

static bool visit(qir_rewriter *rw, qir_op *op, void *user)
{
    const driver *d = user;
    if (!qir_op_is_dead(op))
        return d->apply(&(canon){rw, d->pass}, op);
    qir_rewriter_erase(rw, op);
    return true;
}

bool canon_run(qir_pass *p, qir_module *m, canon_fn apply)
{
    const qir_pattern patterns[] = {visit};
    driver d = {p, apply};
    unsigned errors = qir_diag_error_count(qir_context_diag(m->ctx));
    qir_for_each_func(f, m)
        qir_rewrite_greedily(f, patterns, 1, &d);
    return qir_diag_error_count(qir_context_diag(m->ctx)) == errors;
}

bool canon_begin(const canon *c)
{
    if (!qir_pass_may_transform(c->pass))
        return false;
    qir_pass_count(c->pass, "rewrites", 1);
    return true;
}

bool canon_replace(const canon *c, qir_op *op, qir_value *v)
{
    if (!canon_begin(c))
        return false;
    qir_rewriter_replace(c->rw, op, v);
    return true;
}

bool canon_build(const canon *c, qir_op *op, qir_opcode opcode, qir_value *const *operands,
                 uint32_t noperands, const qir_dict *attrs)
{
    qir_builder b = qir_rewriter_builder(c->rw, op);
    const qir_type *type = op->results[0].type;
    const char *name = op->results[0].name;
    qir_op *made = qir_build_dict(&b, opcode, operands, noperands, attrs, &type);
    if (!made)
        return false;
    qir_rewriter_replace(c->rw, op, &made->results[0]);
    made->results[0].name = name;
    return true;
}

void canon_set_operand(const canon *c, qir_op *op, uint32_t i, qir_value *v)
{
    qir_op *fed = qir_value_op(qir_op_operand(op, i));
    qir_op_set_operand(op, i, v);
    qir_rewriter_touch(c->rw, op);
    qir_rewriter_touch(c->rw, fed);
}

static bool is_number(const qir_type *t)
{
    return t->kind == QIR_TENSOR && !t->quant &&
           (t->dtype == QIR_f32 || t->dtype == QIR_i32 || t->dtype == QIR_i64);
}

static double element(const qir_type *t, const void *data, int64_t i)
{
    return t->dtype == QIR_f32   ? (double)((const float *)data)[i]
           : t->dtype == QIR_i32 ? (double)((const int32_t *)data)[i]
                                 : (double)((const int64_t *)data)[i];
}

bool canon_splat_value(const qir_value *v, float *x)
{
    enum { LARGEST = 65536 }; /* of written-out constants; larger ones are weights */
    qir_const *c = v ? qir_value_const(v) : NULL;
    if (!c || !is_number(v->type) || !qir_type_is_static(v->type))
        return false;
    int64_t n = c->payload == QIR_PAYLOAD_SPLAT ? 1 : qir_type_elements(v->type);
    const void *data = c->payload == QIR_PAYLOAD_SPLAT ? c->data
                       : n > 0 && n <= LARGEST         ? qir_const_data(c)
                                                       : NULL;
    if (!data)
        return false;
    double first = element(v->type, data, 0);
    for (int64_t i = 1; i < n; i++)
        if (element(v->type, data, i) != first)
            return false;
    *x = (float)first;
    return (double)*x == first;
}

bool canon_is_splat(const qir_value *v, float x)
{
    float have;
    return canon_splat_value(v, &have) && have == x;
}

bool canon_unbounded(const qir_op *op)
{
    return qir_bounds_none(qir_bounds_of(op));
}

const qir_dict *canon_attr(const qir_op *op, const qir_dict *d, const char *name,
                           const qir_attr *value)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    return qir_dict_set(ctx, d, qir_intern_cstr(ctx, name), value);
}
