/* Changes: caches that are rewritten as a whole are updated instead.  Requires: a simplified module.
 * Leaves: values.
 *
 *   where(iota == p, u, x)                          -> update_slice(x, u, p)
 *   concat(.., update_slice(x[i], u, p), ..)        -> a chain of update_slice of x, one per i, and
 *                                                      x[i] of it where the piece was used
 * The first drops what lies outside as the comparison does; in the second x is cut along axis 0 into
 * all its entries, in order.  See docs/adr/0013. */
#include <string.h>
#include "qir/builder.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"

/* --- one update -------------------------------------------------------------------------------- */
/* `v` before ops that only insert or repeat size-1 dimensions. */
static qir_value *bare(qir_value *v)
{
    for (qir_op *op = qir_value_op(v); op && op->opcode == QIR_OP_reshape; op = qir_value_op(v))
        v = qir_op_operand(op, 0);
    return v;
}

static bool is_iota(const qir_value *v, int64_t n)
{
    qir_const *c = qir_value_const(v);
    const int64_t *data = c && v->type->dtype == QIR_i64 && qir_type_elements(v->type) == n
                              ? qir_const_data(c)
                              : NULL;
    for (int64_t i = 0; data && i < n; i++)
        if (data[i] != i)
            return false;
    return data;
}

/* The only dimension of `x` along which `cond` varies, if it covers it. */
static bool varying_axis(const qir_type *cond, const qir_type *x, unsigned *axis)
{
    unsigned found = 0;
    if (cond->rank > x->rank)
        return false;
    for (unsigned i = 0; i < cond->rank; i++) {
        unsigned d = x->rank - cond->rank + i;
        if (cond->dims[i] == 1)
            continue;
        if (cond->dims[i] != x->dims[d])
            return false;
        *axis = d;
        found++;
    }
    return found == 1;
}

/* The position p of where(iota == p, ...), or NULL. */
static qir_value *position(const qir_op *where, unsigned axis)
{
    const qir_op *equal = qir_value_op(bare(qir_op_operand(where, 0)));
    int64_t n = where->results[0].type->dims[axis];
    if (!equal || equal->opcode != QIR_OP_equal)
        return NULL;
    for (uint32_t i = 0; i < 2; i++) {
        qir_value *p = qir_op_operand(equal, 1 - i);
        if (is_iota(bare(qir_op_operand(equal, i)), n) && qir_type_elements(p->type) == 1)
            return p;
    }
    return NULL;
}

/* u with the rank of x, 1 along the axis, else as large as x; NULL: it is not. */
static qir_value *slice_value(qir_builder *b, qir_value *u, const qir_type *x, unsigned axis)
{
    const qir_type *t = u->type;
    int64_t dims[QIR_MAX_RANK];
    for (unsigned d = 0; d < x->rank; d++) {
        bool own = d + t->rank >= x->rank;
        dims[d] = own ? t->dims[d + t->rank - x->rank] : 1;
        if (dims[d] != (d == axis ? 1 : x->dims[d]))
            return NULL;
    }
    return t->rank == x->rank
               ? u
               : qir_build1(b, QIR_OP_reshape, QIR_OPERANDS(u),
                            QIR_ATTRS({"shape", qir_attr_ints(b->module->ctx, dims, x->rank)}), NULL);
}

static bool from_where(qir_pass *p, qir_op *op)
{
    qir_value *x = qir_op_operand(op, 2);
    unsigned axis = 0;
    if (x->type != op->results[0].type || !varying_axis(qir_op_operand(op, 0)->type, x->type, &axis))
        return false;
    qir_value *start = position(op, axis);
    qir_builder b = qir_builder_before(op);
    qir_value *u = start ? slice_value(&b, qir_op_operand(op, 1), x->type, axis) : NULL;
    if (!u || !qir_pass_may_transform(p))
        return false;
    qir_value *v = qir_build1(&b, QIR_OP_update_slice, QIR_OPERANDS(x, u, start),
                              QIR_ATTRS({"axis", qir_attr_int(b.module->ctx, axis)}), NULL);
    if (v)
        qir_replace_op(op, v);
    return v;
}

/* --- updates of all entries -------------------------------------------------------------------- */
/* The tensor that `v` is entry `i` of (along axis 0), or NULL. */
static qir_value *whole_of(qir_value *v, int64_t i)
{
    const qir_op *op = qir_value_op(bare(v));
    if (!op || (op->opcode != QIR_OP_slice && op->opcode != QIR_OP_gather))
        return NULL;
    qir_value *x = qir_op_operand(op, 0);
    if (op->opcode == QIR_OP_gather) {
        qir_const *c = qir_value_const(qir_op_operand(op, 1));
        const int64_t *at = c && c->value.type->dtype == QIR_i64 &&
                                    qir_type_elements(c->value.type) == 1 &&
                                    qir_op_int(op, "axis") == 0
                                ? qir_const_data(c)
                                : NULL;
        return at && *at == i ? x : NULL;
    }
    size_t ns, ne, nt;
    const int64_t *starts = qir_op_ints(op, "starts", &ns), *ends = qir_op_ints(op, "ends", &ne);
    const int64_t *steps = qir_op_ints(op, "steps", &nt);
    for (unsigned d = 0; d < x->type->rank; d++)
        if (steps[nt == 1 ? 0 : d] != 1 || starts[d] != (d ? 0 : i) ||
            ends[d] != (d ? x->type->dims[d] : i + 1))
            return NULL;
    return x;
}

