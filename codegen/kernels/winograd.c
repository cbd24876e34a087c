/* Transforms of Winograd's F(t x t, 3x3): see winograd.h.  Each goes along one axis, then along the other; what lies
 * between them is in memory, since a tile of 6x6 is more than the registers hold. */
#include "kernels/winograd_transforms.h"
#include "qir/support/assert.h"

enum { AT_ONCE = 4 };

/* --- operands --------------------------------------------------------------------------------- */

/* A loop over lines of operands: `from` and `to` have side entries each, from and to step by step. */
typedef struct lines {
    llb_val from, to;
    int64_t count;
    int64_t from_step, from_entry, to_step, to_entry; /* bytes */
    int64_t each, from_line, to_line; /* lines of a step, as far apart */
} lines;

static void operand_lines(qcg *g, const qcg_window *w, llb_type vector, const lines *l)
{
    const qcg_transforms *t = qcg_transforms_of(&w->plan->winograd);
    unsigned side = qcg_winograd_side(&w->plan->winograd), align = (unsigned)w->plan->elem;
    llb_val d[QCG_MOST_SIDE], v[QCG_MOST_SIDE];
    llb_loop steps, each;
    llb_begin(g, &steps, 0, l->count, 1);
    llb_begin(g, &each, 0, l->each, 1);
    llb_val from = llb_index(g, llb_index(g, l->from, steps.iv, l->from_step), each.iv, l->from_line);
    llb_val to = llb_index(g, llb_index(g, l->to, steps.iv, l->to_step), each.iv, l->to_line);
    for (unsigned k = 0; k < side; k++)
        d[k] = llb_load(g, vector, llb_at(g, from, k * l->from_entry), align);
    t->operands(g, d, v);
    for (unsigned k = 0; k < side; k++)
        llb_store(g, v[k], llb_at(g, to, k * l->to_entry), align);
    llb_end(g, &each);
    llb_end(g, &steps);
}

/* One vector of channels of a row of tiles: the columns under it, then the lines of each tile. */
static void tile_row(qcg *g, const qcg_window *w, unsigned lanes, llb_val src, llb_val dst, llb_val room)
{
    const qir_kernel_plan *p = w->plan;
    const qir_winograd *form = &p->winograd;
    int64_t elem = (int64_t)p->elem, pixel = p->w.c * elem, vector = lanes * elem, side = qcg_winograd_side(form);
    llb_type type = llb_vec(w->elem, lanes);
    lines columns = {.from = src, .to = room, .count = p->w.out[2] + QCG_TAPS - 1, .each = 1,
                     .from_step = pixel, .from_entry = p->band_width * pixel,
                     .to_step = side * vector, .to_entry = vector};
    lines tiles = {.from = room, .to = dst, .count = p->w.out[2] / form->tile, .each = side,
                   .from_step = form->tile * side * vector, .from_entry = side * vector, .from_line = vector,
                   .to_step = p->k_stride * elem, .to_entry = form->operand_pitch,
                   .to_line = side * form->operand_pitch};
    operand_lines(g, w, type, &columns);
    operand_lines(g, w, type, &tiles);
}

void qcg_winograd_operands(qcg *g, const qcg_window *w, llb_val room)
{
    const qir_kernel_plan *p = w->plan;
    int64_t elem = (int64_t)p->elem, tile = p->winograd.tile, tiles = p->w.out[2] / tile;
    unsigned n = qcg_winograd_lanes(g);
    llb_loop ly, lc;
    llb_begin(g, &ly, 0, p->block / tile, 1);
    llb_val src = llb_index(g, w->band, ly.iv, tile * p->band_width * p->w.c * elem);
    llb_val dst = llb_index(g, w->panel, ly.iv, tiles * p->k_stride * elem);
    llb_begin(g, &lc, 0, p->w.c, n);
    llb_val c = qcg_overlap(g, lc.iv, p->w.c, n);
    tile_row(g, w, n, llb_index(g, src, c, elem), llb_index(g, dst, c, elem), room);
    llb_end(g, &lc);
    llb_end(g, &ly);
}

/* --- results ---------------------------------------------------------------------------------- */

/* Where lines of pixels begin: behind the sums of a column of places. */
static llb_val lines_of_pixels(qcg *g, const qcg_winograd *r)
{
    const qir_winograd *form = &r->p->winograd;
    return llb_at(g, r->sums, qcg_winograd_side(form) * form->sum_pitch);
}

