/* Weights of less than a byte, cut out of their elements once for all rows of a column group: the elements
 * that the dot step takes, and, beside them, scales and sums of their sections as the tiles want them. */
#include "kernels/dynamic.h"
#include "kernels/element.h"
#include "qir/support/checked.h"

/* One column group on its way. */
typedef struct unpacking {
    const qcg_gemm *from;
    const qcg_gemm *to;
    qcg_tile tile;
    llb_val block, section; /* the first */
    llb_val count;          /* sections */
} unpacking;

static int64_t element_bytes(const qcg_gemm *m)
{
    return m->m->kgroup * m->m->elem_bytes * m->m->lanes;
}

/* Element `k` of section `section` of those that are unpacked. */
static void unpack_element(qcg *g, const unpacking *u, llb_val block, llb_val section, llb_val k, llb_val less)
{
    const qcg_machine *vm = u->from->m;
    int64_t bytes = element_bytes(u->from), count = u->from->kblocks, parts = u->from->parts;
    llb_val w = llb_index(g, u->from->w, llb_add(g, u->block, block), qcg_gemm_block_bytes(u->from));
    llb_val to = llb_index(g, u->to->w, block, qcg_gemm_block_bytes(u->to));
    w = llb_index(g, llb_index(g, w, llb_add(g, u->section, section), count * bytes), k, bytes);
    to = llb_index(g, llb_index(g, to, section, count * parts * bytes), k, parts * bytes);
    llb_type type = llb_vec(llb_int(g, 8 * vm->elem_bytes), vm->lanes * vm->kgroup);
    llb_val words = llb_load(g, type, w, 8 * vm->elem_bytes);
    for (unsigned i = 0; i < parts; i++) {
        llb_val v = qcg_gemm_cut_out(g, u->from, words, i);
        if (less)
            v = LLVMBuildSub(g->b, v, less, "");
        llb_store(g, v, llb_at(g, to, i * bytes), vm->elem_bytes);
    }
}

/* The scales of one section, as whole lanes.  They come from memory in pieces that are too short for it to foresee
 * the next. */
static void unpack_scales(qcg *g, const unpacking *u, llb_val block, llb_val section)
{
    const qcg_dynamic *from = u->from->dynamic, *to = u->to->dynamic;
    llb_val at = llb_add(g, u->block, block), of = llb_add(g, u->section, section);
    llb_val scale = qcg_dynamic_entries(g, u->from, from->weight_scale, from->scale_type, at, of);
    llb_store(g, scale, qcg_dynamic_entry(g, u->to, to->weight_scale, QIR_f32, block, section), 4);
    if (to->scaled_base)
        llb_store(g, qcg_scaled_base(g, scale), qcg_dynamic_entry(g, u->to, to->scaled_base, QIR_f32, block, section), 4);
    llb_val next = llb_add(g, of, llb_i64(g, u->from->unpacked_sections));
    llb_prefetch(g, qcg_dynamic_entry(g, u->from, from->weight_scale, from->scale_type, at, next), 1);
}

/* The sums of one section, of weights that have been unpacked. */
static void count_section(qcg *g, const unpacking *u, llb_val block, llb_val section)
{
    llb_val start = llb_i32s(g, 0, u->from->m->lanes), sums;
    qcg_tile_at at = {.tile = {0, 1}, .counts = true, .a = u->to->w};
    at.w = llb_index(g, u->to->w, block, qcg_gemm_block_bytes(u->to));
    at.w = llb_index(g, at.w, section, u->to->kblocks * element_bytes(u->to));
    qcg_gemm_products(g, u->to, &at, &start, NULL, &sums);
    llb_store(g, sums, qcg_dynamic_entry(g, u->to, u->to->dynamic->sums, QIR_i32, block, section), 4);
}

static void unpack_group(qcg *g, const unpacking *u)
{
    llb_loop lb, ls, lk;
    llb_begin(g, &lb, 0, u->tile.vectors, 1);
    llb_begin_at(g, &ls, llb_i64(g, 0), u->count, 1);
    unpack_scales(g, u, lb.iv, ls.iv);
    llb_val less = qcg_dynamic_less(g, u->from, llb_add(g, u->block, lb.iv), llb_add(g, u->section, ls.iv));
    llb_begin(g, &lk, 0, u->from->kblocks, 1);
    unpack_element(g, u, lb.iv, ls.iv, lk.iv, less);
    llb_end(g, &lk);
    if (u->from->dynamic->counted)
        count_section(g, u, lb.iv, ls.iv);
    llb_end(g, &ls);
    llb_end(g, &lb);
}

/* Of the sections from `first` on. */
static llb_val count_from(qcg *g, const qcg_gemm *m, llb_val first)
{
    llb_val most = llb_i64(g, m->unpacked_sections);
    if (m->sections % m->unpacked_sections == 0)
        return most;
    return llb_smin(g, most, llb_sub(g, llb_i64(g, m->sections), first));
}

/* The product of what has been unpacked: its tables stand behind its weights, and begin with the group. */
static void place(qcg *g, const qcg_gemm *m, qcg_tile tile, llb_val block, llb_val first, qcg_unpacked *u)
{
    int64_t vectors = tile.vectors, lanes = m->m->lanes;
    int64_t section = m->kblocks * m->parts * m->m->kgroup * m->m->elem_bytes;
    int64_t table = vectors * m->unpacked_sections * lanes * 4;
    u->m = *m;
    u->d = *m->dynamic;
    u->m.dynamic = &u->d;
    u->m.unpacked = NULL;
    u->m.w = m->unpacked;
    u->m.a = llb_index(g, m->a, first, section);
    u->m.sections = m->unpacked_sections;
    u->m.kblocks *= m->parts;
    u->m.parts = 1;
    if (m->sections > 1)
        u->m.runs[0].count = 1; /* short: their steps stand one behind the other */
    u->d.weight_zero = NULL;
    u->d.raised = 0;
    u->d.scale_type = QIR_f32;
    u->d.weight_scale = llb_at(g, m->unpacked, vectors * qcg_gemm_block_bytes(&u->m));
    u->d.scaled_base = m->dynamic->fused ? llb_at(g, u->d.weight_scale, table) : NULL;
    u->d.counted = false;
    if (u->d.sums) /* of whole rows */
        u->d.sums = llb_index(g, u->d.sums, block, lanes * (int64_t)qir_dtype_bytes(u->d.sum_type));
    if (m->dynamic->counted) {
        u->d.sums = llb_at(g, u->d.weight_scale, 2 * table);
        u->d.sum_type = QIR_i32;
    }
    if (u->d.bias)
        u->d.bias = llb_index(g, u->d.bias, block, lanes * 4);
    u->d.count = count_from(g, m, first);
}

void qcg_unpack(qcg *g, const qcg_gemm *m, qcg_tile tile, llb_val block, llb_val first, qcg_unpacked *u)
{
    place(g, m, tile, block, first, u);
    unpack_group(g, &(unpacking){m, &u->m, tile, block, first, u->d.count});
}
