/* Ops that look at one axis: cumsum, arg_max, arg_min, top_k.  All other axes are the loops of a nest
 * and its lanes; the axis is a loop inside.  Elements are ordered by integer keys, as the evaluator
 * defines them (ir/eval/eval_along.c), 32 or 64 bits wide. */
#include "kernels/arith.h"
#include "kernels/nest.h"

enum { WIDTH = 8 };

typedef struct along {
    const qir_type *x;
    int64_t count, in; /* elements of the axis; bytes from one to the next, in the operand */
    int64_t out;       /* and in result 0 */
    bool smallest, nan_wins;
} along;

/* Results (row-major or like the operand) and operand over all axes but one.  A result without the
 * axis has the others in order. */
static along begin(qcg *g, qcg_nest *n)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    unsigned axis = (unsigned)qir_op_int(g->op, "axis"), last = g->op->nresults;
    along s = {.x = x, .count = x->dims[axis]};
    int64_t strides[QIR_MAX_RANK];
    *n = (qcg_nest){.rank = x->rank, .nptr = last + 1};
    for (unsigned p = 0; p <= last; p++) {
        const qir_type *t = p == last ? x : g->op->results[p].type;
        n->elem[p] = (int64_t)qir_dtype_bytes(t->dtype);
        n->ptr[p] = p == last ? qcg_operand(g, 0) : g->outs[p];
        qir_type_strides(t, strides);
        unsigned at = 0;
        for (unsigned a = 0; a < x->rank; a++) {
            bool missing = a == axis && t->rank < x->rank;
            n->step[p][a] = missing ? 0 : strides[at++] * n->elem[p];
            n->dim[a] = a == axis ? 1 : x->dims[a];
        }
    }
    s.in = n->step[last][axis];
    s.out = n->step[0][axis];
    return s;
}

/* --- cumsum ----------------------------------------------------------------------------------- */
static void cumsum_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const along *s = ctx;
    bool exclusive = qir_op_bool(g->op, "exclusive");
    llb_loop l;
    (void)splat;
    llb_begin(g, &l, 0, s->count, 1);
    llb_val sum = llb_carry(g, &l, qcg_fold_start(g, QCG_SUM, s->x, n));
    llb_val x = qcg_load_elements(g, s->x->dtype, llb_index(g, ptr[1], l.iv, s->in), n, false);
    llb_val next = qcg_fold_lanes(g, QCG_SUM, s->x->dtype, sum, x);
    qcg_store_elements(g, s->x->dtype, exclusive ? sum : next, llb_index(g, ptr[0], l.iv, s->out));
    llb_next(&l, 0, next);
    llb_end(g, &l);
}

bool qir_lower_cumsum(qcg *g)
{
    qcg_nest n;
    along s = begin(g, &n);
    if (!s.count)
        return true;
    if (qir_op_bool(g->op, "reverse")) {
        n.ptr[0] = llb_at(g, n.ptr[0], (s.count - 1) * s.out);
        n.ptr[1] = llb_at(g, n.ptr[1], (s.count - 1) * s.in);
        s.in = -s.in, s.out = -s.out;
    }
    qcg_nest_run(g, &n, WIDTH, cumsum_body, &s);
    return true;
}

/* --- order ------------------------------------------------------------------------------------ */
static unsigned key_bits(const along *s)
{
    return qir_dtype_bits(s->x->dtype) > 32 ? 64 : 32;
}

static llb_val key_const(qcg *g, const along *s, uint64_t v, unsigned n)
{
    return llb_splat(g, LLVMConstInt(llb_int(g, key_bits(s)), v, 1), n);
}

static uint64_t largest_key(const along *s)
{
    return key_bits(s) == 64 ? (uint64_t)INT64_MAX : (uint64_t)INT32_MAX;
}

static llb_val key_of_real(qcg *g, const along *s, llb_val v, unsigned n)
{
    unsigned bits = key_bits(s);
    llb_val zero = LLVMConstNull(LLVMTypeOf(v));
    llb_val k = LLVMBuildBitCast(g->b, LLVMBuildFAdd(g->b, v, zero, ""),
                                 llb_vec(llb_int(g, bits), n), "");
    llb_val sign = LLVMBuildAShr(g->b, k, key_const(g, s, bits - 1, n), "");
    llb_val flip = LLVMBuildLShr(g->b, sign, key_const(g, s, 1, n), "");
    k = LLVMBuildXor(g->b, k, flip, "");
    return LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealUNO, v, v, ""),
                           key_const(g, s, largest_key(s), n), k, "");
}

