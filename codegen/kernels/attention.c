/* attention on f32: one row of scores at a time, in the workspace. */
#include <math.h>
#include "fmath_ir.h"
#include "kernels/lanes.h"
#include "kernels/nest.h"
#include "kernels/row.h"
#include "kernels/window.h"

enum { WIDTH = 16, COLUMNS = 8 };

typedef struct attention {
    const qir_type *mask; /* or NULL */
    int64_t rows, columns, e, v;
    int64_t mask_row, mask_column; /* bytes from one to the next; 0: one for all */
    llb_val k, values, mask_ptr;   /* of this matrix, and this row of the mask */
    llb_val s;                     /* scores, then probabilities: the workspace */
    llb_val row;                   /* l */
    llb_val max, sum;
} attention;

/* --- scores ------------------------------------------------------------------------------------ */
static llb_val with_mask(qcg *g, const attention *a, llb_val s, llb_val j, unsigned n)
{
    llb_val at = llb_index(g, a->mask_ptr, j, a->mask_column);
    llb_val m = qcg_load_elements(g, a->mask->dtype, at, n, a->mask_column == 0);
    if (a->mask->dtype == QIR_f32)
        return LLVMBuildFAdd(g->b, s, m, "");
    llb_val seen = LLVMBuildICmp(g->b, LLVMIntNE, m, LLVMConstNull(LLVMTypeOf(m)), "");
    return LLVMBuildSelect(g->b, seen, s, llb_f32s(g, -INFINITY, n), "");
}

/* Columns up to l + offset. */
static llb_val with_bound(qcg *g, const attention *a, llb_val s, llb_val j, unsigned n)
{
    llb_val lane[WIDTH], bound = llb_add(g, a->row, llb_i64(g, qir_op_int(g->op, "offset")));
    for (unsigned i = 0; i < n; i++)
        lane[i] = llb_i64(g, i);
    llb_val column = llb_add(g, llb_splat(g, j, n), n == 1 ? lane[0] : LLVMConstVector(lane, n));
    llb_val seen = LLVMBuildICmp(g->b, LLVMIntSLE, column, llb_splat(g, bound, n), "");
    return LLVMBuildSelect(g->b, seen, s, llb_f32s(g, -INFINITY, n), "");
}

static void finish_scores(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const attention *a = ctx;
    llb_val s = qcg_lanes_load(g, a->s, j, n);
    s = LLVMBuildFMul(g->b, s, llb_f32s(g, qir_op_float(g->op, "scale"), n), "");
    if (a->mask)
        s = with_mask(g, a, s, j, n);
    if (qir_op_bool(g->op, "causal"))
        s = with_bound(g, a, s, j, n);
    qcg_lanes_store(g, s, a->s, j);
}

/* --- probabilities ----------------------------------------------------------------------------- */
static void exponentials(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const attention *a = ctx;
    llb_val d = LLVMBuildFSub(g->b, qcg_lanes_load(g, a->s, j, n), llb_splat(g, a->max, n), "");
    qcg_lanes_store(g, qcg_fm_exp(g, d), a->s, j);
}

static llb_val terms(qcg *g, void *ctx, llb_val j, unsigned i, unsigned n)
{
    const attention *a = ctx;
    (void)i;
    return qcg_lanes_load16(g, a->s, j, n);
}

static void divide(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const attention *a = ctx;
    llb_val p = LLVMBuildFDiv(g->b, qcg_lanes_load(g, a->s, j, n), llb_splat(g, a->sum, n), "");
    qcg_lanes_store(g, p, a->s, j);
}

/* v, or `instead` where it is `special`. */
static llb_val unless(qcg *g, llb_val v, float special, float instead)
{
    llb_val is = LLVMBuildFCmp(g->b, LLVMRealOEQ, v, llb_f32s(g, special, 1), "");
    return LLVMBuildSelect(g->b, is, llb_f32s(g, instead, 1), v, "");
}

static void probabilities(qcg *g, attention *a)
{
    a->max = unless(g, qcg_lanes_max(g, a->s, a->columns), -INFINITY, 0.0f);
    qcg_lanes_each(g, a->columns, WIDTH, exponentials, a);
    qcg_lanes_sum(g, a->columns, 1, terms, a, &a->sum);
    a->sum = unless(g, a->sum, 0.0f, 1.0f);
    qcg_lanes_each(g, a->columns, WIDTH, divide, a);
}

