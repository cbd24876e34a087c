/* Changes: ops between transposes from and to channels-last order run in channels-first order, so
 * that the transposes meet and cancel.  Requires: nothing.  Leaves: any stage as it was; values.
 *
 *   op(T(x), T(y))    -> T(op'(x, y))        T: channels-first to channels-last
 *   T'(op(T(x), y))   -> op'(x, T'(y))       T': its inverse; op has no other use
 *
 * op' is op with its attributes by dimension permuted.  What is left when no transposes meet (at
 * arguments and results, before a reshape) usually costs nothing: assign-layouts makes it a view. */
#include <string.h>
#include "patterns.h"
#include "permute.h"

static bool is_transpose(const qir_op *op, const permutation *p)
{
    size_t n;
    if (!op || op->opcode != QIR_OP_transpose)
        return false;
    const int64_t *perm = qir_op_ints(op, "perm", &n);
    return n == p->rank && !memcmp(perm, p->of, n * sizeof *perm);
}

/* Whole tensors of one rank, parameters of quantized ones independent of dimensions. */
static bool is_plain(const qir_value *v, unsigned rank)
{
    const qir_type *t = v->type;
    return t->kind == QIR_TENSOR && (!t->quant || qir_quant_is_per_tensor(t->quant)) &&
           (t->rank == rank || (qir_value_const(v) && t->rank < rank));
}

static bool can_permute(const qir_op *op)
{
    if (op->nresults != 1 || op->noperands == 0)
        return false;
    unsigned rank = op->results[0].type->rank;
    for (uint32_t i = 0; i < op->noperands; i++)
        if (!qir_op_operand(op, i) || !is_plain(qir_op_operand(op, i), rank))
            return false;
    permutation p = permutation_to_last(rank);
    return rank >= 3 && rank <= 5 && is_plain(&op->results[0], rank) && permutes(op, &p);
}

/* --- the rewrite ------------------------------------------------------------------------------ */
static qir_value *transposed(qir_builder *b, qir_value *v, const permutation *p)
{
    const qir_attr *perm = qir_attr_ints(b->module->ctx, p->of, p->rank);
    return qir_build1(b, QIR_OP_transpose, QIR_OPERANDS(v), QIR_ATTRS({"perm", perm}), NULL);
}

/* A constant with leading 1s up to `rank`. */
static qir_value *full_rank(qir_builder *b, qir_value *v, unsigned rank)
{
    int64_t dims[QIR_MAX_RANK];
    if (v->type->rank == rank)
        return v;
    for (unsigned d = 0, ones = rank - v->type->rank; d < rank; d++)
        dims[d] = d < ones ? 1 : v->type->dims[d - ones];
    return qir_build1(b, QIR_OP_reshape, QIR_OPERANDS(v),
                      QIR_ATTRS({"shape", qir_attr_ints(b->module->ctx, dims, rank)}), NULL);
}

/* The value that `v` is `p`'s transpose of; scalars fit any. */
static qir_value *untransposed(qir_builder *b, qir_value *v, const permutation *p)
{
    if (is_transpose(qir_value_op(v), p))
        return qir_op_operand(qir_value_op(v), 0);
    if (v->type->rank == 0)
        return v;
    permutation q = permutation_inverse(p);
    v = full_rank(b, v, p->rank);
    return v ? transposed(b, v, &q) : NULL;
}

/* The first operand that is the same value as operand i. */
static uint32_t first_use(const qir_op *op, uint32_t i)
{
    uint32_t k = 0;
    while (qir_op_operand(op, k) != qir_op_operand(op, i))
        k++;
    return k;
}

