/* max_pool and avg_pool: a window is a row of taps, channels are the lanes.  Padded ops read a band
 * whose padding cannot win (max) or counts as the zero point (mean). */
#include <math.h>
#include "kernels/gemm.h"
#include "kernels/nest.h"
#include "kernels/requant.h"
#include "kernels/row.h"
#include "kernels/window.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"
#include "qir/support/bug.h"

enum { WIDTH = 16 };

typedef struct pool {
    qir_kernel_plan plan;
    qcg_window win;
    qcg_row row;
    qir_dtype dtype;
    bool largest, is_float;
    int64_t col, line, plane; /* bytes between neighbouring positions of what is read */
    llb_val counts[3];        /* elements counted per axis and output index, if they vary */
    llb_val multiplier;       /* of the current position: scalar f32 */
    llb_val divisor, counted; /* elements counted: as float; as i32, at least 1 */
} pool;

static void tap_offsets(qcg *g, pool *p)
{
    const qir_window *w = &p->plan.w;
    int64_t *at = QIR_NEW_ARRAY(g->arena, int64_t, (size_t)w->taps), n = 0;
    for (int64_t i = 0; i < w->kernel[0]; i++)
        for (int64_t j = 0; j < w->kernel[1]; j++)
            for (int64_t k = 0; k < w->kernel[2]; k++)
                at[n++] = i * (p->plan.has_band ? 1 : w->dilation[0]) * p->plane +
                          j * w->dilation[1] * p->line + k * w->dilation[2] * p->col;
    p->row = qcg_row_make(g, at, w->taps);
}

/* --- what happens to one window --------------------------------------------------------------- */

static llb_val larger(qcg *g, void *ctx, llb_val m, llb_val at, llb_val j)
{
    const pool *p = ctx;
    (void)j;
    llb_val x = llb_load(g, LLVMTypeOf(m), at, (unsigned)qir_dtype_bytes(p->dtype));
    if (!p->is_float) {
        bool is_signed = qir_dtype_is_signed(p->dtype);
        llb_val wins = LLVMBuildICmp(g->b, is_signed ? LLVMIntSGT : LLVMIntUGT, x, m, "");
        return LLVMBuildSelect(g->b, wins, x, m, "");
    }
    llb_val nan = LLVMBuildAnd(g->b, LLVMBuildFCmp(g->b, LLVMRealUNO, x, x, ""),
                               LLVMBuildFCmp(g->b, LLVMRealORD, m, m, ""), "");
    llb_val wins = LLVMBuildOr(g->b, LLVMBuildFCmp(g->b, LLVMRealOGT, x, m, ""), nan, "");
    return LLVMBuildSelect(g->b, wins, x, m, "");
}

static llb_val plus_stored(qcg *g, void *ctx, llb_val sum, llb_val at, llb_val j)
{
    const pool *p = ctx;
    (void)j;
    return llb_add(g, sum, qcg_load_elements(g, p->dtype, at, llb_lanes(sum), false));
}

static llb_val load_float(qcg *g, void *ctx, llb_val at, llb_val j)
{
    (void)j;
    return llb_load(g, llb_vec(llb_float(g), *(unsigned *)ctx), at, 4);
}

/* Padding of a band, as a scalar. */
static llb_val padding_value(qcg *g, const pool *p)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    if (p->is_float)
        return llb_f32s(g, p->largest ? -INFINITY : 0.0f, 1);
    int64_t v = !p->largest ? x->quant->zero_point[0]
                : x->quant  ? x->quant->qmin
                            : qir_dtype_min(x->dtype);
    return LLVMConstInt(qcg_storage(g, p->dtype), (unsigned long long)v, 1);
}

static void max_window(qcg *g, pool *p, llb_val src, llb_val dst, unsigned n)
{
    llb_val start = llb_splat(g, padding_value(g, p), n);
    llb_store(g, qcg_row_fold(g, &p->row, src, start, larger, p), dst,
              (unsigned)qir_dtype_bytes(p->dtype));
}

