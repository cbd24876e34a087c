/* Bands and panels: see window.h.  Everything is written in ascending order, so that whole vectors
 * may spill over what is written next; the workspace has room for one more vector at the end. */
#include "kernels/window.h"

#include "qir/support/assert.h"
#include "qir/support/bug.h"

enum { MIN_CHUNK = 16, UNROLL = 8 };

static llb_type storage_type(qcg *g, qir_dtype t)
{
    return qir_dtype_is_float(t) ? llb_float(g) : llb_int(g, qir_dtype_bits(t));
}

void qcg_window_init(qcg *g, qcg_window *w, const qir_kernel_plan *plan, int32_t padding)
{
    qir_dtype from = qir_op_operand(g->op, 0)->type->dtype;
    *w = (qcg_window){.plan = plan, .from = storage_type(g, from)};
    w->from_signed = qir_dtype_is_signed(from);
    w->elem = plan->is_float ? w->from : llb_int(g, 8 * (unsigned)plan->elem);
    if (plan->raised)
        w->zero = llb_i8s(g, INT8_MIN, 1);
    w->padding = plan->is_float ? llb_f32s(g, 0.0f, 1)
                                : LLVMConstInt(w->elem, (unsigned long long)(int64_t)(QIR_BUG(7) ? 0 : padding + (plan->raised ? 128 : 0)), 1);
    unsigned vector = qir_level_get(g->level)->vector_bytes / (unsigned)plan->elem;
    w->chunk = vector > MIN_CHUNK ? vector : MIN_CHUNK;
    w->band = g->ws;
    w->panel = llb_at(g, g->ws, (int64_t)plan->band_bytes);
}

void qcg_window_take_zero_points(qcg *g, qcg_window *w)
{
    w->zero_points = qcg_operand(g, 2);
    w->one_zero_point = qir_type_elements(qir_op_operand(g->op, 2)->type) == 1;
}

/* The window at row or image `at`. */
static qcg_window window_at(qcg *g, const qcg_window *w, llb_val at)
{
    qcg_window here = *w;
    if (!w->zero_points)
        return here;
    llb_val p = w->one_zero_point ? w->zero_points : llb_index(g, w->zero_points, at, 4);
    llb_val z = qcg_zero_point(g, llb_load(g, llb_int(g, 32), p, 4));
    if (w->plan->centred) {
        here.zero = LLVMBuildTrunc(g->b, z, w->elem, "");
        return here;
    }
    here.zero = w->plan->raised ? llb_i8s(g, INT8_MIN, 1) : NULL;
    here.padding = LLVMBuildTrunc(g->b, llb_add(g, z, llb_i32s(g, w->plan->raised ? 128 : 0, 1)), w->elem, "");
    return here;
}

llb_val qcg_zero_point(qcg *g, llb_val z)
{
    qir_dtype t = qir_op_operand(g->op, 0)->type->dtype;
    return llb_clamp_i32(g, z, (int32_t)qir_dtype_min(t), (int32_t)qir_dtype_max(t));
}

static int64_t from_bytes(const qcg_window *w)
{
    return LLVMGetTypeKind(w->from) == LLVMFloatTypeKind ? 4 : LLVMGetIntTypeWidth(w->from) / 8;
}

static void widen_chunk(qcg *g, const qcg_window *w, llb_val dst, llb_val src, unsigned n)
{
    llb_val v = llb_load(g, llb_vec(w->from, n), src, (unsigned)from_bytes(w));
    if (w->from != w->elem) {
        llb_type t = llb_vec(w->elem, n);
        v = w->from_signed ? LLVMBuildSExt(g->b, v, t, "") : LLVMBuildZExt(g->b, v, t, "");
    }
    if (w->zero)
        v = LLVMBuildSub(g->b, v, llb_splat(g, w->zero, n), "");
    llb_store(g, v, dst, (unsigned)w->plan->elem);
}

/* Copies `count` elements, converting `from` to `elem`; touches nothing else. */
static void widen(qcg *g, const qcg_window *w, llb_val dst, llb_val src, int64_t count)
{
    int64_t done = count / w->chunk * w->chunk, in = from_bytes(w), out = (int64_t)w->plan->elem;
    if (done) {
        llb_loop l;
        llb_begin(g, &l, 0, done, w->chunk);
        widen_chunk(g, w, llb_index(g, dst, l.iv, out), llb_index(g, src, l.iv, in), w->chunk);
        llb_end(g, &l);
    }
    for (unsigned n = w->chunk / 2; n > 0; n /= 2) {
        if (!(count & n))
            continue;
        widen_chunk(g, w, llb_at(g, dst, done * out), llb_at(g, src, done * in), n);
        done += n;
    }
}