/* The update that makes operand i of the concat, if that is an entry of `x` (NULL: any). */
static qir_op *piece(const qir_op *concat, uint32_t i, qir_value **x)
{
    qir_op *op = qir_value_op(bare(qir_op_operand(concat, i)));
    if (!op || op->opcode != QIR_OP_update_slice)
        return NULL;
    qir_value *whole = whole_of(qir_op_operand(op, 0), i);
    if (!whole || (*x && whole != *x) || whole->type != concat->results[0].type ||
        op->results[0].type->rank + 1 != whole->type->rank)
        return NULL;
    *x = whole;
    return op;
}

/* Pieces in program order, so that the chain can stand where they stood. */
static bool all_pieces(const qir_op *concat, qir_op **pieces, qir_value **x)
{
    *x = NULL;
    for (uint32_t i = 0; i < concat->noperands; i++) {
        pieces[i] = piece(concat, i, x);
        if (!pieces[i] || (i && !qir_op_before(pieces[i - 1], pieces[i])))
            return false;
    }
    return *x && (*x)->type->dims[0] == (int64_t)concat->noperands;
}

static const qir_attr *prefixed(qir_context *ctx, int64_t first, const qir_op *update, unsigned rank)
{
    int64_t at[QIR_MAX_RANK] = {first};
    size_t n;
    const int64_t *own = qir_op_ints(update, "at", &n);
    for (unsigned d = 1; d < rank; d++)
        at[d] = own[n == 1 ? 0 : d - 1];
    return qir_attr_ints(ctx, at, rank);
}

static qir_value *reshaped(qir_builder *b, qir_value *v, const int64_t *dims, unsigned rank)
{
    return qir_build1(b, QIR_OP_reshape, QIR_OPERANDS(v),
                      QIR_ATTRS({"shape", qir_attr_ints(b->module->ctx, dims, rank)}), NULL);
}

/* x with entry i updated as `op` updates it, right before it. */
static qir_value *chained(qir_builder *b, qir_op *op, qir_value *x, int64_t i)
{
    qir_context *ctx = b->module->ctx;
    const qir_type *u = qir_op_operand(op, 1)->type;
    int64_t dims[QIR_MAX_RANK] = {1};
    for (unsigned d = 0; d < u->rank; d++)
        dims[d + 1] = u->dims[d];
    qir_value *part = reshaped(b, qir_op_operand(op, 1), dims, u->rank + 1);
    return qir_build1(b, QIR_OP_update_slice, QIR_OPERANDS(x, part, qir_op_operand(op, 2)),
                      QIR_ATTRS({"axis", qir_attr_int(ctx, qir_op_int(op, "axis") + 1)},
                                {"at", prefixed(ctx, i, op, u->rank + 1)}),
                      NULL);
}

/* Entry i of x. */
static qir_value *entry(qir_builder *b, qir_value *x, int64_t i)
{
    qir_context *ctx = b->module->ctx;
    const qir_type *t = x->type;
    int64_t starts[QIR_MAX_RANK] = {i}, ends[QIR_MAX_RANK];
    for (unsigned d = 0; d < t->rank; d++)
        ends[d] = d ? t->dims[d] : i + 1;
    qir_value *part = qir_build1(b, QIR_OP_slice, QIR_OPERANDS(x),
                                 QIR_ATTRS({"starts", qir_attr_ints(ctx, starts, t->rank)},
                                           {"ends", qir_attr_ints(ctx, ends, t->rank)}),
                                 NULL);
    return reshaped(b, part, t->dims + 1, t->rank - 1);
}

static bool from_concat(qir_pass *p, qir_op *op)
{
    qir_op **pieces = QIR_NEW_ARRAY(qir_pass_arena(p), qir_op *, op->noperands + 1);
    qir_value *x;
    if (qir_op_int(op, "axis") != 0 || !all_pieces(op, pieces, &x) || !qir_pass_may_transform(p))
        return false;
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_builder b = qir_builder_before(pieces[i]);
        x = chained(&b, pieces[i], x, i);
        qir_value_replace_all(&pieces[i]->results[0], entry(&b, x, i));
    }
    qir_replace_op(op, x);
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m) {
        qir_for_each_op(op, f->body)
            if (op->opcode == QIR_OP_where && from_where(p, op))
                qir_pass_count(p, "updates", 1);
        qir_for_each_op(op, f->body)
            if (op->opcode == QIR_OP_concat && from_concat(p, op))
                qir_pass_count(p, "chains", 1);
    }
    return true;
}

static const char *const statistics[] = {"updates", "chains", NULL};

QIR_PASS(recognise_updates, .name = "recognise-updates",
         .summary = "Caches that are rewritten as a whole are updated instead.",
         .doc = "`where(iota == p, u, x)` becomes `update_slice(x, u, p)`; a concat of updated entries of "
                "one tensor becomes a chain of updates of that tensor.\n"
                "\n"
                "Changes: ops around `where` and `concat`. Requires: a simplified module. Leaves: values.",
         .excludes = QIR_STAGE_LAYOUTS | QIR_STAGE_PLANNED, .statistics = statistics, .run = run)
