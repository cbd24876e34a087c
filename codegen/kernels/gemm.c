/* The integer matrix product on register tiles.
 *
 * Columns outside, rows inside: the weights of one column group stay in the first-level cache while
 * the panel streams past.  The last row tile overlaps the one before it, so there is one copy of
 * the inner loop per column group width; LLVM must neither unroll nor reorder it (llb_end sees to
 * that). */
#include "kernels/gemm.h"

#include "kernels/dynamic.h"
#include "qir/support/checked.h"

/* Cost of a tile's code for one k step and its epilogue, in vector operations. */
static double tile_cost(const qcg_gemm *m, unsigned rows, unsigned vectors)
{
    unsigned registers = (m->m->kgroup * m->m->elem_bytes + 3) / 4; /* of weights per one of sums */
    double products = rows * vectors * 2.0, loads = rows + vectors * registers;
    double step = products > 2.0 * loads ? products : 2.0 * loads;
    return (step + 1.0) * (double)m->kblocks + rows * vectors * 6.0 + 12.0;
}

static double plan_cost(const qcg_gemm *m, qcg_tile t)
{
    int64_t blocks = qir_ceil_div(m->n, m->m->lanes), rows = qir_ceil_div(m->rows, t.rows);
    double cost = (double)(blocks / t.vectors) * tile_cost(m, t.rows, t.vectors);
    if (blocks % t.vectors)
        cost += tile_cost(m, t.rows, (unsigned)(blocks % t.vectors));
    return cost * (double)rows;
}

static qcg_tile choose_tile(const qcg_gemm *m)
{
    qcg_tile best = {1, 1};
    double least = plan_cost(m, best);
    for (const qcg_tile *t = m->m->tiles; t->rows; t++) {
        if (t->rows > m->rows || t->vectors > qir_ceil_div(m->n, m->m->lanes))
            continue;
        double cost = plan_cost(m, *t);
        if (cost < least) {
            least = cost;
            best = *t;
        }
    }
    return best;
}

/* Weight `i` of every element, signed, or as high as it is stored. */
static llb_val cut_out(qcg *g, const qcg_gemm *m, llb_val words, unsigned i)
{
    unsigned bits = 8 * m->m->elem_bytes, each = bits / m->parts, n = llb_lanes(words);
    llb_val (*splat)(qcg *, int, unsigned) = m->m->elem_bytes == 1 ? llb_i8s : llb_i16s;
    if (m->parts == 1)
        return words;
    if (m->m->unsigned_operand) {
        words = LLVMBuildLShr(g->b, words, splat(g, (int)(each * i), n), "");
        return LLVMBuildAnd(g->b, words, splat(g, (1 << each) - 1, n), "");
    }
    if (i + 1 < m->parts)
        words = LLVMBuildShl(g->b, words, splat(g, (int)(bits - each * (i + 1)), n), "");
    return LLVMBuildAShr(g->b, words, splat(g, (int)(bits - each), n), "");
}

/* Rows that one dot step multiplies. */
static unsigned step_rows(const qcg_machine *vm)
{
    return vm->turn ? 2 : 1;
}

/* The sums of rows as the dot step wants them; returns how many.  An odd last row stands for two. */
static unsigned join_rows(qcg *g, const qcg_machine *vm, qcg_tile t, const llb_val *rows, llb_val *acc)
{
    unsigned n = 0, each = step_rows(vm);
    for (unsigned r = 0; r < t.rows; r += each) {
        const llb_val *row = rows + r * t.vectors, *next = r + 1 < t.rows ? row + t.vectors : row;
        for (unsigned j = 0; j < t.vectors; j++)
            acc[n++] = each == 2 ? vm->turn(g, llb_concat(g, row[j], next[j])) : row[j];
    }
    return n;
}

static void split_rows(qcg *g, const qcg_machine *vm, qcg_tile t, const llb_val *acc, llb_val *rows)
{
    unsigned each = step_rows(vm);
    for (unsigned r = 0; r < t.rows; r += each) {
        for (unsigned j = 0; j < t.vectors; j++, acc++) {
            llb_val both = each == 2 ? vm->turn(g, *acc) : *acc;
            for (unsigned i = 0; i < each && r + i < t.rows; i++)
                rows[(r + i) * t.vectors + j] = llb_slice(g, both, i * vm->lanes, vm->lanes);
        }
    }
}

/* Adds the products of block `i` of each element of w; ak: the operand elements of the first row. */
static void add_products(qcg *g, const qcg_gemm *m, qcg_tile t, unsigned i, llb_val ak,
                         const llb_val *words, const llb_val *less, llb_val *acc)
{
    const qcg_machine *vm = m->m;
    llb_val wv[16];
    for (unsigned j = 0; j < t.vectors; j++) {
        wv[j] = cut_out(g, m, words[j], i);
        if (less)
            wv[j] = LLVMBuildSub(g->b, wv[j], less[j], "");
    }
    unsigned each = step_rows(vm);
    for (unsigned r = 0; r < t.rows; r += each) {
        llb_val x = vm->group(g, llb_at(g, ak, r * m->a_stride));
        if (each == 2)
            x = llb_concat(g, x, r + 1 < t.rows ? vm->group(g, llb_at(g, ak, (r + 1) * m->a_stride)) : x);
        for (unsigned j = 0; j < t.vectors; j++, acc++)
            *acc = vm->dot(g, *acc, x, wv[j]);
    }
}

