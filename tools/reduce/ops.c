/* Cuts ops out.  What a kept op reads of those becomes an argument, what they read of a kept op becomes
 * a result: the kept ones compute what they did before, as far as they are given the same. */
#include "qir/ops.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"
#include "strategy.h"

typedef struct cut {
    qir_func *f;
    qir_map gone; /* ops to be cut out */
    QIR_VEC(qir_value *) results;
    QIR_VEC(int64_t) from;
} cut;

static bool is_gone(const cut *c, const qir_op *op)
{
    return op && qir_map_has(&c->gone, op);
}

static void choose(cut *c, reduction *r)
{
    qir_for_each_op(op, c->f->body)
        if (op->nresults && reduce_take(r))
            qir_map_put(&c->gone, op, op);
}

/* Arguments in place of the results of `op` that kept ops read. */
static void replace_results(cut *c, qir_op *op)
{
    for (unsigned i = 0; i < op->nresults; i++) {
        qir_value *arg = NULL;
        qir_for_each_use(use, &op->results[i]) {
            if (is_gone(c, use->user) || use->user->opcode == QIR_OP_return)
                continue;
            if (!arg)
                arg = qir_func_add_arg(c->f, op->results[i].type, NULL, NULL);
            qir_op_set_operand(use->user, (uint32_t)(use - use->user->operands), arg);
        }
    }
}

static void add_result(cut *c, qir_value *v, int64_t from)
{
    qir_op *def = qir_value_op(v);
    if (!def || is_gone(c, def))
        return;
    for (size_t i = 0; i < c->results.len; i++)
        if (c->results.data[i] == v)
            return;
    qir_vec_push(&c->results, v);
    qir_vec_push(&c->from, from);
}

/* Those that it had, as far as kept ops make them, then what is read by what is cut out. */
static void find_results(cut *c)
{
    const qir_op *ret = c->f->body->last;
    for (uint32_t k = 0; k < ret->noperands; k++)
        add_result(c, ret->operands[k].value, k);
    qir_for_each_op(op, c->f->body)
        for (uint32_t i = 0; is_gone(c, op) && i < op->noperands; i++)
            if (op->operands[i].value)
                add_result(c, op->operands[i].value, -1);
}

static void erase_gone(cut *c)
{
    for (qir_op *op = c->f->body->last, *prev; op; op = prev) {
        prev = op->prev;
        if (is_gone(c, op))
            qir_op_erase(op);
    }
}

bool reduce_ops(reduction *r, qir_module *m, qir_func *f)
{
    (void)m;
    cut c = {.f = f};
    choose(&c, r);
    find_results(&c);
    bool ok = c.results.len > 0;
    if (ok && c.gone.len) {
        qir_for_each_op(op, f->body)
            if (is_gone(&c, op))
                replace_results(&c, op);
        reduce_set_results(f, c.results.data, c.from.data, (uint32_t)c.results.len);
        erase_gone(&c);
    }
    qir_map_free(&c.gone);
    qir_vec_free(&c.results);
    qir_vec_free(&c.from);
    return ok;
}
