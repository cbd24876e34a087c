/* Integer depthwise convolution by columns: four input rows are interleaved once, and every product adds
 * up to four rows of a kernel column, for all output rows under them.  Columns go to planes, line by line, or stay
 * in registers until the last window over them has passed. */
#include <string.h>
#include "build.h"
#include "kernels/depthwise_tile.h"
#include "kernels/gemm.h"
#include "qir/support/checked.h"

/* --- lines ------------------------------------------------------------------------------------ */

/* Neighbouring positions at a time that take the least of `count`; a tile costs half a position. */
static unsigned choose_positions(const qcg_depthwise *d, int64_t count)
{
    int64_t most = d->m->positions / d->p->columns.rows;
    unsigned best = 1;
    for (unsigned n = 2; n <= most && n <= count; n++)
        if (qir_ceil_div(count, n) * (2 * n + 1) < qir_ceil_div(count, best) * (2 * best + 1))
            best = n;
    return best;
}

/* Positions 0 .. count - 1; fewer: how many there are, of run time, if not so many (NULL: so many). */
static void line(qcg *g, const qcg_depthwise *d, qcg_depthwise_run r, int64_t count, int64_t least,
                 llb_val fewer)
{
    r.positions = choose_positions(d, least);
    llb_loop l;
    llb_begin(g, &l, 0, count, r.positions);
    llb_val at = qcg_overlap(g, l.iv, count, r.positions);
    if (fewer)
        at = llb_smin(g, l.iv, llb_add(g, fewer, llb_i64(g, -(int64_t)r.positions)));
    r.src = llb_index(g, r.src, at, r.src_step);
    r.out = llb_index(g, r.out, at, r.out_step * d->elem);
    qcg_depthwise_tile(g, d, &r);
    llb_end(g, &l);
}

/* --- columns in registers ----------------------------------------------------------------------- */

/* Positions at a time, and columns under so many: those that the next turn sees again are the last. */
enum { VECTORS = QCG_COLUMN_VECTORS, TURN = 2, MOST_COLUMNS = TURN * 3 };

typedef struct stream {
    const qcg_depthwise *d;
    const llb_val *lines;
    llb_val channel;
    int64_t again; /* columns of a turn that the one before has */
    llb_val column[MOST_COLUMNS * VECTORS];
} stream;

/* Column `at` of the operand, where it is, and `later` more (an i64; NULL: none); to number `i`. */
static void bring(qcg *g, stream *s, int64_t i, int64_t at, llb_val later)
{
    const qir_window *q = &s->d->p->w;
    llb_val *to = s->column + i * VECTORS;
    if (!later && (at < 0 || at >= q->in[2])) {
        for (unsigned v = 0; v < VECTORS; v++)
            to[v] = qcg_columns_padding(g, &s->d->c);
        return;
    }
    llb_val from = llb_add(g, s->channel, llb_i64(g, at * q->c));
    if (later)
        from = llb_add(g, from, llb_mul_const(g, later, q->c));
    qcg_columns_stream(g, &s->d->c, s->lines, from, to);
}

/* Positions from `at` on, whose first columns are there. */
static void turn(qcg *g, stream *s, qcg_depthwise_run r, unsigned positions, int64_t at, llb_val later)
{
    const qir_window *q = &s->d->p->w;
    int64_t step = q->stride[2];
    for (int64_t i = 0; i < positions * step; i++)
        bring(g, s, s->again + i, at * step - q->begin[2] + s->again + i, later);
    r.positions = positions;
    r.held = s->column;
    qcg_depthwise_tile(g, s->d, &r);
}

/* What the next turn sees again goes to the front. */
static void pass_on(stream *s, unsigned positions)
{
    int64_t step = s->d->p->w.stride[2];
    for (int64_t i = 0; i < s->again * VECTORS; i++)
        s->column[i] = s->column[positions * step * VECTORS + i];
}

/* Turns that see no column behind the operand's. */
static void whole_turns(qcg *g, stream *s, qcg_depthwise_run r, int64_t turns)
{
    unsigned carried = (unsigned)s->again * VECTORS;
    llb_loop l;
    llb_begin(g, &l, 0, turns * TURN, TURN);
    for (unsigned i = 0; i < carried; i++)
        s->column[i] = llb_carry(g, &l, s->column[i]);
    r.out = llb_index(g, r.out, l.iv, r.out_step * s->d->elem);
    turn(g, s, r, TURN, 0, llb_mul_const(g, l.iv, s->d->p->w.stride[2]));
    pass_on(s, TURN);
    for (unsigned i = 0; i < carried; i++)
        llb_next(&l, i, s->column[i]);
    llb_end(g, &l);
    memcpy(s->column, l.value, carried * sizeof *s->column);
}

