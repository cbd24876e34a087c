/* Loop nests over strided operands: see nest.h. */
#include "kernels/nest.h"

#include <stdlib.h>
#include "qir/support/assert.h"
#include "qir/support/strbuf.h"

static void drop_axis(qcg_nest *n, unsigned axis)
{
    for (unsigned i = axis; i + 1 < n->rank; i++) {
        n->dim[i] = n->dim[i + 1];
        for (unsigned p = 0; p < n->nptr; p++)
            n->step[p][i] = n->step[p][i + 1];
    }
    n->rank--;
}

static void swap_axes(qcg_nest *n, unsigned a, unsigned b)
{
    int64_t t = n->dim[a];
    n->dim[a] = n->dim[b];
    n->dim[b] = t;
    for (unsigned p = 0; p < n->nptr; p++) {
        t = n->step[p][a];
        n->step[p][a] = n->step[p][b];
        n->step[p][b] = t;
    }
}

/* Largest result stride outside. */
static void sort_axes(qcg_nest *n)
{
    for (unsigned i = 1; i < n->rank; i++)
        for (unsigned j = i; j > 0 && llabs(n->step[0][j - 1]) < llabs(n->step[0][j]); j--)
            swap_axes(n, j - 1, j);
}

static bool joins(const qcg_nest *n, unsigned i)
{
    for (unsigned p = 0; p < n->nptr; p++)
        if (n->step[p][i] != n->step[p][i + 1] * n->dim[i + 1])
            return false;
    return true;
}

static void simplify(qcg_nest *n)
{
    for (unsigned i = n->rank; i-- > 0;)
        if (n->dim[i] == 1)
            drop_axis(n, i);
    sort_axes(n);
    for (unsigned i = n->rank; i-- > 1;) {
        if (!joins(n, i - 1))
            continue;
        n->dim[i] *= n->dim[i - 1];
        drop_axis(n, i - 1);
    }
}

static void advance(qcg *g, const qcg_nest *n, unsigned axis, llb_val iv, const llb_val *from,
                    llb_val *to)
{
    for (unsigned p = 0; p < n->nptr; p++)
        to[p] = llb_index(g, from[p], iv, n->step[p][axis]);
}

static void contiguous_axis(qcg *g, const qcg_nest *n, unsigned axis, const llb_val *ptr,
                            const bool *splat, unsigned width, qcg_nest_fn fn, void *ctx)
{
    int64_t done = n->dim[axis] / width * width;
    llb_val at[QCG_NEST_PTRS];
    qcg_share s;
    if (done) {
        qcg_share_begin(g, &s, done, width, axis == n->cut);
        advance(g, n, axis, s.loop.iv, ptr, at);
        fn(g, ctx, at, splat, width);
        qcg_share_end(g, &s);
    }
    if (done == n->dim[axis])
        return;
    qcg_once_begin(g, &s, axis == n->cut);
    for (unsigned w = width / 2; w > 0; w /= 2) {
        if (!(n->dim[axis] & w))
            continue;
        advance(g, n, axis, llb_i64(g, done), ptr, at);
        fn(g, ctx, at, splat, w);
        done += w;
    }
    qcg_once_end(g, &s);
}

static bool is_contiguous(const qcg_nest *n, unsigned axis)
{
    bool all = n->step[0][axis] == n->elem[0];
    for (unsigned p = 0; p < n->nptr; p++)
        all = all && (n->step[p][axis] == 0 || n->step[p][axis] == n->elem[p]);
    return all;
}

static void innermost(qcg *g, const qcg_nest *n, unsigned axis, const llb_val *ptr, unsigned width,
                      qcg_nest_fn fn, void *ctx)
{
    bool splat[QCG_NEST_PTRS];
    for (unsigned p = 0; p < n->nptr; p++)
        splat[p] = n->step[p][axis] == 0;
    if (is_contiguous(n, axis)) {
        contiguous_axis(g, n, axis, ptr, splat, width, fn, ctx);
        return;
    }
    qcg_share s;
    llb_val at[QCG_NEST_PTRS];
    qcg_share_begin(g, &s, n->dim[axis], 1, axis == n->cut);
    advance(g, n, axis, s.loop.iv, ptr, at);
    fn(g, ctx, at, splat, 1);
    qcg_share_end(g, &s);
}

