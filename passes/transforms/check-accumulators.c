/* check-accumulators: no 32-bit accumulator overflows, whatever the values are.
 *
 * The bounds come from the actual weights, biases and ranges (ir/accumulator.c).  The verifier proves
 * the same wherever weights are at hand; here they are read, and -Racc-bound says what was found. */
#include "qir/ops.h"
#include "qir/pass.h"

static const double limit = 0x1p31;

static void remark(qir_diag_engine *diag, const qir_op *op)
{
    qir_accumulator a;
    if (!qir_accumulator_range(op, &a))
        return;
    int64_t most = -a.lo > a.hi ? -a.lo : a.hi;
    qir_flagged_remark(diag, op->loc, "acc-bound",
                       "%s: |accumulator| is at most %lld, %.3g %% of 2^31, in output channel %lld",
                       qir_op_name(op), (long long)most, 100.0 * (double)most / limit,
                       (long long)a.channel);
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_diag_engine *diag = qir_context_diag(m->ctx);
    bool wanted = qir_diag_wants_remark(diag, "acc-bound"), ok = true;
    (void)p;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            bool fits = qir_check_accumulator(op, true);
            if (fits && wanted)
                remark(diag, op);
            ok &= fits;
        }
    return ok;
}

QIR_PASS(check_accumulators, .name = "check-accumulators",
         .summary = "Proves that no 32-bit accumulator overflows.",
         .doc = "Changes: nothing.\nLeaves: an error for an op whose accumulators could; with "
                "`-Racc-bound` a remark for every op that accumulates: the largest magnitude that its "
                "actual weights, bias and ranges allow, partial sums in any order included.",
         .run = run)
