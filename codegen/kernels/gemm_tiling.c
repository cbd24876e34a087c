/* Which register tile an integer product takes: the one that covers it in the least time, as one task or as two. */
#include "kernels/gemm.h"

#include "kernels/dynamic.h"
#include "qir/support/checked.h"

int64_t qcg_tile_lines(const qcg_gemm *m, qcg_tile t)
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

/* Weights that are cut out of their elements, what is subtracted from them, and their sums take registers besides. */
static bool leaves_room(const qcg *g, const qcg_gemm *m, qcg_tile t)
{
    enum { OPERAND = 1, PRODUCT = 1, CONSTANTS = 2 };
    unsigned each = m->m->lanes * 4 / qir_level_get(g->level)->vector_bytes, columns = t.vectors * each;
    unsigned weights = t.rows == 1 ? each : columns, less = 0, rows = t.rows;
    if (m->dynamic && m->parts > 1)
        less = m->dynamic->weight_zero ? columns : m->dynamic->raised != 0;
    if (m->dynamic)
        rows += m->dynamic->counted;
    if (m->parts == 1 || m->m->pick)
        return true;
    return rows * columns + 2 * weights + less + OPERAND + PRODUCT + CONSTANTS <= m->m->registers;
}

/* Sums of i16 and their floats, beside what is kept for unpacking. */
static bool leaves_constants(const qcg_gemm *m, qcg_tile t)
{
    enum { OPERAND = 1, PRODUCT = 1, CONSTANTS = 5 };
    unsigned sums = 2u * t.rows * t.vectors;
    return !m->narrow || !m->unpacked || sums + t.vectors + OPERAND + PRODUCT + CONSTANTS <= m->m->registers;
}