static void emit(qcg *g, const qcg_nest *n, unsigned axis, const llb_val *ptr, unsigned width,
                 qcg_nest_fn fn, void *ctx)
{
    if (axis + 1 == n->rank) {
        innermost(g, n, axis, ptr, width, fn, ctx);
        return;
    }
    qcg_share s;
    llb_val at[QCG_NEST_PTRS];
    qcg_share_begin(g, &s, n->dim[axis], 1, axis == n->cut);
    advance(g, n, axis, s.loop.iv, ptr, at);
    emit(g, n, axis + 1, at, width, fn, ctx);
    qcg_share_end(g, &s);
}

static void single(qcg *g, const qcg_nest *n, qcg_nest_fn fn, void *ctx)
{
    static const bool none[QCG_NEST_PTRS];
    qcg_share s;
    qcg_once_begin(g, &s, n->inner < 2);
    fn(g, ctx, n->ptr, none, 1);
    qcg_once_end(g, &s);
}

/* All axes are independent: every element of the result is written once. */
static unsigned choose_cut(const qcg_nest *n, unsigned width)
{
    int64_t units[QCG_NEST_AXES + 1];
    for (unsigned i = 0; i < n->rank; i++)
        units[i] = n->dim[i];
    if (n->rank && is_contiguous(n, n->rank - 1))
        units[n->rank - 1] /= width;
    units[n->rank] = n->inner;
    return qcg_share_choose(units, n->rank + 1);
}

void qcg_nest_run(qcg *g, qcg_nest *n, unsigned width, qcg_nest_fn fn, void *ctx)
{
    for (unsigned i = 0; i < n->rank; i++)
        if (n->dim[i] == 0)
            return;
    simplify(n);
    n->cut = choose_cut(n, width);
    if (n->rank)
        emit(g, n, 0, n->ptr, width, fn, ctx);
    else
        single(g, n, fn, ctx);
}

void qcg_strides(qcg *g, int i, int64_t *strides)
{
    const qir_op *op = g->op;
    qir_type_strides(i < 0 ? op->results[0].type : qir_op_operand(op, (uint32_t)i)->type, strides);
}

void qcg_nest_elementwise(qcg *g, qcg_nest *n, unsigned nops)
{
    const qir_type *y = g->op->results[0].type;
    *n = (qcg_nest){.rank = y->rank, .nptr = nops + 1};
    for (int p = 0; p <= (int)nops; p++) {
        const qir_type *t = p ? qir_op_operand(g->op, (uint32_t)p - 1)->type : y;
        int64_t strides[QIR_MAX_RANK];
        qcg_strides(g, p - 1, strides);
        n->elem[p] = (int64_t)qir_dtype_bytes(t->dtype);
        n->ptr[p] = p ? qcg_operand(g, (unsigned)p - 1) : g->out;
        unsigned extra = y->rank - t->rank;
        for (unsigned a = 0; a < y->rank; a++) {
            bool own = a >= extra && (t->dims[a - extra] != 1 || p == 0);
            n->dim[a] = y->dims[a];
            n->step[p][a] = own ? strides[a - extra] * n->elem[p] : 0;
        }
    }
}

bool qcg_unsupported(qcg *g, const char *what)
{
    qir_context *ctx = g->qir->ctx;
    qir_strbuf from = {0};
    for (uint32_t i = 0; i < g->op->noperands; i++)
        if (qir_op_operand(g->op, i))
            qir_strbuf_printf(&from, "%s%s", from.len ? ", " : "",
                              qir_type_text(ctx, qir_op_operand(g->op, i)->type));
    qir_error(qir_context_diag(ctx), g->op->loc, "codegen.types",
              "'%s' is compiled for %s, got %s to %s", qir_op_name(g->op), what,
              qir_strbuf_cstr(&from), qir_type_text(ctx, g->op->results[0].type));
    qir_strbuf_free(&from);
    return false;
}
