/* Transforms of Winograd's F(2x2,3x3): see winograd.h. */
#include "kernels/winograd.h"

enum { TILE = 2, SIDE = 4, PLACES = QIR_WINOGRAD_PLACES };

/* --- weights ---------------------------------------------------------------------------------- */

/* Three taps, `step` apart, to four: G, doubled. */
static void weight_line(const int *taps, unsigned step, int *out)
{
    int a = taps[0], b = taps[step], c = taps[2 * step];
    out[0] = 2 * a;
    out[1] = a + b + c;
    out[2] = a - b + c;
    out[3] = 2 * c;
}

void qcg_winograd_weight(const int16_t *taps, int16_t *out)
{
    int v[9], rows[3 * SIDE], u[SIDE];
    for (unsigned i = 0; i < 9; i++)
        v[i] = taps[i];
    for (unsigned i = 0; i < 3; i++)
        weight_line(v + 3 * i, 1, rows + SIDE * i);
    for (unsigned x = 0; x < SIDE; x++) {
        weight_line(rows + x, SIDE, u);
        for (unsigned y = 0; y < SIDE; y++)
            out[SIDE * y + x] = (int16_t)u[y];
    }
}

/* --- operands --------------------------------------------------------------------------------- */

static llb_val sub(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildSub(g->b, a, b, "");
}

/* Entry `i` of B' d. */
static llb_val operand(qcg *g, unsigned i, const llb_val *d)
{
    static const unsigned char terms[SIDE][2] = {{0, 2}, {1, 2}, {2, 1}, {1, 3}};
    llb_val a = d[terms[i][0]], b = d[terms[i][1]];
    return i == 1 ? llb_add(g, a, b) : sub(g, a, b);
}

/* Column `x` of the band rows at `src`, transformed downwards. */
static void column(qcg *g, const qcg_window *w, llb_type t, llb_val src, int64_t x, llb_val *out)
{
    const qir_kernel_plan *p = w->plan;
    int64_t pixel = p->w.c * (int64_t)p->elem;
    llb_val d[SIDE];
    for (unsigned y = 0; y < SIDE; y++)
        d[y] = llb_load(g, t, llb_at(g, src, (y * p->band_width + x) * pixel), (unsigned)p->elem);
    for (unsigned i = 0; i < SIDE; i++)
        out[i] = operand(g, i, d);
}

/* Entries first .. last - 1 of every line of a tile whose columns are transformed. */
static void lines(qcg *g, const qcg_window *w, llb_val (*col)[SIDE], unsigned first, unsigned last, llb_val dst)
{
    const qir_kernel_plan *p = w->plan;
    int64_t place = p->panel_rows * p->k_stride * (int64_t)p->elem;
    for (unsigned y = 0; y < SIDE; y++) {
        llb_val line[SIDE] = {col[0][y], col[1][y], col[2][y], col[3][y]};
        for (unsigned x = first; x < last; x++)
            llb_store(g, operand(g, x, line), llb_at(g, dst, (y * SIDE + x) * place), (unsigned)p->elem);
    }
}

/* One vector of channels of a row of tiles.  Two of a tile's columns are the last ones of the tile before;
 * what no longer needs them is stored before the fourth column takes registers. */
static void tile_row(qcg *g, const qcg_window *w, llb_type t, llb_val src, llb_val dst)
{
    const qir_kernel_plan *p = w->plan;
    int64_t pixel = p->w.c * (int64_t)p->elem, row = p->k_stride * (int64_t)p->elem;
    llb_val col[SIDE][SIDE] = {{NULL}}, begin[TILE][SIDE];
    for (unsigned x = 0; x < TILE; x++)
        column(g, w, t, src, x, begin[x]);
    llb_loop l;
    llb_begin(g, &l, 0, p->w.out[2] / TILE, 1);
    for (unsigned x = 0; x < TILE; x++)
        for (unsigned y = 0; y < SIDE; y++)
            col[x][y] = llb_carry(g, &l, begin[x][y]);
    src = llb_index(g, src, l.iv, TILE * pixel);
    dst = llb_index(g, dst, l.iv, row);
    for (unsigned x = TILE; x < SIDE; x++) {
        column(g, w, t, src, x, col[x]);
        lines(g, w, col, x == TILE ? 0 : x, x + 1, dst);
    }
    for (unsigned i = 0; i < TILE * SIDE; i++)
        llb_next(&l, i, col[TILE + i / SIDE][i % SIDE]);
    llb_end(g, &l);
}

void qcg_winograd_operands(qcg *g, const qcg_window *w)
{
    const qir_kernel_plan *p = w->plan;
    int64_t elem = (int64_t)p->elem, tiles = p->w.out[2] / TILE;
    unsigned n = qir_level_get(g->level)->vector_bytes / (unsigned)elem;
    llb_loop ly, lc;
    llb_begin(g, &ly, 0, p->block / TILE, 1);
    llb_val src = llb_index(g, w->band, ly.iv, TILE * p->band_width * p->w.c * elem);
    llb_val dst = llb_index(g, w->panel, ly.iv, tiles * p->k_stride * elem);
    llb_begin(g, &lc, 0, p->w.c, n);
    llb_val c = qcg_overlap(g, lc.iv, p->w.c, n);
    tile_row(g, w, llb_vec(w->elem, n), llb_index(g, src, c, elem), llb_index(g, dst, c, elem));
    llb_end(g, &lc);
    llb_end(g, &ly);
}