static bool tile_fits(const qcg *g, const qcg_gemm *m, qcg_tile t)
{
    bool whole = t.rows <= m->rows || t.rows % m->rows == 0;
    whole = whole && (!m->pairs || t.rows % 2 == 0);
    if (m->unpacked && (t.vectors * m->m->lanes > m->unpacked_columns || t.rows > QIR_WAITING_ROWS))
        return false;
    return whole && leaves_registers(m, t) && leaves_constants(m, t) && leaves_room(g, m, t) && qcg_tile_lines(m, t) <= m->lines &&
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

/* Bytes that windows of `rows` rows in each of `lines` lines lie in. */
static double operand_bytes(const qcg_gemm *m, double lines, double rows)
{
    double run = (double)(m->kblocks * m->parts * m->m->kgroup * m->m->elem_bytes), runs = 1.0;
    double next = (double)m->a_stride < run ? (double)m->a_stride : run;
    for (unsigned i = 0; i < QCG_RUN_AXES; i++)
        runs *= m->runs[i].count > 1 ? (double)m->runs[i].count : 1.0;
    return lines * runs * ((rows - 1.0) * next + run);
}

/* What a tile reads that the first-level cache does not keep until the next one reads it: its rows where all columns
 * have passed before those are needed again, and the weights of columns where those are too many.  A line of a row,
 * which is read word by word, is waited for longer than one of weights.  Not measured where k has sections. */
static double cache_cost(const qcg_gemm *m, qcg_tile t)
{
    enum { CACHE_BYTES = 48 << 10, LINE = 64 };
    const double row_line = 5.0, weight_line = 0.75;
    double lines = (double)qcg_tile_lines(m, t), cost = 0.0, weights = (double)(t.vectors * qcg_gemm_block_bytes(m));
    double rows = operand_bytes(m, lines, t.rows / lines), all = (double)(m->lines - 1) * (double)m->a_line;
    if (!m->m->in_flight || m->sections > 1)
        return 0.0;
    if (all + operand_bytes(m, 1.0, (double)m->rows) > CACHE_BYTES)
        cost += row_line * rows / LINE;
    if (rows + weights > CACHE_BYTES)
        cost += weight_line * weights / LINE;
    return cost;
}

/* What the loads of a step cost, in products: of weights, and of rows, or of the positions that taps share.  Of one
 * vector of columns, where there is one more than products, they have been seen to take 1.3 times as long. */
static double load_cost(const qcg_gemm *m, qcg_tile t)
{
    unsigned registers = (m->m->kgroup * m->m->elem_bytes + 3) / 4; /* of weights per one of sums */
    double rows = qcg_gemm_shares_taps(m, t) ? (t.rows + m->taps - 1.0) / m->taps : t.rows;
    return (m->m->in_flight ? 1.3 : 1.0) * (rows + t.vectors * registers);
}

/* Cost of a tile's code for its k steps and its epilogue, in half vector operations.  A product takes as long as a
 * load, where there are sums enough, but one is lost in each step until there are more; requantization takes three
 * operations for a vector. */
static double tile_cost(const qcg_gemm *m, qcg_tile t)
{
    enum { ALL_BUSY = 21 };
    double sums = t.rows * t.vectors, late = m->m->in_flight && m->sections == 1 && sums < ALL_BUSY ? 1.0 : 0.0;
    double step = 2.0 * larger(larger(sums, load_cost(m, t)) + late, m->m->in_flight);
    return step * (double)qcg_gemm_section_blocks(m) + sums * 6.0 + 12.0 + loop_cost(m, t) +
           cache_cost(m, t);
}

static double plan_cost(const qcg_gemm *m, qcg_tile t)
{
    int64_t blocks = qir_ceil_div(m->n, m->m->lanes), lines = qcg_tile_lines(m, t);
    int64_t rows = qir_ceil_div(m->lines, lines) * qir_ceil_div(m->rows, t.rows / lines);
    double cost = (double)(blocks / t.vectors) * tile_cost(m, t);
    if (blocks % t.vectors)
        cost += tile_cost(m, (qcg_tile){t.rows, (unsigned char)(blocks % t.vectors)});
    return cost * (double)rows;
}

static qcg_tiling tiling_by(const qcg *g, const qcg_gemm *m, qcg_tile tile)
{
    qcg_tiling t = {.tile = tile};
    int64_t blocks = qir_ceil_div(m->n, m->m->lanes);
    t.whole = blocks / t.tile.vectors;
    t.rest = (unsigned)(blocks % t.tile.vectors);
    t.tail = (unsigned)(m->n % m->m->lanes);
    if (t.tail && !t.rest) { /* the last group needs its own code */
        t.whole--;
        t.rest = t.tile.vectors;
    }
    t.units[0] = t.whole;
    t.units[1] = m->lines / qcg_tile_lines(m, t.tile);
    t.units[2] = m->rows * qcg_tile_lines(m, t.tile) / t.tile.rows;
    unsigned first = qcg_shares_columns(g->op) ? 0 : 1;
    t.cut = first + qcg_share_choose(t.units + first, 3 - first);
    return t;
}

/* Steps that tasks divide. */
static int64_t shared_steps(const qcg_gemm *m, const qcg_tiling *t)
{
    int64_t lines = qcg_tile_lines(m, t->tile);
    if (t->cut == 0)
        return t->whole + (t->rest != 0);
    return qir_ceil_div(t->cut == 1 ? m->lines : m->rows, t->cut == 1 ? lines : t->tile.rows / lines);
}

/* As two tasks see it, if any share: twice what the larger share costs. */
static double tiling_cost(const qcg *g, const qcg_gemm *m, const qcg_tiling *t)
{
    int64_t steps = shared_steps(m, t);
    double larger = 2.0 * (double)qir_ceil_div(steps, 2) / (double)steps;
    return plan_cost(m, t->tile) * (g->task ? larger : 1.0);
}

qcg_tiling qcg_gemm_tiling(const qcg *g, const qcg_gemm *m)
{
    qcg_tiling best = tiling_by(g, m, (qcg_tile){1, 1});
    double least = tiling_cost(g, m, &best);
    for (const qcg_tile *t = m->sections > 1 ? m->m->section_tiles : m->m->tiles; t->rows; t++) {
        if (!tile_fits(g, m, *t))
            continue;
        qcg_tiling here = tiling_by(g, m, *t);
        double cost = tiling_cost(g, m, &here);
        if (cost < least) {
            least = cost;
            best = here;
        }
    }
    return best;
}

int64_t qcg_gemm_units(const qcg *g, const qcg_gemm *m)
{
    qcg_tiling t = qcg_gemm_tiling(g, m);
    return t.units[t.cut];
}
