/* max_pool_indices: one window after the other, its winner's index carried over the taps. */
#include "kernels/arith.h"
#include "kernels/nest.h"
#include "qir/kernel_plan.h"

enum { AXES = 3 };

typedef struct winner {
    qir_window w;
    qir_dtype dtype;
    llb_val plane;             /* the operand at the current batch entry and channel */
    llb_val o[AXES], k[AXES];  /* output index, tap */
    llb_val value, index;      /* best so far; -1: none */
} winner;

/* Index in the plane of the current tap; *inside: is it part of the operand? */
static llb_val tap_index(qcg *g, const winner *s, llb_val *inside)
{
    llb_val at = llb_i64(g, 0), ok = NULL;
    for (unsigned a = 0; a < AXES; a++) {
        llb_val i = llb_add(g, llb_mul_const(g, s->o[a], s->w.stride[a]),
                            llb_mul_const(g, s->k[a], s->w.dilation[a]));
        i = llb_add(g, i, llb_i64(g, -s->w.begin[a]));
        llb_val in = LLVMBuildICmp(g->b, LLVMIntULT, i, llb_i64(g, s->w.in[a]), "");
        ok = ok ? LLVMBuildAnd(g->b, ok, in, "") : in;
        at = llb_add(g, llb_mul_const(g, at, s->w.in[a]), i);
    }
    *inside = ok;
    return LLVMBuildSelect(g->b, ok, at, llb_i64(g, 0), "");
}

/* The best so far against one more tap: NaN wins over numbers, the first of equals stays. */
static void contest(qcg *g, winner *s)
{
    llb_val inside, at = tap_index(g, s, &inside);
    int64_t bytes = (int64_t)qir_dtype_bytes(s->dtype);
    llb_val x = qcg_load_elements(g, s->dtype, llb_index(g, s->plane, at, bytes), 1, false);
    llb_val beats = qcg_beats(g, true, s->dtype, x, s->value);
    if (qir_dtype_is_float(s->dtype))
        beats = LLVMBuildAnd(g->b, beats,
                             LLVMBuildFCmp(g->b, LLVMRealORD, s->value, s->value, ""), "");
    llb_val first = LLVMBuildICmp(g->b, LLVMIntSLT, s->index, llb_i64(g, 0), "");
    llb_val wins = LLVMBuildAnd(g->b, inside, LLVMBuildOr(g->b, first, beats, ""), "");
    s->value = LLVMBuildSelect(g->b, wins, x, s->value, "");
    s->index = LLVMBuildSelect(g->b, wins, at, s->index, "");
}

static void over_taps(qcg *g, winner *s, unsigned axis)
{
    if (axis == AXES) {
        contest(g, s);
        return;
    }
    llb_loop l;
    llb_begin(g, &l, 0, s->w.kernel[axis], 1);
    s->value = llb_carry(g, &l, s->value);
    s->index = llb_carry(g, &l, s->index);
    s->k[axis] = l.iv;
    over_taps(g, s, axis + 1);
    llb_next(&l, 0, s->value);
    llb_next(&l, 1, s->index);
    llb_end(g, &l);
    s->value = l.value[0];
    s->index = l.value[1];
}

/* Counted with the first spatial axis innermost. */
static llb_val column_major(qcg *g, const winner *s, llb_val at)
{
    llb_val n1 = llb_i64(g, s->w.in[1]), n2 = llb_i64(g, s->w.in[2]);
    llb_val i2 = LLVMBuildSRem(g->b, at, n2, ""), rest = LLVMBuildSDiv(g->b, at, n2, "");
    llb_val i1 = LLVMBuildSRem(g->b, rest, n1, ""), i0 = LLVMBuildSDiv(g->b, rest, n1, "");
    llb_val column = llb_add(g, llb_mul_const(g, i2, s->w.in[1]), i1);
    return llb_add(g, llb_mul_const(g, column, s->w.in[0]), i0);
}

static void over_positions(qcg *g, winner *s, unsigned axis, llb_val base, llb_val out)
{
    llb_loop l;
    if (axis < AXES) {
        int64_t inner = 8;
        for (unsigned a = axis + 1; a < AXES; a++)
            inner *= s->w.out[a];
        llb_begin(g, &l, 0, s->w.out[axis], 1);
        s->o[axis] = l.iv;
        over_positions(g, s, axis + 1, base, llb_index(g, out, l.iv, inner));
        llb_end(g, &l);
        return;
    }
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    s->value = qcg_fold_start(g, QCG_SUM, x, 1);
    s->index = llb_i64(g, -1);
    over_taps(g, s, 0);
    llb_val none = LLVMBuildICmp(g->b, LLVMIntSLT, s->index, llb_i64(g, 0), "");
    llb_val at = qir_op_bool(g->op, "column_major") ? column_major(g, s, s->index) : s->index;
    at = LLVMBuildSelect(g->b, none, s->index, llb_add(g, base, at), "");
    llb_store(g, at, out, 8);
}

bool qir_lower_max_pool_indices(qcg *g)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    winner s = {.dtype = x->dtype};
    if (qir_type_elements(g->op->results[0].type) == 0)
        return true;
    qir_window_get(g->op, &s.w);
    int64_t in = s.w.in[0] * s.w.in[1] * s.w.in[2], out = s.w.out[0] * s.w.out[1] * s.w.out[2];
    qcg_share planes;
    qcg_share_begin(g, &planes, s.w.n * s.w.c, 1, true);
    llb_val at = planes.loop.iv;
    s.plane = llb_index(g, qcg_operand(g, 0), at, in * (int64_t)qir_dtype_bytes(x->dtype));
    over_positions(g, &s, 0, llb_mul_const(g, at, in), llb_index(g, g->out, at, out * 8));
    qcg_share_end(g, &planes);
    return true;
}
