/* The sums of one register tile: its products along k.
 *
 * k lies in runs of neighbouring elements, one axis of a kernel's window inside the other; the steps
 * of few runs stand one behind the other, others are loops. */
#include <string.h>
#include "kernels/gemm.h"

/* Dot steps of a tile that stand one behind the other, where k has runs. */
enum { UNROLLED = 400 };

static int64_t run_count(const qcg_axis *a)
{
    return a->count > 1 ? a->count : 1;
}

int64_t qcg_gemm_section_blocks(const qcg_gemm *m)
{
    int64_t n = m->kblocks;
    for (unsigned i = 0; i < QCG_RUN_AXES; i++)
        n *= run_count(&m->runs[i]);
    return n;
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

static int64_t row_offset(const qcg_gemm *m, unsigned row)
{
    return row / m->rows * m->a_line + row % m->rows * m->a_stride;
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
        llb_val x = vm->group(g, llb_at(g, ak, row_offset(m, r)));
        if (each == 2)
            x = llb_concat(g, x, r + 1 < t.rows ? vm->group(g, llb_at(g, ak, row_offset(m, r + 1))) : x);
        for (unsigned j = 0; j < t.vectors; j++, acc++)
            *acc = vm->dot(g, *acc, x, wv[j]);
    }
}

int64_t qcg_gemm_block_bytes(const qcg_gemm *m)
{
    return m->sections * qcg_gemm_section_blocks(m) * m->m->kgroup * m->m->elem_bytes * m->m->lanes;
}

/* The sums of a tile on their way along k. */
typedef struct summing {
    const qcg_gemm *m;
    qcg_tile tile;
    const llb_val *less;
    int64_t fetch_step;
    qcg_axis axes[QCG_RUN_AXES + 1]; /* the runs', then the elements of w in a run */
    bool unrolled;
    unsigned count;
    llb_val sum[LLB_MAX_CARRY];
} summing;

static void prefetch(qcg *g, llb_val from, int64_t bytes)
{
    enum { READ = 0, SECOND_LEVEL = 2, DATA = 1, LINE = 64 };
    llb_type pointer = LLVMTypeOf(from);
    for (int64_t i = 0; i < bytes; i += LINE) {
        llb_val args[] = {llb_at(g, from, i), llb_i32s(g, READ, 1), llb_i32s(g, SECOND_LEVEL, 1),
                          llb_i32s(g, DATA, 1)};
        llb_intrinsic(g, "llvm.prefetch", &pointer, 1, args, 4);
    }
}

/* Where the elements of w, of the operand and of what is prefetched begin. */
typedef struct places {
    llb_val a, w, fetch;
} places;

/* The products of one element of w per column. */
static void sum_step(qcg *g, summing *s, places at)
{
    const qcg_gemm *m = s->m;
    const qcg_machine *vm = m->m;
    llb_type type = llb_vec(llb_int(g, 8 * vm->elem_bytes), vm->lanes * vm->kgroup);
    llb_val words[16];
    for (unsigned j = 0; j < s->tile.vectors; j++)
        words[j] = llb_load(g, type, llb_at(g, at.w, j * qcg_gemm_block_bytes(m)), 8 * vm->elem_bytes);
    if (at.fetch)
        prefetch(g, at.fetch, s->fetch_step);
    for (unsigned i = 0; i < m->parts; i++)
        add_products(g, m, s->tile, i, llb_at(g, at.a, i * vm->kgroup * vm->elem_bytes), words, s->less, s->sum);
}

/* Step `i` of an axis, each of which is `elements` of w. */
static places step_at(qcg *g, const summing *s, places at, llb_val i, int64_t step, int64_t elements)
{
    const qcg_machine *vm = s->m->m;
    at.a = llb_index(g, at.a, i, step);
    at.w = llb_index(g, at.w, i, elements * vm->kgroup * vm->elem_bytes * vm->lanes);
    at.fetch = at.fetch ? llb_index(g, at.fetch, i, elements * s->fetch_step) : NULL;
    return at;
}

/* All steps of axis `axis` and those inside of it. */
static void sum_axis(qcg *g, summing *s, unsigned axis, places at)
{
    if (axis > QCG_RUN_AXES) {
        sum_step(g, s, at);
        return;
    }
    int64_t count = s->axes[axis].count, step = s->axes[axis].step, inner = 1;
    for (unsigned i = axis + 1; i <= QCG_RUN_AXES; i++)
        inner *= s->axes[i].count;
    for (int64_t i = 0; s->unrolled && i < count; i++)
        sum_axis(g, s, axis + 1, step_at(g, s, at, llb_i64(g, i), step, inner));
    if (s->unrolled)
        return;
    llb_loop l;
    llb_begin(g, &l, 0, count, 1);
    for (unsigned i = 0; i < s->count; i++)
        s->sum[i] = llb_carry(g, &l, s->sum[i]);
    sum_axis(g, s, axis + 1, step_at(g, s, at, l.iv, step, inner));
    for (unsigned i = 0; i < s->count; i++)
        llb_next(&l, i, s->sum[i]);
    llb_end(g, &l);
    memcpy(s->sum, l.value, s->count * sizeof *s->sum);
}

void qcg_gemm_products(qcg *g, const qcg_gemm *m, const qcg_tile_at *at, const llb_val *start,
                       const llb_val *less, llb_val *acc)
{
    summing s = {.m = m, .tile = at->tile, .less = less, .fetch_step = at->fetch_step};
    for (unsigned i = 0; i < QCG_RUN_AXES; i++)
        s.axes[i] = (qcg_axis){run_count(&m->runs[i]), m->runs[i].step};
    s.axes[QCG_RUN_AXES] = (qcg_axis){m->kblocks, m->parts * m->m->kgroup * m->m->elem_bytes};
    s.count = join_rows(g, m->m, at->tile, start, s.sum);
    s.unrolled = m->runs[0].count && qcg_gemm_section_blocks(m) * s.count <= UNROLLED;
    sum_axis(g, &s, 0, (places){at->a, at->w, at->fetch});
    split_rows(g, m->m, at->tile, s.sum, acc);
}