/* --- values ------------------------------------------------------------------------------------ */
typedef struct output {
    const attention *a;
    llb_val y;
    unsigned n;
} output;

static llb_val weighted(qcg *g, void *ctx, llb_val at, llb_val j)
{
    const output *o = ctx;
    llb_val p = llb_splat(g, qcg_lanes_load(g, o->a->s, j, 1), o->n);
    return LLVMBuildFMul(g->b, p, llb_load(g, llb_vec(llb_float(g), o->n), at, 4), "");
}

static void columns(qcg *g, void *ctx, llb_val c, unsigned n)
{
    output *o = ctx;
    qcg_row row = qcg_row_even(o->a->columns, o->a->v * 4);
    o->n = n;
    llb_val at = llb_index(g, o->a->values, c, 4);
    qcg_lanes_store(g, qcg_row_sum16(g, &row, at, n, weighted, o), o->y, c);
}

/* --- the op ------------------------------------------------------------------------------------ */
/* ptr: result, q, k, v, mask of one combination of leading indices. */
static void matrices(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    attention *a = ctx;
    (void)splat, (void)n;
    qcg_share s;
    a->k = ptr[2];
    a->values = ptr[3];
    qcg_share_begin(g, &s, a->rows, 1, true);
    a->row = s.loop.iv;
    if (a->mask)
        a->mask_ptr = llb_index(g, ptr[4], a->row, a->mask_row);
    qcg_lanes_products(g, a->s, llb_index(g, ptr[1], a->row, a->e * 4), a->k, a->e, a->columns);
    qcg_lanes_each(g, a->columns, WIDTH, finish_scores, a);
    probabilities(g, a);
    output o = {.a = a, .y = llb_index(g, ptr[0], a->row, a->v * 4)};
    qcg_lanes_each(g, a->v, COLUMNS, columns, &o);
    qcg_share_end(g, &s);
}

/* Bytes from one index of axis `back` (counted from the end) to the next; 0: one for all. */
static int64_t step_of(const qir_type *t, unsigned back)
{
    int64_t strides[QIR_MAX_RANK];
    if (back > t->rank || t->dims[t->rank - back] == 1)
        return 0;
    qir_type_strides(t, strides);
    return strides[t->rank - back] * (int64_t)qir_dtype_bytes(t->dtype);
}

static bool types_ok(const qcg *g)
{
    for (uint32_t i = 0; i < g->op->noperands; i++) {
        const qir_value *v = qir_op_operand(g->op, i);
        if (v && v->type->dtype != QIR_f32 && !(i == 3 && v->type->dtype == QIR_i1))
            return false;
    }
    return true;
}

bool qir_lower_attention(qcg *g)
{
    const qir_type *q = qir_op_operand(g->op, 0)->type, *k = qir_op_operand(g->op, 1)->type;
    const qir_type *y = g->op->results[0].type;
    const qir_value *mask = qir_op_operand(g->op, 3);
    if (!types_ok(g))
        return qcg_unsupported(g, "f32, with a mask of f32 or i1");
    attention a = {.mask = mask ? mask->type : NULL,
                   .rows = q->dims[q->rank - 2],
                   .columns = k->dims[k->rank - 2],
                   .e = q->dims[q->rank - 1],
                   .v = y->dims[y->rank - 1],
                   .s = g->ws};
    if (mask) {
        a.mask_row = step_of(mask->type, 2);
        a.mask_column = step_of(mask->type, 1);
    }
    qcg_nest n = {.rank = y->rank - 2, .nptr = mask ? 5 : 4, .inner = a.rows};
    for (unsigned p = 0; p < n.nptr; p++) {
        const qir_type *t = p ? qir_op_operand(g->op, p - 1)->type : y;
        n.elem[p] = (int64_t)qir_dtype_bytes(t->dtype);
        n.ptr[p] = p ? qcg_operand(g, p - 1) : g->out;
        for (unsigned d = 0; d < n.rank; d++)
            n.step[p][d] = step_of(t, y->rank - d);
    }
    for (unsigned d = 0; d < n.rank; d++)
        n.dim[d] = y->dims[d];
    qcg_nest_run(g, &n, 1, matrices, &a);
    return true;
}