/* --- results ---------------------------------------------------------------------------------- */

/* A' */
static void sum_line(qcg *g, const llb_val *m, llb_val *out)
{
    out[0] = llb_add(g, llb_add(g, m[0], m[1]), m[2]);
    out[1] = sub(g, sub(g, m[1], m[2]), m[3]);
}

/* The sums of one tile and vector to its pixels, the last one first.  Four times the bias at the place that
 * adds to all of them does for all. */
static void pixels(qcg *g, const qcg_winograd *r, llb_val sums, llb_val bias, llb_val *out)
{
    enum { ALL = 5 };
    int64_t place = r->p->panel_rows * r->vectors * r->m->lanes * 4;
    llb_val down[TILE][SIDE], m[SIDE], line[TILE];
    for (unsigned x = 0; x < SIDE; x++) {
        for (unsigned y = 0; y < SIDE; y++) {
            m[y] = llb_load(g, LLVMTypeOf(bias), llb_at(g, sums, (y * SIDE + x) * place), 4);
            if (y * SIDE + x == ALL)
                m[y] = llb_add(g, m[y], bias);
        }
        sum_line(g, m, line);
        down[0][x] = line[0];
        down[1][x] = line[1];
    }
    for (unsigned y = 0; y < TILE; y++) {
        sum_line(g, down[y], line);
        for (unsigned x = 0; x < TILE; x++)
            out[TILE * TILE - 1 - (TILE * y + x)] =
                r->quartered ? line[x] : LLVMBuildAShr(g->b, line[x], llb_i32s(g, 2, r->m->lanes), "");
    }
}

/* The place of pixel y, x of a tile at `at` along an axis: behind the end, the last one's. */
static llb_val inside(qcg *g, llb_val at, unsigned pixel, int64_t size)
{
    at = llb_add(g, at, llb_i64(g, pixel));
    return pixel && size % TILE ? llb_smin(g, at, llb_i64(g, size - 1)) : at;
}

/* One vector of a row of tiles.  out: the results' first column of the vector, by row of pixels. */
static void result_row(qcg *g, const qcg_winograd *r, llb_val sums, llb_val bias, qcg_tile_store *s,
                       const llb_val *out)
{
    const qir_type *y = g->op->results[0].type;
    int64_t width = y->dims[y->rank - 1], pixel = r->p->w.o * (r->e.narrow ? 1 : 4);
    llb_val v[TILE * TILE], each[TILE * TILE];
    llb_loop l;
    llb_begin(g, &l, 0, r->p->w.out[2] / TILE, 1);
    llb_val x = llb_mul_const(g, l.iv, TILE);
    pixels(g, r, llb_index(g, sums, l.iv, (int64_t)r->vectors * r->m->lanes * 4), bias, v);
    for (unsigned i = 0; i < TILE * TILE; i++)
        each[TILE * TILE - 1 - i] = llb_index(g, out[i / TILE], inside(g, x, i % TILE, width), pixel);
    s->each = each;
    qcg_epilogue_store(g, &r->e, r->m, s, v);
    llb_end(g, &l);
}

/* Where the results of a row of pixels begin. */
static llb_val pixel_row(qcg *g, const qcg_winograd *r, llb_val row, unsigned y)
{
    const qir_type *t = g->op->results[0].type;
    int64_t height = t->dims[t->rank - 2], width = t->dims[t->rank - 1];
    llb_val plane = llb_add(g, llb_mul_const(g, r->image, r->p->w.out[0]), r->plane);
    llb_val at = llb_add(g, llb_mul_const(g, plane, height), inside(g, row, y, height));
    return llb_index(g, g->out, at, width * r->p->w.o * (r->e.narrow ? 1 : 4));
}

void qcg_winograd_results(qcg *g, const qcg_winograd *r, llb_val block, unsigned first, unsigned count,
                          unsigned tail)
{
    int64_t lanes = r->m->lanes, vector = lanes * 4, tiles = r->p->w.out[2] / TILE;
    llb_loop lv, ly;
    llb_begin(g, &lv, first, first + count, 1);
    llb_val at = llb_add(g, block, lv.iv);
    llb_val bias = llb_load(g, llb_vec(llb_int(g, 32), (unsigned)lanes), llb_index(g, r->bias, at, vector), 4);
    bias = LLVMBuildShl(g->b, bias, llb_i32s(g, 2, (unsigned)lanes), "");
    qcg_tile_store s = {.rows = TILE * TILE, .vectors = 1, .tail = tail};
    s.scale = r->e.narrow ? llb_index(g, r->e.scale, at, vector) : NULL;
    llb_begin(g, &ly, 0, r->p->block / TILE, 1);
    llb_val out[TILE], sums = llb_index(g, llb_index(g, r->sums, lv.iv, vector), ly.iv, tiles * r->vectors * vector);
    for (unsigned y = 0; y < TILE; y++) {
        llb_val row = pixel_row(g, r, llb_add(g, r->row, llb_mul_const(g, ly.iv, TILE)), y);
        out[y] = llb_index(g, row, at, lanes * (r->e.narrow ? 1 : 4));
    }
    result_row(g, r, sums, bias, &s, out);
    llb_end(g, &ly);
    llb_end(g, &lv);
}
