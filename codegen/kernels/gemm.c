/* The integer matrix product on register tiles.
 *
 * Columns outside, rows inside: the weights of one column group stay in the first-level cache while
 * the operand streams past.  The last row tile overlaps the one before it, so there is one copy of
 * the inner loop per column group width; LLVM must neither unroll nor reorder it (llb_end sees to
 * that).  A tile's rows lie in one line, or fill several: all their offsets are constants. */
#include "kernels/gemm.h"

#include "kernels/dynamic.h"
#include "qir/support/checked.h"

/* Less what the products of each row add too much. */
static void less_excess(qcg *g, const qcg_gemm *m, const qcg_tile_at *at, llb_val *start)
{
    llb_val excess = llb_index(g, m->row_excess, at->row, 4);
    for (unsigned r = 0; r < at->tile.rows; r++) {
        llb_val each = llb_splat(g, llb_load(g, llb_int(g, 32), llb_at(g, excess, r * 4), 4), m->m->lanes);
        for (unsigned j = 0; j < at->tile.vectors; j++, start++)
            *start = llb_sub(g, *start, each);
    }
}

/* Sums with their bias through the epilogue. */
static void integer_tile(qcg *g, const qcg_gemm *m, const qcg_tile_at *at)
{
    qcg_tile t = at->tile;
    int64_t vector = m->m->lanes * 4;
    llb_type words = llb_vec(llb_int(g, 32), m->m->lanes);
    llb_val bias = m->bias ? llb_index(g, m->bias, at->block, vector) : NULL;
    llb_val start[LLB_MAX_CARRY], acc[LLB_MAX_CARRY];
    for (unsigned j = 0; j < t.vectors; j++)
        start[j] = bias ? llb_load(g, words, llb_at(g, bias, j * vector), 4)
                        : llb_i32s(g, 0, m->m->lanes);
    for (unsigned i = t.vectors; i < t.rows * t.vectors; i++)
        start[i] = start[i - t.vectors];
    if (m->row_excess)
        less_excess(g, m, at, start);
    if (m->chains)
        qcg_chain_products(g, m, at, start, acc);
    else
        qcg_gemm_products(g, m, at, start, NULL, acc);
    qcg_tile_store s = {.rows = t.rows, .vectors = t.vectors, .tail = at->tail, .out = at->out};
    s.scale = at->scale ? at->scale : m->scale ? llb_index(g, m->scale, at->block, vector) : NULL;
    s.stride = m->out_stride;
    qcg_epilogue_store(g, m->e, m->m, &s, acc);
}

/* A product whose epilogue finds constants of one column group that follow from others. */
typedef struct derived {
    qcg_gemm m;
    qcg_epilogue e;
} derived;

static const qcg_gemm *derive(qcg *g, const qcg_gemm *m, llb_val block, qcg_tile_at *at, derived *d)
{
    if (!m->scale || !qcg_epilogue_derives(m->e))
        return m;
    *d = (derived){*m, *m->e};
    d->m.e = &d->e;
    llb_val scale = llb_index(g, m->scale, block, m->m->lanes * 4);
    at->scale = qcg_epilogue_derive(g, &d->e, scale, at->tile.vectors, m->m->lanes);
    return &d->m;
}

/* One column group on its way. */
typedef struct column_group {
    const qcg_tiling *t;
    const qcg_gemm *m, *of; /* the product, and as its tiles see it: */
    llb_val first, block;   /* its first block in each; */
    llb_val section;        /* the first of the sections that are in both */
    llb_val out;
} column_group;

/* While one column group is computed each tile fetches a part of the next group's weights, where all of them
 * are more than stay near, or many for each row: else the first tile of a group would wait for memory. */
static void fetch_next(qcg *g, const column_group *c, qcg_tile_at *at)
{
    enum { NEAR = 256 << 10, MANY = 128 };
    const qcg_gemm *m = c->m;
    int64_t block = qcg_gemm_block_bytes(m), group = at->tile.vectors * block, rows = m->lines * m->rows;
    if (rows <= at->tile.rows || (group < rows * MANY && block * qir_ceil_div(m->n, m->m->lanes) < NEAR))
        return;
    int64_t row = qir_ceil_div(group, rows * qir_ceil_div(m->sections, c->of->sections));
    llb_val part = LLVMBuildUDiv(g->b, c->section, llb_i64(g, c->of->sections), "");
    llb_val next = llb_index(g, m->w, c->first, block), before = llb_mul_const(g, part, rows);
    at->fetch = llb_index(g, llb_at(g, next, group), llb_add(g, before, at->row), row);
    at->fetch_step = qir_ceil_div(row * at->tile.rows, c->of->sections * qcg_gemm_section_blocks(c->of));
}