/* Whole vectors of `v`, up to one too far. */
static void fill(qcg *g, const qcg_window *w, llb_val dst, int64_t count)
{
    if (count <= 0)
        return;
    llb_loop l;
    llb_begin(g, &l, 0, count, w->chunk);
    llb_store(g, llb_splat(g, w->padding, w->chunk), llb_index(g, dst, l.iv, (int64_t)w->plan->elem),
              (unsigned)w->plan->elem);
    llb_end(g, &l);
}

/* One band row from input row `src`. */
static void band_row(qcg *g, const qcg_window *w, llb_val dst, llb_val src)
{
    const qir_kernel_plan *p = w->plan;
    int64_t left = p->w.begin[2] < p->band_width ? p->w.begin[2] : p->band_width;
    int64_t inside = p->band_width - left < p->w.in[2] ? p->band_width - left : p->w.in[2];
    int64_t position = p->w.c * (int64_t)p->elem;
    fill(g, w, dst, left * p->w.c);
    if (inside > 0)
        widen(g, w, llb_at(g, dst, left * position), src, inside * p->w.c);
    fill(g, w, llb_at(g, dst, (left + inside) * position),
         (p->band_width - left - inside) * p->w.c);
}

static llb_val within(qcg *g, llb_val i, int64_t size)
{
    return LLVMBuildICmp(g->b, LLVMIntULT, i, llb_i64(g, size), "");
}

/* Fills the band with the input rows under output rows row .. row + block - 1 of plane `plane`.
 * image: the operand at the batch entry. */
static void band_fill(qcg *g, const qcg_window *w, llb_val image, llb_val plane, llb_val row)
{
    const qir_kernel_plan *p = w->plan;
    const qir_window *q = &p->w;
    int64_t row_bytes = p->band_width * q->c * (int64_t)p->elem;
    int64_t in_row = q->in[2] * q->c * from_bytes(w);
    llb_loop lp, lr;
    llb_begin(g, &lp, 0, q->kernel[0], 1);
    llb_val d = llb_add(g, llb_mul_const(g, plane, q->stride[0]), llb_i64(g, -q->begin[0]));
    d = llb_add(g, d, llb_mul_const(g, lp.iv, q->dilation[0]));
    llb_begin(g, &lr, 0, p->band_rows, 1);
    llb_val h = llb_add(g, llb_mul_const(g, row, q->stride[1]), llb_i64(g, -q->begin[1]));
    h = llb_add(g, h, lr.iv);
    llb_val at = llb_add(g, llb_mul_const(g, lp.iv, p->band_rows), lr.iv);
    llb_val dst = llb_index(g, w->band, at, row_bytes);
    llb_val src = llb_index(g, llb_index(g, image, d, q->in[1] * in_row), h, in_row);
    if (q->padded) {
        llb_if s;
        llb_val ok = LLVMBuildAnd(g->b, within(g, d, q->in[0]), within(g, h, q->in[1]), "");
        llb_then(g, &s, ok);
        band_row(g, w, dst, src);
        llb_else(g, &s);
        fill(g, w, dst, p->band_width * q->c);
        llb_endif(g, &s);
    } else {
        band_row(g, w, dst, src);
    }
    llb_end(g, &lr);
    llb_end(g, &lp);
}

/* --- panels ----------------------------------------------------------------------------------- */

/* One run of neighbouring elements, in whole vectors that may spill over. */
static void copy_run(qcg *g, const qcg_window *w, llb_val dst, llb_val src, int64_t count)
{
    unsigned bytes = (unsigned)w->plan->elem;
    llb_type t = llb_vec(w->elem, w->chunk);
    if (count <= UNROLL * w->chunk) {
        for (int64_t i = 0; i < count; i += w->chunk)
            llb_store(g, llb_load(g, t, llb_at(g, src, i * bytes), bytes),
                      llb_at(g, dst, i * bytes), bytes);
        return;
    }
    llb_loop l;
    llb_begin(g, &l, 0, count, w->chunk);
    llb_store(g, llb_load(g, t, llb_index(g, src, l.iv, bytes), bytes),
              llb_index(g, dst, l.iv, bytes), bytes);
    llb_end(g, &l);
}

