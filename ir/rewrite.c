/* Replacement with location upkeep, removal of dead code, and the greedy pattern driver. */
#include "qir/rewrite.h"

#include "qir/support/assert.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"

void qir_replace_op(qir_op *op, qir_value *v)
{
    qir_op *def = qir_value_op(v);
    qir_context *ctx = qir_op_module(op)->ctx;
    if (def)
        def->loc = qir_loc_fuse(ctx, def->loc, op->loc);
    qir_value_replace_all(&op->results[0], v);
    qir_op_erase(op);
}

bool qir_op_is_dead(const qir_op *op)
{
    if (!qir_op_has_trait(op, QIR_TRAIT_PURE))
        return false;
    for (unsigned i = 0; i < op->nresults; i++)
        if (op->results[i].uses)
            return false;
    return true;
}

qir_op *qir_op_feeder(const qir_op *op, uint32_t i, qir_opcode opcode)
{
    qir_op *def = qir_value_op(qir_op_operand(op, i));
    return def && def->opcode == opcode ? def : NULL;
}

unsigned qir_erase_unused_consts(qir_module *m)
{
    unsigned erased = 0;
    qir_for_each_const(c, m) {
        if (c->value.uses)
            continue;
        qir_const_erase(c);
        erased++;
    }
    return erased;
}

unsigned qir_erase_dead(qir_op *op)
{
    QIR_VEC(qir_op *) work = {0};
    unsigned erased = 0;
    qir_vec_push(&work, op);
    while (work.len) {
        qir_op *dead = qir_vec_pop(&work);
        if (!dead->parent || !qir_op_is_dead(dead))
            continue;
        for (uint32_t i = 0; i < dead->noperands; i++) {
            qir_op *def = qir_value_op(dead->operands[i].value);
            if (def)
                qir_vec_push(&work, def);
        }
        qir_op_erase(dead);
        erased++;
    }
    qir_vec_free(&work);
    return erased;
}

/* ---- greedy driver ------------------------------------------------------------------------- */

struct qir_rewriter {
    QIR_VEC(qir_op *) queue; /* read from `head`; entries of erased ops are cleared */
    size_t head;
    qir_map where; /* op -> index in the queue + 1 while it waits */
    unsigned changes;
};

void qir_rewriter_touch(qir_rewriter *rw, qir_op *op)
{
    if (!op || qir_map_get(&rw->where, op))
        return;
    qir_vec_push(&rw->queue, op);
    qir_map_put(&rw->where, op, (void *)(uintptr_t)rw->queue.len);
}

static void touch_users(qir_rewriter *rw, qir_value *v)
{
    qir_for_each_use(u, v)
        qir_rewriter_touch(rw, u->user);
}

static void forget(qir_rewriter *rw, qir_op *op)
{
    size_t at = (uintptr_t)qir_map_get(&rw->where, op);
    if (at)
        rw->queue.data[at - 1] = NULL;
    qir_map_put(&rw->where, op, NULL);
}

static void touch_operands(qir_rewriter *rw, const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        qir_rewriter_touch(rw, qir_value_op(op->operands[i].value));
}

qir_builder qir_rewriter_builder(qir_rewriter *rw, qir_op *before)
{
    qir_rewriter_touch(rw, before);
    return qir_builder_before(before);
}

void qir_rewriter_erase(qir_rewriter *rw, qir_op *op)
{
    touch_operands(rw, op);
    forget(rw, op);
    qir_op_erase(op);
}

void qir_rewriter_replace(qir_rewriter *rw, qir_op *op, qir_value *v)
{
    touch_users(rw, &op->results[0]);
    touch_operands(rw, op);
    qir_rewriter_touch(rw, qir_value_op(v));
    forget(rw, op);
    qir_replace_op(op, v);
}

static qir_op *take(qir_rewriter *rw)
{
    while (rw->head < rw->queue.len) {
        qir_op *op = rw->queue.data[rw->head++];
        if (op) {
            qir_map_put(&rw->where, op, NULL);
            return op;
        }
    }
    return NULL;
}

/* The first pattern that applies wins; new and touched ops wait in the queue. */
static void apply(qir_rewriter *rw, qir_op *op, const qir_pattern *patterns, size_t npatterns,
                  void *user)
{
    for (size_t i = 0; i < npatterns; i++) {
        if (patterns[i](rw, op, user)) {
            rw->changes++;
            return;
        }
    }
}

unsigned qir_rewrite_greedily(qir_func *f, const qir_pattern *patterns, size_t npatterns,
                              void *user)
{
    qir_rewriter rw = {0};
    unsigned before;
    do {
        before = rw.changes;
        qir_for_each_op(op, f->body)
            qir_rewriter_touch(&rw, op);
        for (qir_op *op; (op = take(&rw));)
            apply(&rw, op, patterns, npatterns, user);
    } while (rw.changes != before);
    unsigned changes = rw.changes;
    qir_vec_free(&rw.queue);
    qir_map_free(&rw.where);
    return changes;
}
