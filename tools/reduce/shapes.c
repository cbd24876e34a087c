/* Makes dimensions smaller: all of one size together, since most of them must agree (shapes), or single
 * ones of arguments and constants (dims). */
#include "qir/support/vec.h"
#include "resize.h"
#include "strategy.h"

typedef QIR_VEC(resize_rule) rule_list;
typedef QIR_VEC(const qir_value *) value_list;

/* What has dimensions of its own. */
static void collect(qir_module *m, const qir_func *f, value_list *out)
{
    for (uint32_t i = 0; i < f->body->nargs; i++)
        qir_vec_push(out, f->body->args[i]);
    qir_for_each_const(c, m)
        qir_vec_push(out, &c->value);
}

/* The smallest first: the first rule that fits decides. */
static void offer(reduction *r, rule_list *rules, resize_rule rule)
{
    const int64_t to[] = {1, rule.from / 2, rule.from - 1};
    for (unsigned i = 0; i < 3; i++) {
        if (to[i] < 1 || to[i] >= rule.from || (i && to[i] <= to[i - 1]))
            continue;
        rule.to = to[i];
        if (reduce_take(r))
            qir_vec_push(rules, rule);
    }
}

static bool apply(qir_module *m, qir_func *f, rule_list *rules, value_list *values)
{
    bool ok = !rules->len || resize_func(m, f, rules->data, rules->len);
    qir_vec_free(rules);
    qir_vec_free(values);
    return ok;
}

/* --- every dimension of a size -------------------------------------------------------------------- */
static int64_t largest_below(const value_list *values, int64_t limit)
{
    int64_t most = 1;
    for (size_t i = 0; i < values->len; i++)
        for (unsigned d = 0; d < values->data[i]->type->rank; d++) {
            int64_t size = values->data[i]->type->dims[d];
            most = size < limit && size > most ? size : most;
        }
    return most;
}

bool reduce_shapes(reduction *r, qir_module *m, qir_func *f)
{
    rule_list rules = {0};
    value_list values = {0};
    collect(m, f, &values);
    for (int64_t size = INT64_MAX; (size = largest_below(&values, size)) > 1;)
        offer(r, &rules, (resize_rule){NULL, 0, size, 0});
    return apply(m, f, &rules, &values);
}

/* --- single ones ---------------------------------------------------------------------------------- */
bool reduce_dims(reduction *r, qir_module *m, qir_func *f)
{
    rule_list rules = {0};
    value_list values = {0};
    collect(m, f, &values);
    for (size_t i = 0; i < values.len; i++)
        for (unsigned d = 0; d < values.data[i]->type->rank; d++)
            offer(r, &rules, (resize_rule){values.data[i], d, values.data[i]->type->dims[d], 0});
    return apply(m, f, &rules, &values);
}