/* op(..) -> transpose(op'(..)): op' on operands without their transpose by `p`. */
static bool rewrite(const canon *c, qir_op *op, const permutation *p)
{
    qir_builder b = qir_rewriter_builder(c->rw, op);
    qir_context *ctx = b.module->ctx;
    const qir_type *y = op->results[0].type;
    permutation q = permutation_inverse(p);
    int64_t dims[QIR_MAX_RANK];
    for (unsigned i = 0; i < p->rank; i++)
        dims[i] = y->dims[q.of[i]];
    const qir_type *type = qir_type_with_shape(ctx, y, dims, p->rank, op->loc);
    qir_value **in = QIR_NEW_ARRAY(qir_pass_arena(c->pass), qir_value *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++) {
        uint32_t first = first_use(op, i);
        in[i] = first < i ? in[first] : untransposed(&b, qir_op_operand(op, i), p);
        if (!in[i])
            return false;
    }
    qir_op *made = qir_build_dict(&b, op->opcode, in, op->noperands, permuted_attrs(op, p), &type);
    qir_value *t = made ? transposed(&b, &made->results[0], p) : NULL;
    if (!t)
        return false;
    made->results[0].name = op->results[0].name;
    qir_rewriter_replace(c->rw, op, t);
    return true;
}

/* A constant, or one that const-fold is going to transpose. */
static bool is_constant(const qir_value *v)
{
    qir_op *op = qir_value_op(v);
    return qir_value_const(op && op->opcode == QIR_OP_transpose ? qir_op_operand(op, 0) : v);
}

/* Constants aside, how many different operands are transposes by `p`, and how many are not.  A
 * transpose with other users stays, so sinking it below its only user here would gain nothing. */
static void count_operands(const qir_op *op, const permutation *p, unsigned *with, unsigned *without)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        bool same = is_transpose(qir_value_op(v), p) &&
                    (qir_value_has_one_use(v) || op->noperands > 1);
        if (first_use(op, i) < i || is_constant(v))
            continue;
        *with += same;
        *without += !same;
    }
}

/* Is the one user of `op` the inverse of `p`? */
static bool is_undone(const qir_op *op, const permutation *p)
{
    permutation q = permutation_inverse(p);
    return qir_value_has_one_use(&op->results[0]) && is_transpose(op->results[0].uses->user, &q);
}

static bool sink(const canon *c, qir_op *op)
{
    if (!can_permute(op))
        return false;
    permutation p = permutation_to_last(op->results[0].type->rank);
    unsigned with = 0, without = 0;
    count_operands(op, &p, &with, &without);
    bool all = with > 0 && without == 0;
    /* with rank 3 the transpose is its own inverse: what rises through one operand would sink again */
    bool undone = is_undone(op, &p) && without <= (with || p.rank == 3 ? with : 1);
    return (all || undone) && canon_begin(c) && rewrite(c, op, &p);
}

/* A transpose of its inverse. */
static bool cancel(const canon *c, qir_op *op)
{
    qir_op *inner = qir_op_feeder(op, 0, QIR_OP_transpose);
    permutation p = {.rank = op->results[0].type->rank};
    if (!inner)
        return false;
    size_t n;
    memcpy(p.of, qir_op_ints(inner, "perm", &n), p.rank * sizeof *p.of);
    permutation q = permutation_inverse(&p);
    return is_transpose(op, &q) && canon_replace(c, op, qir_op_operand(inner, 0));
}

static bool move(const canon *c, qir_op *op)
{
    return op->opcode == QIR_OP_transpose ? cancel(c, op) : sink(c, op);
}

static bool run(qir_pass *p, qir_module *m)
{
    return canon_run(p, m, move);
}

static const char *const statistics[] = {"rewrites", NULL};

QIR_PASS(sink_transposes, .name = "sink-transposes",
         .summary = "Ops in channels-last order run in channels-first order.",
         .doc = "Through elementwise ops, pad, slice, concat, softmax, resize and reductions that keep "
                "their dimensions: a transpose to channels-last order sinks, one back rises, until they "
                "meet.  Constants are transposed by const-fold.",
         .excludes = QIR_STAGE_LAYOUTS | QIR_STAGE_PLANNED, .statistics = statistics, .run = run)