/* Of the n elements at ptr. */
static llb_val load_keys(qcg *g, const along *s, llb_val ptr, unsigned n)
{
    qir_dtype t = s->x->dtype;
    llb_val v = qcg_load_elements(g, t, ptr, n, false), k = v;
    if (qir_dtype_is_float(t))
        k = key_of_real(g, s, v, n);
    else if (t == QIR_u32 || t == QIR_u64)
        k = LLVMBuildXor(g->b, v, key_const(g, s, ~largest_key(s), n), "");
    if (!s->smallest)
        return k;
    llb_val turned = LLVMBuildNot(g->b, k, "");
    if (!qir_dtype_is_float(t) || !s->nan_wins)
        return turned;
    return LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealUNO, v, v, ""), k, turned, "");
}

static void arg_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const along *s = ctx;
    LLVMIntPredicate wins = qir_op_bool(g->op, "select_last") ? LLVMIntSGE : LLVMIntSGT;
    llb_loop l;
    (void)splat;
    llb_val first = load_keys(g, s, ptr[1], n);
    llb_begin(g, &l, 0, s->count, 1);
    llb_val best = llb_carry(g, &l, first);
    llb_val index = llb_carry(g, &l, llb_splat(g, llb_i64(g, 0), n));
    llb_val key = load_keys(g, s, llb_index(g, ptr[1], l.iv, s->in), n);
    llb_val better = LLVMBuildICmp(g->b, wins, key, best, "");
    llb_next(&l, 0, LLVMBuildSelect(g->b, better, key, best, ""));
    llb_next(&l, 1, LLVMBuildSelect(g->b, better, llb_splat(g, l.iv, n), index, ""));
    llb_end(g, &l);
    llb_store(g, l.value[1], ptr[0], 8);
}

bool qir_lower_arg(qcg *g)
{
    qcg_nest n;
    along s = begin(g, &n);
    s.smallest = g->op->opcode == QIR_OP_arg_min;
    s.nan_wins = true;
    qcg_nest_run(g, &n, WIDTH, arg_body, &s);
    return true;
}

/* The best element that comes after (key, index): its key and index. */
static void next_best(qcg *g, const along *s, llb_val ptr, llb_val *key, llb_val *index)
{
    LLVMBuilderRef b = g->b;
    llb_loop l;
    llb_begin(g, &l, 0, s->count, 1);
    llb_val best = llb_carry(g, &l, key_const(g, s, 0, 1));
    llb_val at = llb_carry(g, &l, llb_i64(g, -1)); /* none yet */
    llb_val k = load_keys(g, s, llb_index(g, ptr, l.iv, s->in), 1);
    llb_val less = LLVMBuildICmp(b, LLVMIntSLT, k, *key, "");
    llb_val tie = LLVMBuildAnd(b, LLVMBuildICmp(b, LLVMIntEQ, k, *key, ""),
                               LLVMBuildICmp(b, LLVMIntSGT, l.iv, *index, ""), "");
    llb_val better = LLVMBuildOr(b, LLVMBuildICmp(b, LLVMIntSLT, at, llb_i64(g, 0), ""),
                                 LLVMBuildICmp(b, LLVMIntSGT, k, best, ""), "");
    llb_val wins = LLVMBuildAnd(b, LLVMBuildOr(b, less, tie, ""), better, "");
    llb_next(&l, 0, LLVMBuildSelect(b, wins, k, best, ""));
    llb_next(&l, 1, LLVMBuildSelect(b, wins, l.iv, at, ""));
    llb_end(g, &l);
    *key = l.value[0];
    *index = l.value[1];
}

/* ptr: values, indices, operand.  One pass over the axis per result. */
static void top_k_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const along *s = ctx;
    unsigned bytes = (unsigned)qir_dtype_bytes(s->x->dtype);
    llb_loop l;
    (void)splat, (void)n;
    llb_begin(g, &l, 0, qir_op_int(g->op, "k"), 1);
    llb_val key = llb_carry(g, &l, key_const(g, s, largest_key(s), 1));
    llb_val index = llb_carry(g, &l, llb_i64(g, -1));
    next_best(g, s, ptr[2], &key, &index);
    llb_val v = llb_load(g, llb_int(g, 8 * bytes), llb_index(g, ptr[2], index, s->in), bytes);
    llb_store(g, v, llb_index(g, ptr[0], l.iv, s->out), bytes);
    llb_store(g, index, llb_index(g, ptr[1], l.iv, s->out / bytes * 8), 8);
    llb_next(&l, 0, key);
    llb_next(&l, 1, index);
    llb_end(g, &l);
}

bool qir_lower_top_k(qcg *g)
{
    qcg_nest n;
    along s = begin(g, &n);
    s.smallest = !qir_op_bool(g->op, "largest");
    if (qir_op_int(g->op, "k") > 0)
        qcg_nest_run(g, &n, 1, top_k_body, &s);
    return true;
}