/* qir_tflite_divide, of the sum of what is stored: `sum` counts from the zero point. */
static llb_val divided(qcg *g, const pool *p, llb_val sum)
{
    unsigned n = llb_lanes(sum);
    const qir_quant *q = g->op->results[0].type->quant;
    llb_val count = llb_splat(g, p->counted, n), zero = llb_i32s(g, 0, n);
    llb_val half = LLVMBuildSDiv(g->b, count, llb_i32s(g, 2, n), "");
    sum = llb_add(g, sum, LLVMBuildMul(g->b, count, llb_i32s(g, q->zero_point[0], n), ""));
    llb_val positive = LLVMBuildICmp(g->b, LLVMIntSGT, sum, zero, "");
    half = LLVMBuildSelect(g->b, positive, half, LLVMBuildNeg(g->b, half, ""), "");
    return LLVMBuildSDiv(g->b, llb_add(g, sum, half), count, "");
}

static void mean_window(qcg *g, pool *p, llb_val src, llb_val dst, unsigned n)
{
    if (p->is_float) {
        llb_val sum = qcg_row_sum16(g, &p->row, src, n, load_float, &n);
        sum = LLVMBuildFDiv(g->b, sum, llb_splat(g, p->divisor, n), "");
        llb_store(g, sum, dst, 4);
        return;
    }
    const qir_quant *x = qir_op_operand(g->op, 0)->type->quant;
    const qir_type *y = g->op->results[0].type;
    int32_t start = (int32_t)(-(int64_t)x->zero_point[0] * p->row.count);
    llb_val sum = qcg_row_fold(g, &p->row, src, llb_i32s(g, start, n), plus_stored, p);
    if (qir_tflite_average(g->op)) {
        qcg_store_elements(g, y->dtype, divided(g, p, sum), dst);
        return;
    }
    sum = qcg_requantize(g, sum, llb_splat(g, p->multiplier, n), y->quant->qmin, y->quant->qmax);
    qcg_store_elements(g, y->dtype, sum, dst);
}

/* --- counting --------------------------------------------------------------------------------- */

static int64_t counted(const pool *p, unsigned axis, int64_t o, int64_t lo, int64_t hi)
{
    const qir_window *w = &p->plan.w;
    int64_t n = 0;
    for (int64_t k = 0; k < w->kernel[axis]; k++) {
        int64_t i = o * w->stride[axis] - w->begin[axis] + k * w->dilation[axis];
        n += i >= lo && i < hi;
    }
    return n;
}

/* Per-axis tables of the number of taps that count. */
static void count_tables(qcg *g, pool *p)
{
    const qir_window *w = &p->plan.w;
    bool pads = QIR_BUG(12) || qir_op_bool(g->op, "count_pads");
    size_t npads;
    const int64_t *all = qir_op_ints(g->op, "pads", &npads);
    unsigned spatial = qir_op_operand(g->op, 0)->type->rank - 2;
    for (unsigned a = 0; a < 3; a++) {
        int64_t end = a + spatial < 3 ? 0 : all[npads == 1 ? 0 : spatial + a + spatial - 3];
        int32_t *v = QIR_NEW_ARRAY(g->arena, int32_t, (size_t)w->out[a]);
        for (int64_t o = 0; o < w->out[a]; o++)
            v[o] = (int32_t)counted(p, a, o, pads ? -w->begin[a] : 0, w->in[a] + (pads ? end : 0));
        p->counts[a] = qcg_const(g, v, (size_t)w->out[a] * sizeof *v, 64);
    }
}

/* Divisor and multiplier of the window at output indices o. */
static void set_divisor(qcg *g, pool *p, const llb_val o[3])
{
    if (p->largest)
        return;
    const qir_quant *x = qir_op_operand(g->op, 0)->type->quant;
    const qir_quant *y = g->op->results[0].type->quant;
    llb_val n = llb_i32s(g, (int32_t)p->plan.w.taps, 1);
    if (p->plan.w.padded) {
        n = llb_i32s(g, 1, 1);
        for (unsigned a = 0; a < 3; a++)
            n = LLVMBuildMul(
                g->b, n, llb_load(g, llb_int(g, 32), llb_index(g, p->counts[a], o[a], 4), 4), "");
    }
    p->divisor = qcg_to_float(g, n);
    p->counted = llb_smax(g, n, llb_i32s(g, 1, 1));
    if (p->is_float)
        return;
    llb_val counted = LLVMBuildFMul(g->b, llb_f32s(g, y->scale[0], 1), p->divisor, "");
    p->multiplier = LLVMBuildFDiv(g->b, llb_f32s(g, x->scale[0], 1), counted, "");
    llb_val none = LLVMBuildICmp(g->b, LLVMIntEQ, n, llb_i32s(g, 0, 1), "");
    p->multiplier = LLVMBuildSelect(g->b, none, llb_f32s(g, 0.0f, 1), p->multiplier, "");
}

