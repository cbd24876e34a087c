/* The integer matrix product on register tiles.
 *
 * Columns outside, rows inside: the weights of one column group stay in the first-level cache while
 * the operand streams past.  The last row tile overlaps the one before it, so there is one copy of
 * the inner loop per column group width; LLVM must neither unroll nor reorder it (llb_end sees to
 * that).  A tile's rows lie in one line, or fill several: all their offsets are constants. */
#include "kernels/gemm.h"

#include "kernels/dynamic.h"
#include "qir/support/checked.h"

/* Lines that the rows of a tile lie in. */
static int64_t tile_lines(const qcg_gemm *m, qcg_tile t)
{
    return t.rows > m->rows ? t.rows / m->rows : 1;
}

/* Tiles whose rows stay in registers fill all of them.  Without a loop along k constants of the epilogue
 * need some at the same time. */
static bool leaves_registers(const qcg_gemm *m, qcg_tile t)
{
    enum { WEIGHTS = 2, CONSTANTS = 4 };
    bool all = !m->m->pick || !qcg_gemm_is_straight(m);
    return all || t.rows * t.vectors + t.rows + WEIGHTS + CONSTANTS <= (int)m->m->registers;
}

/* Weights that are cut out of their elements, and what is subtracted from them, take registers besides. */
static bool leaves_room(const qcg *g, const qcg_gemm *m, qcg_tile t)
{
    enum { OPERAND = 1, PRODUCT = 1, CONSTANTS = 2 };
    unsigned each = m->m->lanes * 4 / qir_level_get(g->level)->vector_bytes, columns = t.vectors * each;
    unsigned weights = t.rows == 1 ? each : columns, less = 0;
    if (m->dynamic && m->parts > 1)
        less = m->dynamic->weight_zero ? columns : m->dynamic->raised != 0;
    if (m->parts == 1 || m->m->pick)
        return true;
    return t.rows * columns + 2 * weights + less + OPERAND + PRODUCT + CONSTANTS <= m->m->registers;
}

