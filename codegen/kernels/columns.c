/* Planes of columns: see columns.h.  Rows are interleaved within parts of 128 bits, as the shuffles of all
 * levels do. */
#include "kernels/columns.h"

#include "qir/support/bug.h"
#include "qir/support/checked.h"

enum { LINES = 4, PART = 16 };

/* The lower or the upper halves of the parts of a and b, elements of `bytes` in turn. */
static llb_val unpack(qcg *g, llb_val a, llb_val b, unsigned bytes, unsigned half)
{
    llb_type whole = LLVMTypeOf(a);
    unsigned n = llb_lanes(a) / bytes, part = PART / bytes;
    llb_type t = llb_vec(llb_int(g, 8 * bytes), n);
    llb_val index[64];
    for (unsigned i = 0; i < n; i++)
        index[i] = llb_i32s(g, (int32_t)(i / part * part + half * part / 2 + i % part / 2 + i % 2 * n), 1);
    llb_val v = LLVMBuildShuffleVector(g->b, LLVMBuildBitCast(g->b, a, t, ""), LLVMBuildBitCast(g->b, b, t, ""),
                                       LLVMConstVector(index, n), "");
    return LLVMBuildBitCast(g->b, v, whole, "");
}

/* Four rows to vectors 0 .. 3 of a cell of four, or of two cells of two, whose bytes are widened. */
static void interleave(qcg *g, const llb_val *row, unsigned kgroup, llb_val *out)
{
    llb_val zero = LLVMConstNull(LLVMTypeOf(row[0]));
    for (unsigned i = 0; i < 4; i++) {
        llb_val first = unpack(g, row[0], row[1], 1, i / 2), second = unpack(g, row[2], row[3], 1, i / 2);
        if (kgroup == 4) {
            out[i] = unpack(g, first, second, 2, i % 2);
            continue;
        }
        out[i] = unpack(g, first, zero, 1, i % 2);
        out[4 + i] = unpack(g, second, zero, 1, i % 2);
    }
}

static llb_val stored(qcg *g, const qcg_columns *c, llb_val bytes)
{
    return c->flip ? LLVMBuildXor(g->b, bytes, llb_i8s(g, INT8_MIN, llb_lanes(bytes)), "") : bytes;
}

/* All of `bytes`: the last vector overlaps, or goes too far where there is only one. */
static void fill(qcg *g, llb_val dst, int64_t bytes, llb_val v)
{
    llb_loop l;
    unsigned n = llb_lanes(v);
    if (!bytes)
        return;
    llb_begin(g, &l, 0, bytes, n);
    llb_val at = bytes > n && bytes % n ? llb_smin(g, l.iv, llb_i64(g, bytes - n)) : l.iv;
    llb_store(g, v, llb_index(g, dst, at, 1), 1);
    llb_end(g, &l);
}

llb_val qcg_columns_padding(qcg *g, const qcg_columns *c)
{
    llb_val rows[LINES], out[2 * LINES];
    for (unsigned i = 0; i < LINES; i++)
        rows[i] = stored(g, c, llb_i8s(g, c->zp, (unsigned)c->plan->columns.vector));
    interleave(g, rows, (unsigned)c->plan->kgroup, out);
    return out[0];
}

/* Bytes of a line that rows of the operand fill. */
static int64_t line_bytes(const qir_kernel_plan *p)
{
    int64_t inside = p->band_width - p->w.begin[2];
    return (inside < p->w.in[2] ? inside : p->w.in[2]) * p->columns.pitch;
}

/* Lines of all planes before and behind what rows of the operand fill. */
static void fill_ends(qcg *g, const qcg_columns *c)
{
    const qir_columns *q = &c->plan->columns;
    llb_val padding = qcg_columns_padding(g, c);
    int64_t end = q->begin + line_bytes(c->plan);
    llb_loop l;
    llb_begin(g, &l, 0, 4 * q->cells, 1);
    llb_val plane = llb_index(g, c->planes, l.iv, q->plane);
    fill(g, plane, q->begin, padding);
    fill(g, llb_at(g, plane, end), q->plane - end, padding);
    llb_end(g, &l);
}

void qcg_columns_init(qcg *g, qcg_columns *c, const qir_kernel_plan *plan)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    *c = (qcg_columns){.plan = plan, .m = g->machine->columns, .zp = x->quant->zero_point[0]};
    c->flip = (x->dtype == QIR_i8) == c->m->unsigned_operand;
    c->blank = g->ws;
    c->planes = llb_at(g, g->ws, (int64_t)plan->band_bytes);
    if (plan->band_bytes)
        fill(g, c->blank, (int64_t)plan->band_bytes, llb_i8s(g, c->zp, (unsigned)plan->columns.vector));
    if (!plan->columns.streams)
        fill_ends(g, c);
}

int32_t qcg_columns_raise(const qcg_columns *c)
{
    return !c->flip ? 0 : c->m->unsigned_operand ? 128 : -128;
}

