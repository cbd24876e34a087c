/* grid_sample: the taps of one position are found in scalars, then serve all channels.  The
 * arithmetic is that of ir/eval/eval_grid_sample.c, step by step. */
#include "fmath_ir.h"
#include "kernels/nest.h"

enum { TAPS = 4 };

typedef struct sampler {
    const qir_type *x, *y;
    bool align, nearest, cubic;
    char padding;
    unsigned taps;
} sampler;

typedef struct axis_taps {
    llb_val inside[TAPS], offset[TAPS], weight[TAPS]; /* i1, bytes, f32 */
} axis_taps;

static llb_val real(qcg *g, float v)
{
    return llb_f32s(g, v, 1);
}

static llb_val add(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildFAdd(g->b, a, b, "");
}

static llb_val sub(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildFSub(g->b, a, b, "");
}

static llb_val mul(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildFMul(g->b, a, b, "");
}

static llb_val into(qcg *g, llb_val v, int64_t size)
{
    return llb_clamp_f32(g, v, 0.0f, (float)(size - 1));
}

static llb_val reflected(qcg *g, const sampler *s, llb_val v, int64_t size)
{
    float low = s->align ? 0.0f : -0.5f, span = (float)(s->align ? size - 1 : size);
    if (span == 0.0f)
        return real(g, 0.0f);
    llb_type f32 = llb_float(g);
    llb_val d = sub(g, v, real(g, low));
    d = llb_intrinsic(g, "llvm.fabs", &f32, 1, &d, 1);
    llb_val q = qcg_fm_floor(g, LLVMBuildFDiv(g->b, d, real(g, span), ""));
    llb_val r = sub(g, d, mul(g, q, real(g, span)));
    llb_val pairs = mul(g, real(g, 2.0f), qcg_fm_floor(g, mul(g, q, real(g, 0.5f))));
    llb_val even = LLVMBuildFCmp(g->b, LLVMRealOEQ, sub(g, q, pairs), real(g, 0.0f), "");
    r = LLVMBuildSelect(g->b, even, r, sub(g, real(g, span), r), "");
    return into(g, add(g, r, real(g, low)), size);
}

static llb_val padded(qcg *g, const sampler *s, llb_val v, int64_t size)
{
    return s->padding == 'b' ? into(g, v, size) : s->padding == 'r' ? reflected(g, s, v, size) : v;
}

/* ((a * v - 5 a) * v + 8 a) * v - 4 a */
static llb_val outer_weight(qcg *g, llb_val v)
{
    const float a = -0.75f;
    llb_val w = sub(g, mul(g, real(g, a), v), real(g, 5.0f * a));
    w = add(g, mul(g, w, v), real(g, 8.0f * a));
    return sub(g, mul(g, w, v), real(g, 4.0f * a));
}

/* ((a + 2) * v - (a + 3)) * v * v + 1 */
static llb_val inner_weight(qcg *g, llb_val v)
{
    const float a = -0.75f;
    llb_val w = sub(g, mul(g, real(g, a + 2.0f), v), real(g, a + 3.0f));
    return add(g, mul(g, mul(g, w, v), v), real(g, 1.0f));
}

static void set_weights(qcg *g, const sampler *s, llb_val part, axis_taps *t)
{
    llb_val rest = sub(g, real(g, 1.0f), part);
    if (s->nearest) {
        t->weight[0] = real(g, 1.0f);
    } else if (!s->cubic) {
        t->weight[0] = rest;
        t->weight[1] = part;
    } else {
        t->weight[0] = outer_weight(g, add(g, part, real(g, 1.0f)));
        t->weight[1] = inner_weight(g, part);
        t->weight[2] = inner_weight(g, rest);
        t->weight[3] = outer_weight(g, add(g, rest, real(g, 1.0f)));
    }
}