/* All taps of one window from `axis` on; neighbouring taps with all their channels are one run. */
static void gather_taps(qcg *g, const qcg_window *w, unsigned axis, llb_val dst, llb_val src)
{
    const qir_kernel_plan *p = w->plan;
    const qir_window *q = &p->w;
    int64_t cg = q->c / q->groups, elem = (int64_t)p->elem;
    bool joined = q->dilation[2] == 1 && q->groups == 1;
    if (axis == 3 || (axis == 2 && joined)) {
        copy_run(g, w, dst, src, axis == 3 ? cg : q->kernel[2] * cg);
        return;
    }
    int64_t row = p->band_width * q->c;
    int64_t src_step[] = {p->band_rows * row, q->dilation[1] * row, q->dilation[2] * q->c};
    int64_t dst_step[] = {q->kernel[1] * q->kernel[2] * cg, q->kernel[2] * cg, cg};
    int64_t n = q->kernel[axis];
    bool unroll = n <= 3 && q->taps * cg <= UNROLL * w->chunk * 3;
    if (unroll) {
        for (int64_t i = 0; i < n; i++)
            gather_taps(g, w, axis + 1, llb_at(g, dst, i * dst_step[axis] * elem),
                        llb_at(g, src, i * src_step[axis] * elem));
        return;
    }
    llb_loop l;
    llb_begin(g, &l, 0, n, 1);
    gather_taps(g, w, axis + 1, llb_index(g, dst, l.iv, dst_step[axis] * elem),
                llb_index(g, src, l.iv, src_step[axis] * elem));
    llb_end(g, &l);
}

/* Float rows end in zeros: what stands there is multiplied. */
static void zero_tail(qcg *g, const qcg_window *w, llb_val row)
{
    const qir_kernel_plan *p = w->plan;
    if (p->is_float && p->k_stride > p->k)
        llb_store(g, llb_f32s(g, 0.0f, MIN_CHUNK), llb_at(g, row, p->k * 4), 4);
}

/* Rows of the filled panel in pairs, where the plan says so. */
static void pair_rows(qcg *g, const qcg_window *w)
{
    enum { BYTES = 16, HALF = 8 };
    const qir_kernel_plan *p = w->plan;
    llb_type t = llb_vec(llb_int(g, 8), BYTES);
    llb_loop lr, lk;
    if (!p->pairs)
        return;
    llb_begin(g, &lr, 0, p->panel_rows, 2);
    llb_val row = llb_index(g, w->panel, lr.iv, p->pitch);
    llb_begin(g, &lk, 0, p->k_stride, BYTES);
    llb_val first = llb_offset(g, row, lk.iv), second = llb_at(g, first, p->pitch);
    llb_val a = llb_load(g, t, first, 1), b = llb_load(g, t, second, 1);
    llb_store(g, llb_concat(g, llb_slice(g, a, 0, HALF), llb_slice(g, b, 0, HALF)), first, 1);
    llb_store(g, llb_concat(g, llb_slice(g, a, HALF, HALF), llb_slice(g, b, HALF, HALF)), second, 1);
    llb_end(g, &lk);
    llb_end(g, &lr);
}

void qcg_panel_gather(qcg *g, const qcg_window *w, llb_val group)
{
    const qir_kernel_plan *p = w->plan;
    const qir_window *q = &p->w;
    int64_t elem = (int64_t)p->elem, cg = q->c / q->groups;
    llb_loop lr, lw;
    llb_begin(g, &lr, 0, p->block, 1);
    llb_val src = llb_index(g, w->band, lr.iv, q->stride[1] * p->band_width * q->c * elem);
    src = llb_index(g, src, group, (cg - QIR_BUG(11)) * elem);
    llb_val dst = llb_index(g, w->panel, lr.iv, q->out[2] * p->pitch * elem);
    llb_begin(g, &lw, 0, q->out[2], 1);
    llb_val row = llb_index(g, dst, lw.iv, p->pitch * elem);
    gather_taps(g, w, 0, row, llb_index(g, src, lw.iv, q->stride[2] * q->c * elem));
    zero_tail(g, w, row);
    llb_end(g, &lw);
    llb_end(g, &lr);
    pair_rows(g, w);
}

