/* Transforms of Winograd's F(t x t, 3x3): see winograd.h.  Each goes along one axis, then along the other; what lies
 * between them is in memory, since a tile of 6x6 is more than the registers hold. */
#include "kernels/winograd.h"

#include "qir/support/assert.h"

enum { TAPS = 3, MOST_TILE = 4, MOST_SIDE = MOST_TILE + 2, AT_ONCE = 4 };

static llb_val sub(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildSub(g->b, a, b, "");
}

static llb_val twice(qcg *g, llb_val v)
{
    return llb_add(g, v, v);
}

static llb_val four_times(qcg *g, llb_val v)
{
    bool words = LLVMGetIntTypeWidth(LLVMGetElementType(LLVMTypeOf(v))) == 32;
    return LLVMBuildShl(g->b, v, (words ? llb_i32s : llb_i16s)(g, 2, llb_lanes(v)), "");
}

/* B' of the points 0, 1, -1, infinity. */
static void operands2(qcg *g, const llb_val *d, llb_val *v)
{
    v[0] = sub(g, d[0], d[2]);
    v[1] = llb_add(g, d[1], d[2]);
    v[2] = sub(g, d[2], d[1]);
    v[3] = sub(g, d[1], d[3]);
}

/* B' of the points 0, 1, -1, 2, -2, infinity; rows 1 and 2 with their signs changed. */
static void operands4(qcg *g, const llb_val *d, llb_val *v)
{
    llb_val a = sub(g, d[4], d[2]), b = twice(g, sub(g, d[3], d[1]));
    v[0] = llb_add(g, four_times(g, sub(g, d[0], d[2])), a);
    v[1] = sub(g, four_times(g, llb_add(g, d[1], d[2])), llb_add(g, d[3], d[4]));
    v[2] = sub(g, four_times(g, sub(g, d[2], d[1])), sub(g, d[4], d[3]));
    v[3] = llb_add(g, a, b);
    v[4] = sub(g, a, b);
    v[5] = sub(g, sub(g, d[5], d[3]), twice(g, b));
}

/* A': both results twice. */
static void results2(qcg *g, const llb_val *m, llb_val *y)
{
    y[0] = llb_add(g, llb_add(g, m[0], m[1]), m[2]);
    y[1] = sub(g, sub(g, m[1], m[2]), m[3]);
}

/* A': results 24, 12, 6 and 6 times. */
static void results4(qcg *g, const llb_val *m, llb_val *y)
{
    llb_val a = llb_add(g, m[1], m[2]), b = sub(g, m[1], m[2]);
    llb_val c = llb_add(g, m[3], m[4]), d = sub(g, m[3], m[4]);
    y[0] = llb_add(g, llb_add(g, m[0], c), four_times(g, a));
    y[1] = llb_add(g, twice(g, b), d);
    y[2] = llb_add(g, a, c);
    y[3] = llb_add(g, llb_add(g, b, twice(g, d)), m[5]);
}

/* What there is of a size of tile, along one axis.  Results of place i are odd * 2^twos[i] times too large; a
 * result added `every` times to the sum of place 1 is added as often to all of them. */
typedef struct transforms {
    signed char weights[MOST_SIDE][TAPS]; /* G */
    void (*operands)(qcg *g, const llb_val *d, llb_val *v);
    void (*results)(qcg *g, const llb_val *m, llb_val *y);
    unsigned char twos[MOST_TILE];
    int32_t every;
    uint32_t inverse; /* of odd * odd, modulo 2^32 */
} transforms;

static const transforms *transforms_of(const qir_winograd *form)
{
    static const transforms two = {.weights = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}},
                                   .operands = operands2,
                                   .results = results2,
                                   .twos = {1, 1},
                                   .every = 2,
                                   .inverse = 1};
    static const transforms four = {
        .weights = {{6, 0, 0}, {1, 1, 1}, {1, -1, 1}, {1, 2, 4}, {1, -2, 4}, {0, 0, 6}},
        .operands = operands4,
        .results = results4,
        .twos = {3, 2, 1, 1},
        .every = 6,
        .inverse = 0x38e38e39};
    return form->tile == 2 ? &two : &four;
}

static unsigned side_of(const qir_winograd *form)
{
    return (unsigned)form->tile + TAPS - 1;
}