typedef void tile_fn(qcg *g, const qcg_gemm *m, const qcg_tile_at *at);

/* All rows of a column group, tile by tile. */
static void each_tile(qcg *g, const column_group *c, qcg_tile_at at, tile_fn *fn)
{
    const qcg_gemm *m = c->m, *of = c->of;
    int64_t lines = qcg_tile_lines(m, at.tile), rows = at.tile.rows / lines;
    qcg_share ll, lm;
    qcg_share_begin(g, &ll, m->lines, lines, c->t->cut == 1);
    llb_val line = qcg_overlap(g, ll.loop.iv, m->lines, lines);
    qcg_share_begin(g, &lm, m->rows, rows, c->t->cut == 2);
    llb_val row = qcg_overlap(g, lm.loop.iv, m->rows, rows);
    /* Tiles that fill the registers have none for the weights, biases and scales of their columns. */
    bool full = m->m->pick || qcg_gemm_is_unrolled(of, at.tile);
    at.block = full ? llb_hide(g, c->block) : c->block;
    at.scale = at.scale && full ? llb_hide(g, at.scale) : at.scale;
    at.w = llb_index(g, of->w, at.block, qcg_gemm_block_bytes(of));
    at.row = llb_add(g, llb_mul_const(g, line, m->rows), row);
    at.place = lm.loop.iv;
    at.a = llb_index(g, llb_index(g, of->a, line, m->a_line), row, m->a_stride);
    at.out = llb_index(g, c->out, at.row, m->out_stride);
    fetch_next(g, c, &at);
    fn(g, of, &at);
    qcg_share_end(g, &lm);
    qcg_share_end(g, &ll);
}

/* Weights are cut out of their elements, of all sections or a few at a time, for all rows. */
static void unpacked_group(qcg *g, column_group *c, qcg_tile_at at)
{
    const qcg_gemm *m = c->m;
    qcg_unpacked u;
    llb_loop l;
    if (m->dynamic->partial)
        qcg_dynamic_clear(g, m, at.tile);
    llb_begin(g, &l, 0, m->sections, m->unpacked_sections);
    qcg_unpack(g, m, at.tile, c->first, l.iv, &u);
    c->of = &u.m;
    c->block = llb_i64(g, 0);
    c->section = l.iv;
    each_tile(g, c, at, qcg_dynamic_tile);
    llb_end(g, &l);
    if (m->dynamic->partial)
        each_tile(g, c, at, qcg_dynamic_results);
}

/* All rows of `count` column groups, the first at block first_block, each at->tile.vectors wide. */
static void column_groups(qcg *g, const qcg_gemm *m, const qcg_tiling *t, qcg_tile_at at,
                          int64_t first_block, int64_t count)
{
    qcg_share ln;
    qcg_share_begin(g, &ln, count * at.tile.vectors, at.tile.vectors, t->cut == 0);
    llb_val block = llb_add(g, ln.loop.iv, llb_i64(g, first_block));
    column_group c = {.t = t, .m = m, .of = m, .first = block, .block = block, .section = llb_i64(g, 0)};
    c.out = llb_index(g, m->out, block, m->m->lanes * qcg_epilogue_elem(m->e));
    derived constants;
    if (m->unpacked) {
        unpacked_group(g, &c, at);
    } else {
        c.of = derive(g, m, block, &at, &constants);
        each_tile(g, &c, at, m->dynamic ? qcg_dynamic_tile : integer_tile);
    }
    qcg_share_end(g, &ln);
}

void qcg_gemm_emit(qcg *g, const qcg_gemm *m)
{
    qcg_tiling t = qcg_gemm_tiling(g, m);
    qcg_tile last = {t.tile.rows, (unsigned char)t.rest};
    if (t.whole)
        column_groups(g, m, &t, (qcg_tile_at){.tile = t.tile}, 0, t.whole);
    if (t.rest)
        column_groups(g, m, &t, (qcg_tile_at){.tile = last, .tail = t.tail},
                      t.whole * t.tile.vectors, 1);
}