/* A row of k values, each section of it where its weights begin. */
static void widen_row(qcg *g, const qcg_window *w, llb_val dst, llb_val src)
{
    const qir_kernel_plan *p = w->plan;
    int64_t sections = p->k_stride == p->k ? 1 : p->sections, each = p->k / sections;
    llb_loop l;
    llb_begin(g, &l, 0, sections, 1);
    widen(g, w, llb_index(g, dst, l.iv, p->k_stride / sections * (int64_t)p->elem),
          llb_index(g, src, l.iv, each * from_bytes(w)), each);
    llb_end(g, &l);
}

/* Panel rows straight from the operand, from row `at` on. */
static void panel_direct(qcg *g, const qcg_window *w, llb_val src, llb_val at)
{
    const qir_kernel_plan *p = w->plan;
    if (p->pitch == p->k && !w->zero_points) {
        widen(g, w, w->panel, src, p->panel_rows * p->k);
        return;
    }
    llb_loop l;
    llb_begin(g, &l, 0, p->panel_rows, 1);
    llb_val row = llb_index(g, w->panel, l.iv, p->pitch * (int64_t)p->elem);
    qcg_window here = window_at(g, w, llb_add(g, at, l.iv));
    widen_row(g, &here, row, llb_index(g, src, l.iv, p->k * from_bytes(w)));
    zero_tail(g, w, row);
    llb_end(g, &l);
}

/* --- steps ------------------------------------------------------------------------------------ */

llb_val qcg_overlap(qcg *g, llb_val at, int64_t size, int64_t step)
{
    return size % step ? llb_smin(g, at, llb_i64(g, size - step)) : at;
}

static void walk_positions(qcg *g, const qcg_window *w, int64_t out_elem, qcg_block_fn fn, void *ctx)
{
    const qir_kernel_plan *p = w->plan;
    int64_t positions = p->w.n * p->w.out[0] * p->w.out[1] * p->w.out[2];
    int64_t units[] = {positions / p->block, w->inner};
    unsigned cut = qcg_share_choose(units, 2);
    qcg_share s;
    if (cut == 1 && qcg_shares_columns(g->op))
        qcg_share_fetch(g, qcg_operand(g, 0), positions * p->k * from_bytes(w));
    qcg_share_begin(g, &s, positions, p->block, cut == 0);
    llb_val at = qcg_overlap(g, s.loop.iv, positions, p->block);
    llb_val src = llb_index(g, qcg_operand(g, 0), at, p->k * from_bytes(w));
    if (!p->in_place) {
        panel_direct(g, w, src, at);
        pair_rows(g, w);
    }
    fn(g, ctx,
       &(qcg_block){.rows = p->in_place ? src : w->panel,
                    .at = at,
                    .out = llb_index(g, g->out, at, p->w.o * out_elem)});
    qcg_share_end(g, &s);
}

static void walk_rows(qcg *g, const qcg_window *w, int64_t out_elem, qcg_block_fn fn, void *ctx)
{
    const qir_window *q = &w->plan->w;
    int64_t step = w->plan->block ? w->plan->block : 1, row = q->out[2] * q->o * out_elem;
    int64_t image = q->in[0] * q->in[1] * q->in[2] * q->c * from_bytes(w);
    int64_t units[] = {q->n, q->out[0], q->out[1] / step, w->inner};
    unsigned cut = qcg_share_choose(units, 4);
    qcg_share images, planes, rows;
    qcg_share_begin(g, &images, q->n, 1, cut == 0);
    qcg_share_begin(g, &planes, q->out[0], 1, cut == 1);
    qcg_share_begin(g, &rows, q->out[1], step, cut == 2);
    llb_val n = images.loop.iv, d = planes.loop.iv;
    qcg_window here = window_at(g, w, n);
    qcg_block b = {.at = n, .plane = d, .row = qcg_overlap(g, rows.loop.iv, q->out[1], step)};
    b.image = llb_index(g, qcg_operand(g, 0), n, image);
    if (w->plan->has_band)
        band_fill(g, &here, b.image, b.plane, b.row);
    llb_val plane = llb_add(g, llb_mul_const(g, n, q->out[0]), d);
    b.out = llb_index(g, llb_index(g, g->out, plane, q->out[1] * row), b.row, row);
    fn(g, ctx, &b);
    qcg_share_end(g, &rows);
    qcg_share_end(g, &planes);
    qcg_share_end(g, &images);
}

void qcg_window_walk(qcg *g, const qcg_window *w, int64_t out_elem, qcg_block_fn fn, void *ctx)
{
    (w->plan->direct ? walk_positions : walk_rows)(g, w, out_elem, fn, ctx);
}