/* --- weights ---------------------------------------------------------------------------------- */

static int dot(const signed char *g, const int *taps, unsigned step)
{
    return g[0] * taps[0] + g[1] * taps[step] + g[2] * taps[2 * step];
}

void qcg_winograd_weight(const qir_winograd *form, const int16_t *taps, int16_t *out)
{
    const transforms *t = transforms_of(form);
    unsigned side = side_of(form);
    int v[TAPS * TAPS], rows[TAPS * MOST_SIDE];
    for (unsigned i = 0; i < TAPS * TAPS; i++)
        v[i] = taps[i];
    for (unsigned i = 0; i < TAPS; i++)
        for (unsigned x = 0; x < side; x++)
            rows[side * i + x] = dot(t->weights[x], v + TAPS * i, 1);
    for (unsigned y = 0; y < side; y++)
        for (unsigned x = 0; x < side; x++)
            out[side * y + x] = (int16_t)dot(t->weights[y], rows + x, side);
}

unsigned qcg_winograd_lanes(const qcg *g)
{
    return qir_level_get(g->level)->vector_bytes / sizeof(int16_t);
}

static llb_val times(qcg *g, llb_val v, int factor)
{
    return factor == 1   ? v
           : factor == 2 ? twice(g, v)
           : factor == 4 ? four_times(g, v)
                         : LLVMBuildMul(g->b, v, llb_i16s(g, factor, llb_lanes(v)), "");
}

/* A row of G and taps; rows that differ in the sign of the middle have the others in common: those come first. */
static llb_val weighted(qcg *g, const signed char *row, const llb_val *taps)
{
    static const unsigned char order[TAPS] = {0, 2, 1};
    llb_val sum = NULL;
    for (unsigned i = 0; i < TAPS; i++) {
        int factor = row[order[i]];
        if (!factor)
            continue;
        llb_val term = times(g, taps[order[i]], factor < 0 ? -factor : factor);
        sum = !sum ? term : factor < 0 ? sub(g, sum, term) : llb_add(g, sum, term);
    }
    return sum;
}

/* Tap `i` of a vector, as i16. */
static llb_val tap(qcg *g, llb_val from, unsigned i)
{
    unsigned n = qcg_winograd_lanes(g);
    llb_val bytes = llb_load(g, llb_vec(llb_int(g, 8), n), llb_at(g, from, i * n), 1);
    return LLVMBuildSExt(g->b, bytes, llb_vec(llb_int(g, 16), n), "");
}

/* Column `x` of places: with all of them there would be more than the registers hold. */
static void weight_column(qcg *g, const qir_winograd *form, llb_val from, llb_val to, int64_t count, unsigned x)
{
    const transforms *t = transforms_of(form);
    unsigned side = side_of(form), n = qcg_winograd_lanes(g);
    llb_val rows[TAPS], taps[TAPS];
    llb_loop l;
    llb_begin(g, &l, 0, count / n, 1);
    from = llb_index(g, from, l.iv, TAPS * TAPS * n);
    to = llb_index(g, to, l.iv, n * (int64_t)sizeof(int16_t));
    for (unsigned i = 0; i < TAPS; i++) {
        for (unsigned k = 0; k < TAPS; k++)
            taps[k] = tap(g, from, TAPS * i + k);
        rows[i] = weighted(g, t->weights[x], taps);
    }
    for (unsigned y = 0; y < side; y++)
        llb_store(g, weighted(g, t->weights[y], rows), llb_at(g, to, (y * side + x) * form->weight_pitch), 2);
    llb_end(g, &l);
}

