/* Changes: relu and clamp become the bounds (attributes min and max) of the op that feeds them.
 * Requires: nothing.  Leaves: any stage as it was; results stay equal, because
 * clamp(clamp(x, a, b), c, d) = clamp(x, clamp(a, c, d), clamp(b, c, d)) and, on integers, bounds
 * act after the rounding, which is monotone. */
#include <math.h>
#include "bounds.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/bug.h"

static bool is_activation(const qir_op *op)
{
    return op->opcode == QIR_OP_relu || op->opcode == QIR_OP_clamp;
}

/* The op that can take over `act`'s bounds.  Integer results (accumulators) have no real units. */
static qir_op *match_producer(const qir_op *act)
{
    qir_value *x = qir_op_operand(act, 0);
    qir_op *producer = qir_value_op(x);
    bool fits = producer && qir_value_has_one_use(x) && x->type == act->results[0].type &&
                qir_op_has_trait(producer, QIR_TRAIT_CLAMPED) &&
                (qir_type_is_float(x->type) || qir_type_is_quant(x->type));
    return fits ? producer : NULL;
}

/* A bound equal to its default is left out. */
static void set_bound(qir_op *op, const char *name, float v, float dflt)
{
    qir_op_set_attr(op, name, v == dflt ? NULL : qir_attr_float(qir_op_module(op)->ctx, v));
}

static void rewrite(qir_op *act, qir_op *producer)
{
    qir_bounds b = qir_bounds_within(qir_bounds_of(producer), qir_bounds_of(act));
    set_bound(producer, "min", b.min, -INFINITY);
    set_bound(producer, "max", QIR_BUG(3) ? INFINITY : b.max, INFINITY);
    qir_replace_op(act, &producer->results[0]);
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            qir_op *producer = is_activation(op) ? match_producer(op) : NULL;
            if (!producer || !qir_pass_may_transform(p))
                continue;
            rewrite(op, producer);
            qir_pass_count(p, "fused", 1);
        }
    return true;
}

static const char *const statistics[] = {"fused", NULL};

QIR_PASS(fuse_activation, .name = "fuse-activation",
         .summary = "Fuse relu and clamp into the op that feeds them.",
         .doc = "Into ops with trait CLAMPED whose result has no other use.  Bounds already there "
                "are combined.",
         .statistics = statistics, .run = run)