static bool tile_fits(const qcg *g, const qcg_gemm *m, qcg_tile t)
{
    bool whole = t.rows <= m->rows || t.rows % m->rows == 0;
    whole = whole && (!m->pairs || t.rows % 2 == 0);
    if (m->unpacked && t.vectors * m->m->lanes > m->unpacked_columns)
        return false;
    return whole && leaves_registers(m, t) && leaves_room(g, m, t) && tile_lines(m, t) <= m->lines &&
           t.vectors <= qir_ceil_div(m->n, m->m->lanes);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* What the loop along k costs: the more sums wait for its end, the less of the next tile is under way
 * meanwhile; and the end of a long one is not foreseen.  Not measured: an operation per step. */
static double loop_cost(const qcg_gemm *m, qcg_tile t)
{
    enum { FORESEEN = 24 };
    double sums = t.rows * t.vectors, steps = (double)qcg_gemm_section_blocks(m);
    if (qcg_gemm_is_unrolled(m, t))
        return 0.0;
    return m->m->in_flight ? sums * sums / 16.0 + (steps > FORESEEN ? 60.0 : 0.0) : steps;
}

/* Cost of a tile's code for its k steps and its epilogue, in half vector operations.  A product takes as long as a
 * load, where there are sums enough; requantization takes three operations for a vector. */
static double tile_cost(const qcg_gemm *m, qcg_tile t)
{
    unsigned registers = (m->m->kgroup * m->m->elem_bytes + 3) / 4; /* of weights per one of sums */
    double sums = t.rows * t.vectors, loads = t.rows + t.vectors * registers;
    double step = 2.0 * larger(larger(sums, loads), m->m->in_flight);
    return step * (double)qcg_gemm_section_blocks(m) + sums * 6.0 + 12.0 + loop_cost(m, t);
}

static double plan_cost(const qcg_gemm *m, qcg_tile t)
{
    int64_t blocks = qir_ceil_div(m->n, m->m->lanes), lines = tile_lines(m, t);
    int64_t rows = qir_ceil_div(m->lines, lines) * qir_ceil_div(m->rows, t.rows / lines);
    double cost = (double)(blocks / t.vectors) * tile_cost(m, t);
    if (blocks % t.vectors)
        cost += tile_cost(m, (qcg_tile){t.rows, (unsigned char)(blocks % t.vectors)});
    return cost * (double)rows;
}

static qcg_tile choose_tile(const qcg *g, const qcg_gemm *m)
{
    qcg_tile best = {1, 1};
    double least = plan_cost(m, best);
    for (const qcg_tile *t = m->sections > 1 ? m->m->section_tiles : m->m->tiles; t->rows; t++) {
        if (!tile_fits(g, m, *t))
            continue;
        double cost = plan_cost(m, *t);
        if (cost < least) {
            least = cost;
            best = *t;
        }
    }
    return best;
}

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

/* Columns and rows of a product, as the tiles cut them. */
typedef struct tiling {
    qcg_tile tile;
    int64_t whole;       /* column groups that are tile.vectors wide, and filled */
    unsigned rest, tail; /* vectors of the last group, if it is not; columns of its last vector */
    int64_t units[3];    /* of columns, of lines, of rows */
    unsigned cut;        /* which of them tasks share */
} tiling;

static tiling tiling_of(const qcg *g, const qcg_gemm *m)
{
    tiling t = {.tile = choose_tile(g, m)};
    int64_t blocks = qir_ceil_div(m->n, m->m->lanes);
    t.whole = blocks / t.tile.vectors;
    t.rest = (unsigned)(blocks % t.tile.vectors);
    t.tail = (unsigned)(m->n % m->m->lanes);
    if (t.tail && !t.rest) { /* the last group needs its own code */
        t.whole--;
        t.rest = t.tile.vectors;
    }
    t.units[0] = t.whole;
    t.units[1] = m->lines / tile_lines(m, t.tile);
    t.units[2] = m->rows * tile_lines(m, t.tile) / t.tile.rows;
    unsigned first = qcg_shares_columns(g->op) ? 0 : 1;
    t.cut = first + qcg_share_choose(t.units + first, 3 - first);
    return t;
}

int64_t qcg_gemm_units(const qcg *g, const qcg_gemm *m)
{
    tiling t = tiling_of(g, m);
    return t.units[t.cut];
}

/* While one column group is computed each tile fetches a part of the next group's weights, where all of them
 * are more than stay near, or many for each row: else the first tile of a group would wait for memory. */
static void fetch_next(qcg *g, const qcg_gemm *m, llb_val w, qcg_tile_at *at)
{
    enum { NEAR = 256 << 10, MANY = 128 };
    int64_t block = qcg_gemm_block_bytes(m), group = at->tile.vectors * block, rows = m->lines * m->rows;
    int64_t row = qir_ceil_div(group, rows);
    if (rows <= at->tile.rows || (row < MANY && block * qir_ceil_div(m->n, m->m->lanes) < NEAR))
        return;
    int64_t steps = m->sections * qcg_gemm_section_blocks(m) * m->parts;
    at->fetch = llb_index(g, llb_at(g, w, group), at->row, row);
    at->fetch_step = qir_ceil_div(row * at->tile.rows, steps);
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

/* All rows of `count` column groups, the first at block first_block, each at->tile.vectors wide. */
static void column_groups(qcg *g, const qcg_gemm *m, const tiling *t, qcg_tile_at at,
                          int64_t first_block, int64_t count)
{
    int64_t out_bytes = qcg_epilogue_elem(m->e), lines = tile_lines(m, at.tile), rows = at.tile.rows / lines;
    qcg_share ln, ll, lm;
    qcg_share_begin(g, &ln, count * at.tile.vectors, at.tile.vectors, t->cut == 0);
    llb_val block = llb_add(g, ln.loop.iv, llb_i64(g, first_block));
    llb_val out = llb_index(g, m->out, block, m->m->lanes * out_bytes);
    llb_val w = llb_index(g, m->w, block, qcg_gemm_block_bytes(m));
    qcg_unpacked unpacked;
    derived constants;
    const qcg_gemm *of = qcg_unpack(g, m, at.tile, &block, &unpacked);
    of = derive(g, of, block, &at, &constants);
    qcg_share_begin(g, &ll, m->lines, lines, t->cut == 1);
    llb_val line = qcg_overlap(g, ll.loop.iv, m->lines, lines);
    qcg_share_begin(g, &lm, m->rows, rows, t->cut == 2);
    llb_val row = qcg_overlap(g, lm.loop.iv, m->rows, rows);
    /* Tiles that fill the registers have none for the weights, biases and scales of their columns. */
    bool full = m->m->pick || qcg_gemm_is_unrolled(of, at.tile);
    at.block = full ? llb_hide(g, block) : block;
    at.scale = at.scale && full ? llb_hide(g, at.scale) : at.scale;
    at.w = llb_index(g, of->w, at.block, qcg_gemm_block_bytes(of));
    at.row = llb_add(g, llb_mul_const(g, line, m->rows), row);
    at.a = llb_index(g, llb_index(g, m->a, line, m->a_line), row, m->a_stride);
    at.out = llb_index(g, out, at.row, m->out_stride);
    fetch_next(g, m, w, &at);
    (m->dynamic ? qcg_dynamic_tile : integer_tile)(g, of, &at);
    qcg_share_end(g, &lm);
    qcg_share_end(g, &ll);
    qcg_share_end(g, &ln);
}

void qcg_gemm_emit(qcg *g, const qcg_gemm *m)
{
    tiling t = tiling_of(g, m);
    qcg_tile last = {t.tile.rows, (unsigned char)t.rest};
    if (t.whole)
        column_groups(g, m, &t, (qcg_tile_at){.tile = t.tile}, 0, t.whole);
    if (t.rest)
        column_groups(g, m, &t, (qcg_tile_at){.tile = last, .tail = t.tail},
                      t.whole * t.tile.vectors, 1);
}