void qcg_winograd_weights(qcg *g, const qir_winograd *form, llb_val from, llb_val to, int64_t count)
{
    for (unsigned x = 0; x < side_of(form); x++)
        weight_column(g, form, from, to, count, x);
}

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
    const transforms *t = transforms_of(&w->plan->winograd);
    unsigned side = side_of(&w->plan->winograd), align = (unsigned)w->plan->elem;
    llb_val d[MOST_SIDE], v[MOST_SIDE];
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
    int64_t elem = (int64_t)p->elem, pixel = p->w.c * elem, vector = lanes * elem, side = side_of(form);
    llb_type type = llb_vec(w->elem, lanes);
    lines columns = {.from = src, .to = room, .count = p->w.out[2] + TAPS - 1, .each = 1,
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

/* The sums of all tiles, one register of columns, downwards in column `x` of their places; in place, as fewer lines.
 * bias: to be added (NULL: nothing) where it adds to all results. */
static void sum_column(qcg *g, const qcg_winograd *r, llb_type vector, llb_val sums, unsigned x, llb_val bias)
{
    const qir_winograd *form = &r->p->winograd;
    const transforms *t = transforms_of(form);
    int64_t side = side_of(form), line = side * form->sum_pitch;
    llb_val m[MOST_SIDE], y[MOST_TILE];
    llb_loop l;
    llb_begin(g, &l, 0, r->p->panel_rows, 1);
    sums = llb_at(g, llb_index(g, sums, l.iv, (int64_t)r->vectors * r->m->lanes * 4), x * form->sum_pitch);
    for (unsigned i = 0; i < side; i++)
        m[i] = llb_load(g, vector, llb_at(g, sums, i * line), 4);
    if (bias)
        m[1] = llb_add(g, m[1], bias);
    t->results(g, m, y);
    for (unsigned i = 0; i < form->tile; i++)
        llb_store(g, y[i], llb_at(g, sums, i * line), 4);
    llb_end(g, &l);
}

static void sum_columns(qcg *g, const qcg_winograd *r, llb_val sums, llb_val bias)
{
    const qir_winograd *form = &r->p->winograd;
    unsigned bytes = r->m->lanes * 4, each = qir_level_get(g->level)->vector_bytes;
    int32_t every = transforms_of(form)->every;
    llb_type vector = llb_vec(llb_int(g, 32), each / 4);
    for (unsigned i = 0; i < bytes; i += each) {
        llb_val b = llb_load(g, vector, llb_at(g, bias, i), 4), at = llb_at(g, sums, i);
        b = LLVMBuildMul(g->b, b, llb_i32s(g, every * every, each / 4), "");
        for (unsigned x = 0; x < side_of(form); x++)
            sum_column(g, r, vector, at, x, x == 1 ? b : NULL);
    }
}

/* What makes pixels 2^shift times their results, by the twos that are missing; NULL: nothing, none are. */
static llb_val factors(qcg *g, const qcg_winograd *r)
{
    enum { MOST = 8 * 16, ALIGN = 64 };
    const transforms *t = transforms_of(&r->p->winograd);
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
    const transforms *t = transforms_of(form);
    int64_t missing = form->shift - t->twos[y] - t->twos[x], vector = (int64_t)r->m->lanes * 4;
    if (factors)
        sum = LLVMBuildMul(g->b, sum, llb_load(g, LLVMTypeOf(sum), llb_at(g, factors, missing * vector), 4), "");
    return r->scaled ? sum : LLVMBuildAShr(g->b, sum, llb_i32s(g, (int32_t)form->shift, r->m->lanes), "");
}

/* Line `y` of a tile's pixels from its sums, the last one first. */
static void pixels(qcg *g, const qcg_winograd *r, llb_val factors, llb_val sums, unsigned y, llb_val *out)
{
    const qir_winograd *form = &r->p->winograd;
    unsigned side = side_of(form), tile = (unsigned)form->tile;
    llb_type vector = llb_vec(llb_int(g, 32), r->m->lanes);
    llb_val m[MOST_SIDE], line[MOST_TILE];
    for (unsigned x = 0; x < side; x++)
        m[x] = llb_load(g, vector, llb_at(g, sums, (y * side + x) * form->sum_pitch), 4);
    transforms_of(form)->results(g, m, line);
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
    llb_val at = llb_add(g, block, l.iv), sums = llb_index(g, r->sums, l.iv, vector);
    qcg_tile_store s = {.rows = AT_ONCE, .vectors = 1, .tail = tail};
    s.scale = r->e.narrow ? llb_index(g, r->e.scale, at, vector) : NULL;
    sum_columns(g, r, sums, llb_index(g, r->bias, at, vector));
    for (unsigned end = tile; end; end -= AT_ONCE / tile)
        result_rows(g, r, sums, at, end, &s);
    llb_end(g, &l);
}