/* One register of columns of all tiles, at `sums`, to lines at `to`.  bias: what adds to all results. */
static void sum_column(qcg *g, const qcg_winograd *r, llb_type vector, llb_val sums, llb_val to, llb_val bias)
{
    const qir_winograd *form = &r->p->winograd;
    const qcg_transforms *t = qcg_transforms_of(form);
    int64_t side = qcg_winograd_side(form), row = (int64_t)r->vectors * r->m->lanes * 4;
    llb_val m[QCG_MOST_SIDE], y[QCG_MOST_TILE];
    llb_loop l;
    llb_begin(g, &l, 0, r->p->panel_rows, 1);
    sums = llb_index(g, sums, l.iv, row);
    to = llb_index(g, to, l.iv, row);
    for (unsigned i = 0; i < side; i++)
        m[i] = llb_load(g, vector, llb_at(g, sums, i * form->sum_pitch), 4);
    m[1] = llb_add(g, m[1], bias);
    t->results(g, m, y);
    for (unsigned i = 0; i < form->tile; i++)
        llb_store(g, y[i], llb_at(g, to, i * side * form->sum_pitch), 4);
    llb_end(g, &l);
}

/* Of the bias of a register of columns what is added to place 1 of column `x`. */
static llb_val bias_of(qcg *g, const qcg_winograd *r, llb_val bias, llb_val x)
{
    unsigned lanes = llb_lanes(bias);
    int32_t every = qcg_transforms_of(&r->p->winograd)->every;
    llb_val all = LLVMBuildMul(g->b, bias, llb_i32s(g, every * every, lanes), "");
    llb_val adds = LLVMBuildICmp(g->b, LLVMIntEQ, x, llb_i64(g, 1), "");
    return LLVMBuildSelect(g->b, adds, all, llb_i32s(g, 0, lanes), "");
}

void qcg_winograd_column(qcg *g, const qcg_winograd *r, llb_val block, llb_val x)
{
    const qir_winograd *form = &r->p->winograd;
    unsigned all = r->vectors * r->m->lanes * 4, each = qir_level_get(g->level)->vector_bytes;
    llb_type vector = llb_vec(llb_int(g, 32), each / 4);
    llb_val bias = llb_index(g, r->bias, block, (int64_t)r->m->lanes * 4);
    llb_val to = llb_index(g, lines_of_pixels(g, r), x, form->sum_pitch);
    for (unsigned i = 0; i < all; i += each) {
        llb_val b = bias_of(g, r, llb_load(g, vector, llb_at(g, bias, i), 4), x);
        sum_column(g, r, vector, llb_at(g, r->sums, i), llb_at(g, to, i), b);
    }
}

/* What makes pixels 2^shift times their results, by the twos that are missing; NULL: nothing, none are. */
static llb_val factors(qcg *g, const qcg_winograd *r)
{
    enum { MOST = 8 * 16, ALIGN = 64 };
    const qcg_transforms *t = qcg_transforms_of(&r->p->winograd);
    uint32_t v[MOST];
    unsigned n = (r->p->winograd.shift + 1) * r->m->lanes;
    QIR_ASSERT(n <= MOST, "too many lanes");
    for (unsigned i = 0; i < n; i++)
        v[i] = t->inverse << i / r->m->lanes;
    return t->inverse == 1 ? NULL : qcg_const(g, v, n * sizeof *v, ALIGN);
}

/* Pixel y, x from a sum: 2^shift times the result, or the result. */
static llb_val pixel(qcg *g, const qcg_winograd *r, llb_val factors, llb_val sum, unsigned y, unsigned x)
{
    const qir_winograd *form = &r->p->winograd;
    const qcg_transforms *t = qcg_transforms_of(form);
    int64_t missing = form->shift - t->twos[y] - t->twos[x], vector = (int64_t)r->m->lanes * 4;
    if (factors)
        sum = LLVMBuildMul(g->b, sum, llb_load(g, LLVMTypeOf(sum), llb_at(g, factors, missing * vector), 4), "");
    return r->scaled ? sum : LLVMBuildAShr(g->b, sum, llb_i32s(g, (int32_t)form->shift, r->m->lanes), "");
}

/* Line `y` of a tile's pixels from its sums, the last one first. */
static void pixels(qcg *g, const qcg_winograd *r, llb_val factors, llb_val sums, unsigned y, llb_val *out)
{
    const qir_winograd *form = &r->p->winograd;
    unsigned side = qcg_winograd_side(form), tile = (unsigned)form->tile;
    llb_type vector = llb_vec(llb_int(g, 32), r->m->lanes);
    llb_val m[QCG_MOST_SIDE], line[QCG_MOST_TILE];
    for (unsigned x = 0; x < side; x++)
        m[x] = llb_load(g, vector, llb_at(g, sums, (y * side + x) * form->sum_pitch), 4);
    qcg_transforms_of(form)->results(g, m, line);
    for (unsigned x = 0; x < tile; x++)
        out[tile - 1 - x] = pixel(g, r, factors, line[x], y, x);
}