/* --- where windows are ------------------------------------------------------------------------ */

static void window_at(qcg *g, pool *p, llb_val src, llb_val dst, unsigned n)
{
    (p->largest ? max_window : mean_window)(g, p, src, dst, n);
}

static void channels(qcg *g, pool *p, llb_val src, llb_val dst)
{
    int64_t c = p->plan.w.c, done = c / WIDTH * WIDTH, in = p->col / c;
    int64_t out = (int64_t)qir_dtype_bytes(g->op->results[0].type->dtype);
    qcg_share s;
    if (done) {
        qcg_share_begin(g, &s, done, WIDTH, true);
        llb_val at = s.loop.iv;
        window_at(g, p, llb_index(g, src, at, in), llb_index(g, dst, at, out), WIDTH);
        qcg_share_end(g, &s);
    }
    if (done == c)
        return;
    qcg_once_begin(g, &s, true);
    for (unsigned n = WIDTH / 2; n > 0; n /= 2) {
        if (!(c & n))
            continue;
        window_at(g, p, llb_at(g, src, done * in), llb_at(g, dst, done * out), n);
        done += n;
    }
    qcg_once_end(g, &s);
}

/* Output row `row` of plane `plane`; src: what its first window reads. */
static void output_row(qcg *g, pool *p, llb_val src, llb_val dst, llb_val plane, llb_val row)
{
    const qir_window *w = &p->plan.w;
    int64_t out = w->c * (int64_t)qir_dtype_bytes(g->op->results[0].type->dtype);
    llb_loop l;
    llb_begin(g, &l, 0, w->out[2], 1);
    set_divisor(g, p, (llb_val[3]){plane, row, l.iv});
    channels(g, p, llb_index(g, src, l.iv, w->stride[2] * p->col), llb_index(g, dst, l.iv, out));
    llb_end(g, &l);
}

static void block(qcg *g, void *ctx, const qcg_block *b)
{
    pool *p = ctx;
    const qir_window *w = &p->plan.w;
    int64_t out = w->out[2] * w->c * (int64_t)qir_dtype_bytes(g->op->results[0].type->dtype);
    llb_loop l;
    llb_begin(g, &l, 0, p->plan.has_band ? p->plan.block : 1, 1);
    llb_val row = llb_add(g, b->row, l.iv), src;
    if (p->plan.has_band) {
        src = llb_index(g, p->win.band, l.iv, w->stride[1] * p->line);
    } else {
        src = llb_index(g, b->image, b->plane, w->stride[0] * p->plane);
        src = llb_index(g, src, row, w->stride[1] * p->line);
    }
    output_row(g, p, src, llb_index(g, b->out, l.iv, out), b->plane, row);
    llb_end(g, &l);
}

static bool types_ok(qcg *g, bool largest)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type, *y = g->op->results[0].type;
    if (x->dtype == QIR_f32 && y->dtype == QIR_f32)
        return true;
    if (largest)
        return qir_dtype_is_int(x->dtype) && x->dtype == y->dtype;
    return x->quant && y->quant && x->quant->count == 1 && y->quant->count == 1 &&
           qir_dtype_bits(x->dtype) <= 16 && qir_dtype_bits(y->dtype) <= 16;
}

bool qcg_lower_pool(qcg *g, const qir_kernel_plan *plan)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    pool p = {.plan = *plan, .is_float = x->dtype == QIR_f32, .dtype = x->dtype};
    p.largest = g->op->opcode == QIR_OP_max_pool;
    if (!types_ok(g, p.largest))
        return qcg_unsupported(g, "f32 or per-tensor quantized values of at most 16 bits");
    const qir_window *w = &p.plan.w;
    qcg_window_init(g, &p.win, &p.plan, 0);
    p.win.padding = padding_value(g, &p);
    p.col = w->c * (int64_t)qir_dtype_bytes(x->dtype);
    p.line = (p.plan.has_band ? p.plan.band_width : w->in[2]) * p.col;
    p.plane = (p.plan.has_band ? p.plan.band_rows : w->in[1]) * p.line;
    tap_offsets(g, &p);
    if (!p.largest && w->padded)
        count_tables(g, &p);
    p.win.inner = w->c / WIDTH;
    int64_t out_elem = (int64_t)qir_dtype_bytes(g->op->results[0].type->dtype);
    qcg_window_walk(g, &p.win, out_elem, block, &p);
    return true;
}