static void stream_line(qcg *g, const qcg_depthwise *d, const llb_val *lines, llb_val channel,
                        qcg_depthwise_run r)
{
    const qir_window *q = &d->p->w;
    int64_t step = q->stride[2];
    stream s = {.d = d, .lines = lines, .channel = channel, .again = q->kernel[2] - step};
    for (int64_t i = 0; i < s.again; i++)
        bring(g, &s, i, i - q->begin[2], NULL);
    int64_t turns = (q->in[2] + q->begin[2] - s.again) / (TURN * step);
    if (turns > q->out[2] / TURN)
        turns = q->out[2] / TURN;
    if (turns)
        whole_turns(g, &s, r, turns);
    for (int64_t at = turns * TURN; at < q->out[2]; at += TURN) {
        unsigned positions = q->out[2] - at < TURN ? 1 : TURN;
        qcg_depthwise_run here = r;
        here.out = llb_at(g, r.out, at * r.out_step * d->elem);
        turn(g, &s, here, positions, at, NULL);
        pass_on(&s, positions);
    }
}

static void blocks(qcg *g, const qcg_depthwise *d, const llb_val *lines, llb_val out)
{
    const qir_window *q = &d->p->w;
    int64_t vector = d->p->columns.vector;
    qcg_share s;
    qcg_share_begin(g, &s, q->c, vector, true);
    llb_val channel = qcg_overlap(g, s.loop.iv, q->c, vector);
    qcg_depthwise_run r = qcg_depthwise_run_of(g, d, s.loop.iv, llb_index(g, out, channel, d->elem));
    r.src_step = q->stride[2] * vector;
    r.out_step = q->c;
    if (d->p->columns.streams) {
        stream_line(g, d, lines, channel, r);
    } else {
        qcg_columns_fill(g, &d->c, lines, channel);
        line(g, d, r, q->out[2], q->out[2], NULL);
    }
    qcg_share_end(g, &s);
}

/* What is left of a flat line behind its whole vectors. */
static void rest(qcg *g, const qcg_depthwise *d, llb_val out, int64_t whole, unsigned tail)
{
    const qir_columns *c = &d->p->columns;
    llb_val phase = llb_i64(g, whole % c->phases * c->vector);
    qcg_depthwise_run r = qcg_depthwise_run_of(g, d, phase, llb_at(g, out, whole * c->vector * d->elem));
    r.src = llb_at(g, r.src, whole * c->vector);
    r.tail = tail;
    line(g, d, r, 1, 1, NULL);
}

static void flat_line(qcg *g, const qcg_depthwise *d, const llb_val *lines, llb_val out)
{
    const qir_columns *c = &d->p->columns;
    int64_t bytes = d->p->w.out[2] * d->p->w.c, whole = bytes / c->vector, each = whole / c->phases;
    qcg_share s;
    qcg_columns_fill(g, &d->c, lines, NULL);
    qcg_share_begin(g, &s, c->phases * c->vector, c->vector, true);
    llb_val start = s.loop.iv, count = NULL;
    if (whole % c->phases) {
        llb_val more = LLVMBuildICmp(g->b, LLVMIntSLT, start, llb_i64(g, whole % c->phases * c->vector), "");
        count = LLVMBuildSelect(g->b, more, llb_i64(g, each + 1), llb_i64(g, each), "");
    }
    qcg_depthwise_run r = qcg_depthwise_run_of(g, d, start, llb_index(g, out, start, d->elem));
    r.src = llb_offset(g, r.src, start);
    r.src_step = r.out_step = c->phases * c->vector;
    line(g, d, r, qir_ceil_div(whole, c->phases), each, count);
    qcg_share_end(g, &s);
    if (bytes % c->vector == 0)
        return;
    qcg_once_begin(g, &s, true);
    rest(g, d, out, whole, (unsigned)(bytes % c->vector));
    qcg_once_end(g, &s);
}

static void rows(qcg *g, void *ctx, const qcg_block *b)
{
    const qcg_depthwise *d = ctx;
    const qir_window *q = &d->p->w;
    llb_val lines[QCG_MAX_LINES];
    llb_val image = llb_index(g, b->image, b->plane, q->in[1] * q->in[2] * q->c);
    qcg_columns_lines(g, &d->c, image, b->row, lines);
    (d->p->columns.flat ? flat_line : blocks)(g, d, lines, b->out);
}

bool qcg_lower_depthwise_columns(qcg *g, const qir_kernel_plan *p)
{
    qcg_depthwise d = {.p = p, .m = g->machine->columns};
    qcg_columns_init(g, &d.c, p);
    if (!qcg_depthwise_constants(g, &d))
        return false;
    qcg_window_init(g, &d.win, p, d.c.zp);
    d.win.inner = p->columns.flat ? p->columns.phases : p->w.c / p->columns.vector;
    qcg_window_walk(g, &d.win, d.elem, rows, &d);
    return true;
}