void qcg_columns_lines(qcg *g, const qcg_columns *c, llb_val image, llb_val row, llb_val *lines)
{
    const qir_window *w = &c->plan->w;
    int64_t count = c->plan->columns.lines, bytes = w->in[2] * w->c;
    llb_val first = llb_add(g, llb_mul_const(g, row, w->stride[1]), llb_i64(g, -w->begin[1]));
    for (int64_t i = 0; i < QCG_MAX_LINES; i++) {
        if (i >= count) { /* has no weights */
            lines[i] = lines[count - 1];
            continue;
        }
        llb_val at = llb_add(g, first, llb_i64(g, i * w->dilation[1]));
        lines[i] = llb_index(g, image, at, bytes);
        if (!c->plan->band_bytes)
            continue;
        llb_val inside = LLVMBuildICmp(g->b, LLVMIntULT, at, llb_i64(g, w->in[1]), "");
        lines[i] = LLVMBuildSelect(g->b, inside, lines[i], c->blank, "");
    }
}

/* `count` bytes of a row, the rest of the vector zero points. */
static llb_val load_row(qcg *g, const qcg_columns *c, llb_val src, unsigned count)
{
    unsigned n = (unsigned)c->plan->columns.vector;
    llb_val v = llb_load(g, llb_vec(llb_int(g, 8), count), src, 1), index[64];
    if (count < n) {
        for (unsigned i = 0; i < n; i++)
            index[i] = llb_i32s(g, (int32_t)(i < count ? i : n), 1);
        v = llb_slice(g, v, 0, n);
        v = LLVMBuildShuffleVector(g->b, v, llb_i8s(g, c->zp, n), LLVMConstVector(index, n), "");
    }
    return stored(g, c, v);
}

void qcg_columns_stream(qcg *g, const qcg_columns *c, const llb_val *lines, llb_val from, llb_val *out)
{
    llb_val rows[LINES];
    for (int64_t i = 0; i < LINES; i++)
        rows[i] = load_row(g, c, llb_offset(g, lines[i], from), (unsigned)c->plan->columns.vector);
    interleave(g, rows, LINES, out);
}

/* One vector of all lines, `from` bytes behind their begin, to `to` in the planes. */
static void fill_vector(qcg *g, const qcg_columns *c, const llb_val *lines, llb_val from, llb_val to,
                        unsigned count)
{
    const qir_columns *q = &c->plan->columns;
    unsigned kgroup = (unsigned)c->plan->kgroup;
    llb_val dst = llb_offset(g, c->planes, to), rows[LINES], out[2 * LINES];
    for (int64_t first = 0; first < q->lines; first += LINES) {
        for (int64_t i = 0; i < LINES; i++)
            rows[i] = load_row(g, c, llb_offset(g, lines[first + i], from), count);
        interleave(g, rows, kgroup, out);
        for (int64_t i = 0; i < 2 * LINES / (kgroup / 2) && first / kgroup + i / 4 < q->cells; i++)
            llb_store(g, out[i], llb_at(g, dst, (first / kgroup * 4 + i) * q->plane), 1);
    }
}

static void fill_flat(qcg *g, const qcg_columns *c, const llb_val *lines)
{
    int64_t vector = c->plan->columns.vector, bytes = line_bytes(c->plan), whole = bytes / vector * vector;
    llb_val begin = llb_i64(g, c->plan->columns.begin);
    if (whole) {
        llb_loop l;
        llb_begin(g, &l, 0, whole, vector);
        fill_vector(g, c, lines, l.iv, llb_add(g, l.iv, begin), (unsigned)vector);
        llb_end(g, &l);
    }
    if (bytes > whole)
        fill_vector(g, c, lines, llb_i64(g, whole), llb_add(g, begin, llb_i64(g, whole)),
                    (unsigned)(bytes - whole));
}

void qcg_columns_fill(qcg *g, const qcg_columns *c, const llb_val *lines, llb_val channel)
{
    const qir_kernel_plan *p = c->plan;
    if (p->columns.flat) {
        fill_flat(g, c, lines);
        return;
    }
    llb_loop l;
    llb_begin(g, &l, 0, line_bytes(p) / p->columns.pitch, 1);
    llb_val from = llb_add(g, llb_mul_const(g, l.iv, p->w.c), channel);
    llb_val to = llb_add(g, llb_mul_const(g, l.iv, p->columns.pitch), llb_i64(g, p->columns.begin));
    fill_vector(g, c, lines, from, to, (unsigned)p->columns.vector);
    llb_end(g, &l);
}

/* Four channels further is the next plane. */
llb_val qcg_columns_load(qcg *g, const qcg_columns *c, llb_val line, int64_t cell, unsigned i, int64_t at)
{
    const qir_columns *q = &c->plan->columns;
    int64_t plane = i + at % PART / 4;
    int64_t offset = (cell * 4 + plane % 4) * q->plane + at / PART * PART + plane / 4 * PART;
    unsigned elem = c->m->elem_bytes;
    return llb_load(g, llb_vec(llb_int(g, 8 * elem), (unsigned)q->vector / elem), llb_at(g, line, offset), 1);
}
