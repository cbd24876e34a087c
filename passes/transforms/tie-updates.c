/* Changes: function attribute `updates`.  Requires: nothing.  Leaves: the ops; ties that are there.
 *
 * A result that is made from an argument by updates alone (a cache with a new row, a state with one
 * entry replaced) may lie in the argument's buffer: callers that pass one buffer for both have only
 * those elements written. */
#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/pass.h"

/* The argument that `v` is an updated version of, or NULL. */
static const qir_value *origin(qir_value *v)
{
    bool updated = false;
    for (v = qir_value_root(v); v->kind == QIR_VALUE_RESULT;) {
        const qir_op *op = qir_value_op(v);
        if (!qir_op_has_trait(op, QIR_TRAIT_UPDATES))
            return NULL;
        v = qir_value_root(qir_op_operand(op, 0));
        updated = true;
    }
    return updated && v->kind == QIR_VALUE_ARG ? v : NULL;
}

static bool is_tied(const int64_t *updates, uint32_t n, int64_t arg)
{
    for (uint32_t k = 0; k < n; k++)
        if (updates[k] == arg)
            return true;
    return false;
}

static void tie(qir_pass *p, qir_func *f)
{
    const qir_op *ret = f->body->last;
    int64_t *updates = QIR_NEW_ARRAY(qir_pass_arena(p), int64_t, f->nresults + 1);
    int64_t found = 0;
    for (uint32_t k = 0; k < f->nresults; k++)
        updates[k] = qir_func_updated_arg(f, k);
    for (uint32_t k = 0; k < f->nresults; k++) {
        const qir_value *arg = updates[k] < 0 ? origin(qir_op_operand(ret, k)) : NULL;
        if (!arg || arg->type != f->result_types[k] || is_tied(updates, f->nresults, arg->index))
            continue;
        updates[k] = arg->index;
        found++;
    }
    if (found)
        qir_func_set_updates(f, updates);
    qir_pass_count(p, "ties", found);
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        if (f->body->last && f->body->last->opcode == QIR_OP_return)
            tie(p, f);
    return true;
}

static const char *const statistics[] = {"ties", NULL};

QIR_PASS(tie_updates, .name = "tie-updates",
         .summary = "Find results that may lie in the buffer of the argument that they update.",
         .doc = "Changes: function attribute `updates` (an argument number per result, or -1). "
                "Requires: nothing. Leaves: the ops.\n"
                "\n"
                "The header then says that a caller may pass one buffer for both; plan-memory updates it "
                "in place.",
         .excludes = QIR_STAGE_PLANNED, .statistics = statistics, .run = run)