/* step: bytes from one element of the axis to the next. */
static void find_taps(qcg *g, const sampler *s, llb_val grid, int64_t size, int64_t step,
                      axis_taps *t)
{
    llb_val v = mul(g, add(g, grid, real(g, 1.0f)), real(g, (float)(s->align ? size - 1 : size)));
    v = mul(g, s->align ? v : sub(g, v, real(g, 1.0f)), real(g, 0.5f));
    v = s->cubic ? v : padded(g, s, v, size);
    llb_val base = s->nearest ? qcg_fm_round(g, v) : qcg_fm_floor(g, v);
    set_weights(g, s, sub(g, v, base), t);
    for (unsigned k = 0; k < s->taps; k++) {
        llb_val at = add(g, base, real(g, (float)((int)k - (s->cubic ? 1 : 0))));
        at = s->cubic ? padded(g, s, at, size) : at;
        llb_val above = LLVMBuildFCmp(g->b, LLVMRealOGE, at, real(g, 0.0f), "");
        llb_val below = LLVMBuildFCmp(g->b, LLVMRealOLE, at, real(g, (float)(size - 1)), "");
        t->inside[k] = LLVMBuildAnd(g->b, above, below, "");
        at = LLVMBuildSelect(g->b, t->inside[k], at, real(g, 0.0f), "");
        t->offset[k] = llb_mul_const(g, LLVMBuildFPToSI(g->b, at, llb_int(g, 64), ""), step);
    }
}

static llb_val sample(qcg *g, const sampler *s, llb_val x, const axis_taps *ty, const axis_taps *tx)
{
    llb_val sum = NULL;
    for (unsigned i = 0; i < s->taps; i++) {
        llb_val row = NULL, line = llb_offset(g, x, ty->offset[i]);
        for (unsigned k = 0; k < s->taps; k++) {
            llb_val v = qcg_load_elements(g, s->x->dtype, llb_offset(g, line, tx->offset[k]), 1, false);
            llb_val inside = LLVMBuildAnd(g->b, ty->inside[i], tx->inside[k], "");
            v = mul(g, tx->weight[k], LLVMBuildSelect(g->b, inside, v, real(g, 0.0f), ""));
            row = row ? add(g, row, v) : v;
        }
        row = mul(g, ty->weight[i], row);
        sum = sum ? add(g, sum, row) : row;
    }
    return sum;
}

/* ptr: result at channel 0, grid point, operand at the batch entry. */
static void point(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const sampler *s = ctx;
    qir_dtype t = qir_op_operand(g->op, 1)->type->dtype;
    int64_t elem = (int64_t)qir_dtype_bytes(s->x->dtype), grid = (int64_t)qir_dtype_bytes(t);
    axis_taps tx, ty;
    llb_loop l;
    (void)splat, (void)n;
    find_taps(g, s, qcg_load_elements(g, t, ptr[1], 1, false), s->x->dims[3], elem, &tx);
    find_taps(g, s, qcg_load_elements(g, t, llb_at(g, ptr[1], grid), 1, false), s->x->dims[2],
              s->x->dims[3] * elem, &ty);
    llb_begin(g, &l, 0, s->x->dims[1], 1);
    llb_val x = llb_index(g, ptr[2], l.iv, s->x->dims[2] * s->x->dims[3] * elem);
    llb_val y = llb_index(g, ptr[0], l.iv, s->y->dims[2] * s->y->dims[3] * elem);
    qcg_store_elements(g, s->y->dtype, sample(g, s, x, &ty, &tx), y);
    llb_end(g, &l);
}

bool qir_lower_grid_sample(qcg *g)
{
    const qir_type *grid = qir_op_operand(g->op, 1)->type;
    const char *mode = qir_op_string(g->op, "mode");
    sampler s = {.x = qir_op_operand(g->op, 0)->type, .y = g->op->results[0].type,
                 .align = qir_op_bool(g->op, "align_corners"), .nearest = mode[0] == 'n',
                 .cubic = mode[0] == 'c', .padding = qir_op_string(g->op, "padding")[0]};
    s.taps = s.nearest ? 1 : s.cubic ? 4 : 2;
    int64_t elem = (int64_t)qir_dtype_bytes(s.x->dtype), positions = s.y->dims[2] * s.y->dims[3];
    int64_t pair = 2 * (int64_t)qir_dtype_bytes(grid->dtype);
    qcg_nest n = {.rank = 2, .nptr = 3, .dim = {s.y->dims[0], positions}, .elem = {elem, pair, elem},
                  .ptr = {g->out, qcg_operand(g, 1), qcg_operand(g, 0)}};
    n.step[0][0] = s.y->dims[1] * positions * elem;
    n.step[0][1] = elem;
    n.step[1][0] = positions * pair;
    n.step[1][1] = pair;
    n.step[2][0] = s.x->dims[1] * s.x->dims[2] * s.x->dims[3] * elem;
    qcg_nest_run(g, &n, 1, point, &s);
    return true;
}
