/* Changes: erases pure ops whose results nobody uses, and unused constants.
 * Requires: nothing.  Leaves: any stage as it was. */
#include "qir/ops.h"
#include "qir/pass.h"

/* Users stand after definitions, so one backward walk sees every op after its users are gone. */
static void sweep_ops(qir_pass *p, qir_block *b)
{
    for (qir_op *op = b->last, *prev; op; op = prev) {
        prev = op->prev;
        if (!qir_op_is_dead(op) || !qir_pass_may_transform(p))
            continue;
        qir_op_erase(op);
        qir_pass_count(p, "ops", 1);
    }
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        sweep_ops(p, f->body);
    qir_pass_count(p, "constants", qir_erase_unused_consts(m));
    return true;
}

static const char *const statistics[] = {"ops", "constants", NULL};

QIR_PASS(dce, .name = "dce", .summary = "Erase ops and constants that nothing uses.",
         .doc = "Only ops with trait PURE; observers stay.", .statistics = statistics, .run = run)