/* Bytes of the weights of one vector of columns. */
static int64_t block_bytes(const qcg_gemm *m)
{
    return m->sections * m->kblocks * m->m->kgroup * m->m->elem_bytes * m->m->lanes;
}

void qcg_gemm_products(qcg *g, const qcg_gemm *m, const qcg_tile_at *at, const llb_val *start,
                       const llb_val *less, llb_val *acc)
{
    const qcg_machine *vm = m->m;
    qcg_tile t = at->tile;
    llb_val sum[LLB_MAX_CARRY];
    unsigned count = join_rows(g, vm, t, start, sum);
    int64_t step_a = vm->kgroup * vm->elem_bytes, step_w = step_a * vm->lanes;
    llb_type weights = llb_vec(llb_int(g, 8 * vm->elem_bytes), vm->lanes * vm->kgroup);
    llb_loop l;
    llb_begin(g, &l, 0, m->kblocks, 1);
    for (unsigned i = 0; i < count; i++)
        sum[i] = llb_carry(g, &l, sum[i]);
    llb_val ak = llb_index(g, at->a, l.iv, step_a * m->parts), wk = llb_index(g, at->w, l.iv, step_w);
    llb_val words[16];
    for (unsigned j = 0; j < t.vectors; j++)
        words[j] = llb_load(g, weights, llb_at(g, wk, j * block_bytes(m)), 8 * vm->elem_bytes);
    for (unsigned i = 0; i < m->parts; i++)
        add_products(g, m, t, i, llb_at(g, ak, i * step_a), words, less, sum);
    for (unsigned i = 0; i < count; i++)
        llb_next(&l, i, sum[i]);
    llb_end(g, &l);
    split_rows(g, vm, t, l.value, acc);
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
    qcg_gemm_products(g, m, at, start, NULL, acc);
    qcg_tile_store s = {.rows = t.rows, .vectors = t.vectors, .tail = at->tail, .out = at->out};
    s.scale = m->scale ? llb_index(g, m->scale, at->block, vector) : NULL;
    s.stride = m->out_stride;
    qcg_epilogue_store(g, m->e, m->m, &s, acc);
}

/* Columns and rows of a product, as the tiles cut them. */
typedef struct tiling {
    qcg_tile tile;
    int64_t whole;       /* column groups that are tile.vectors wide, and filled */
    unsigned rest, tail; /* vectors of the last group, if it is not; columns of its last vector */
    int64_t units[2];    /* of columns, of rows */
    bool cuts_columns;   /* tasks share the columns, not the rows */
} tiling;

static tiling tiling_of(const qcg_gemm *m)
{
    tiling t = {.tile = choose_tile(m)};
    int64_t blocks = qir_ceil_div(m->n, m->m->lanes);
    t.whole = blocks / t.tile.vectors;
    t.rest = (unsigned)(blocks % t.tile.vectors);
    t.tail = (unsigned)(m->n % m->m->lanes);
    if (t.tail && !t.rest) { /* the last group needs its own code */
        t.whole--;
        t.rest = t.tile.vectors;
    }
    t.units[0] = t.whole;
    t.units[1] = m->rows / t.tile.rows;
    t.cuts_columns = qcg_share_choose(t.units, 2) == 0;
    return t;
}

int64_t qcg_gemm_units(const qcg_gemm *m)
{
    tiling t = tiling_of(m);
    return t.units[!t.cuts_columns];
}

/* All rows of `count` column groups, the first at block first_block, each at->tile.vectors wide. */
static void column_groups(qcg *g, const qcg_gemm *m, const tiling *t, qcg_tile_at at,
                          int64_t first_block, int64_t count)
{
    int64_t out_bytes = m->e->narrow ? 1 : 4;
    qcg_share ln, lm;
    qcg_share_begin(g, &ln, count * at.tile.vectors, at.tile.vectors, t->cuts_columns);
    at.block = llb_add(g, ln.loop.iv, llb_i64(g, first_block));
    at.w = llb_index(g, m->w, at.block, block_bytes(m));
    llb_val out = llb_index(g, m->out, at.block, m->m->lanes * out_bytes);
    qcg_share_begin(g, &lm, m->rows, at.tile.rows, !t->cuts_columns);
    at.row = qcg_overlap(g, lm.loop.iv, m->rows, at.tile.rows);
    at.a = llb_index(g, m->a, at.row, m->a_stride);
    at.out = llb_index(g, out, at.row, m->out_stride);
    (m->dynamic ? qcg_dynamic_tile : integer_tile)(g, m, &at);
    qcg_share_end(g, &lm);
    qcg_share_end(g, &ln);
}

void qcg_gemm_emit(qcg *g, const qcg_gemm *m)
{
    tiling t = tiling_of(m);
    qcg_tile last = {t.tile.rows, (unsigned char)t.rest};
    if (t.whole)
        column_groups(g, m, &t, (qcg_tile_at){.tile = t.tile}, 0, t.whole);
    if (t.rest)
        column_groups(g, m, &t, (qcg_tile_at){.tile = last, .tail = t.tail},
                      t.whole * t.tile.vectors, 1);
}