/* The place of pixel y, x of a tile at `at` along an axis: behind the end, the last one's. */
static llb_val inside(qcg *g, const qcg_winograd *r, llb_val at, unsigned pixel, int64_t size)
{
    at = llb_add(g, at, llb_i64(g, pixel));
    return pixel && size % r->p->winograd.tile ? llb_smin(g, at, llb_i64(g, size - 1)) : at;
}

/* Where the results of row `y` of the pixels of tiles begin that begin at `row`. */
static llb_val pixel_row(qcg *g, const qcg_winograd *r, llb_val row, unsigned y)
{
    const qir_type *t = g->op->results[0].type;
    int64_t height = t->dims[t->rank - 2], width = t->dims[t->rank - 1];
    llb_val plane = llb_add(g, llb_mul_const(g, r->image, r->p->w.out[0]), r->plane);
    llb_val at = llb_add(g, llb_mul_const(g, plane, height), inside(g, r, row, y, height));
    return llb_index(g, g->out, at, width * r->p->w.o * qcg_epilogue_elem(&r->e));
}

/* Lines `end` - 1 and before, a store of them, of the tiles of a row.  out: where they begin, the last one first.
 * Factors and scales are read for each tile: registers for all of them there are none. */
static void result_lines(qcg *g, const qcg_winograd *r, llb_val sums, unsigned end,
                         const qcg_tile_store *s, const llb_val *out)
{
    const qir_type *y = g->op->results[0].type;
    unsigned tile = (unsigned)r->p->winograd.tile;
    int64_t width = y->dims[y->rank - 1], bytes = r->p->w.o * qcg_epilogue_elem(&r->e);
    llb_val v[AT_ONCE], each[AT_ONCE];
    llb_val factor = factors(g, r);
    qcg_tile_store here = *s;
    llb_loop l;
    llb_begin(g, &l, 0, r->p->w.out[2] / tile, 1);
    llb_val x = llb_mul_const(g, l.iv, tile);
    sums = llb_index(g, sums, l.iv, (int64_t)r->vectors * r->m->lanes * 4);
    for (unsigned i = 0; i < AT_ONCE; i++)
        each[i] = llb_index(g, out[i / tile], inside(g, r, x, tile - 1 - i % tile, width), bytes);
    factor = factor ? llb_hide(g, factor) : NULL;
    for (unsigned i = 0; i < AT_ONCE / tile; i++)
        pixels(g, r, factor, sums, end - 1 - i, v + i * tile);
    here.each = each;
    here.scale = s->scale ? llb_hide(g, s->scale) : NULL;
    qcg_epilogue_store(g, &r->e, r->m, &here, v);
    llb_end(g, &l);
}

/* The results of rows of tiles, one vector of columns.  The last lines and pixels are stored first, so that what lies
 * behind the end is overwritten. */
static void result_rows(qcg *g, const qcg_winograd *r, llb_val sums, llb_val block, unsigned end,
                        const qcg_tile_store *s)
{
    int64_t lanes = r->m->lanes, tile = r->p->winograd.tile, tiles = r->p->w.out[2] / tile;
    llb_val out[AT_ONCE];
    llb_loop l;
    llb_begin(g, &l, 0, r->p->block / tile, 1);
    llb_val row = llb_add(g, r->row, llb_mul_const(g, l.iv, tile));
    for (unsigned i = 0; i < AT_ONCE / tile; i++)
        out[i] = llb_index(g, pixel_row(g, r, row, end - 1 - i), block, lanes * qcg_epilogue_elem(&r->e));
    result_lines(g, r, llb_index(g, sums, l.iv, tiles * r->vectors * lanes * 4), end, s, out);
    llb_end(g, &l);
}

void qcg_winograd_results(qcg *g, const qcg_winograd *r, llb_val block, unsigned first, unsigned count,
                          unsigned tail)
{
    const qir_winograd *form = &r->p->winograd;
    unsigned lanes = r->m->lanes, tile = (unsigned)form->tile;
    int64_t vector = (int64_t)lanes * 4;
    llb_loop l;
    llb_begin(g, &l, first, first + count, 1);
    llb_val at = llb_add(g, block, l.iv), sums = llb_index(g, lines_of_pixels(g, r), l.iv, vector);
    qcg_tile_store s = {.rows = AT_ONCE, .vectors = 1, .tail = tail};
    s.scale = r->e.narrow ? llb_index(g, r->e.scale, at, vector) : NULL;
    for (unsigned end = tile; end; end -= AT_ONCE / tile)
        result_rows(g, r, sums, at, end, &s);
    llb_end(g, &l);
}
