/* Register tiles of linear_dynamic and conv_dynamic: integer sums of a section, scaled into floats.
 * Operations and their order are those of ir/eval/eval_dynamic.c. */
#include <math.h>
#include "kernels/dynamic.h"
#include "kernels/element.h"
#include "kernels/window.h"
#include "qir/support/checked.h"

typedef struct tile {
    const qcg_gemm *m;
    const qcg_dynamic *d;
    const qcg_tile_at *at;
    unsigned rows, vectors, lanes;
} tile;

/* --- tables ----------------------------------------------------------------------------------- */

llb_val qcg_dynamic_entry(qcg *g, const qcg_gemm *m, llb_val table, qir_dtype type, llb_val block,
                          llb_val section)
{
    int64_t vector = m->m->lanes * (int64_t)qir_dtype_bytes(type);
    return llb_index(g, llb_index(g, table, block, m->sections * vector), section, vector);
}

llb_val qcg_dynamic_entries(qcg *g, const qcg_gemm *m, llb_val table, qir_dtype type, llb_val block,
                            llb_val section)
{
    return qcg_load_elements(g, type, qcg_dynamic_entry(g, m, table, type, block, section), m->m->lanes, false);
}

llb_val qcg_dynamic_less(qcg *g, const qcg_gemm *m, llb_val block, llb_val section)
{
    const qcg_machine *vm = m->m;
    const qcg_dynamic *d = m->dynamic;
    unsigned n = vm->lanes * vm->kgroup;
    if (!d->weight_zero)
        return d->raised ? llb_i8s(g, d->raised, n) : NULL;
    llb_val v = qcg_dynamic_entries(g, m, d->weight_zero, QIR_i8, block, section), index[64];
    for (unsigned i = 0; i < n; i++)
        index[i] = llb_i32s(g, (int32_t)(i / vm->kgroup), 1);
    v = LLVMBuildShuffleVector(g->b, v, LLVMGetPoison(LLVMTypeOf(v)), LLVMConstVector(index, n), "");
    return LLVMBuildIntCast2(g->b, v, llb_vec(llb_int(g, 8 * vm->elem_bytes), n), 1, "");
}

/* The block of vector `j` of the tile. */
static llb_val block_of(qcg *g, const tile *t, unsigned j)
{
    return llb_add(g, t->at->block, llb_i64(g, j));
}

static llb_val weight_scales(qcg *g, const tile *t, llb_val section, unsigned j)
{
    return qcg_dynamic_entries(g, t->m, t->d->weight_scale, t->d->scale_type, block_of(g, t, j), section);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The entry of the tile's first row. */
static llb_val row_at(qcg *g, const tile *t, llb_val table)
{
    return llb_index(g, table, t->at->row, t->d->row_step);
}

/* Where sums begin. */
static llb_val base(qcg *g, const tile *t)
{
    return llb_i32s(g, t->d->fused ? QCG_FLOAT_BASE_BITS : 0, t->lanes);
}

static void correct_by_table(qcg *g, const tile *t, llb_val section, llb_val *v)
{
    llb_val sums[16];
    for (unsigned j = 0; j < t->vectors; j++)
        sums[j] = qcg_dynamic_entries(g, t->m, t->d->sums, t->d->sum_type, block_of(g, t, j), section);
    qcg_correct(g, t->m, t->at, sums, v);
}

/* --- sums ------------------------------------------------------------------------------------- */

/* The sums of one section, as floats; `fused`: and the base. */
static void section_sums(qcg *g, const tile *t, llb_val section, llb_val *v)
{
    const qcg_machine *vm = t->m->m;
    int64_t step = t->m->kblocks * vm->kgroup * vm->elem_bytes;
    qcg_tile_at at = *t->at;
    at.a = llb_index(g, at.a, section, step * t->m->parts);
    at.w = llb_index(g, at.w, section, step * t->lanes);
    if (at.fetch)
        at.fetch = llb_index(g, at.fetch, section, t->m->kblocks * at.fetch_step);
    llb_val start[LLB_MAX_CARRY], less[16], *counted = v + t->rows * t->vectors;
    at.counts = t->d->counted;
    for (unsigned i = 0; i < (t->rows + at.counts) * t->vectors; i++)
        start[i] = i < t->rows * t->vectors ? base(g, t) : llb_i32s(g, 0, t->lanes);
    if (t->d->sums && !t->m->narrow) /* else they would need registers meanwhile */
        correct_by_table(g, t, section, start);
    for (unsigned j = 0; j < t->vectors; j++)
        less[j] = qcg_dynamic_less(g, t->m, block_of(g, t, j), section);
    qcg_gemm_products(g, t->m, &at, start, less[0] ? less : NULL, v);
    if (t->d->counted)
        qcg_correct(g, t->m, &at, counted, v);
    if (t->d->sums && t->m->narrow) {
        llb_fence(g); /* nor are they loaded before, nor scales before these are done */
        correct_by_table(g, t, section, v);
        llb_fence(g);
    }
    llb_type floats = llb_vec(llb_float(g), t->lanes);
    for (unsigned i = 0; i < t->rows * t->vectors; i++)
        v[i] = t->d->fused ? LLVMBuildBitCast(g->b, v[i], floats, "") : LLVMBuildSIToFP(g->b, v[i], floats, "");
}

llb_val qcg_scaled_base(qcg *g, llb_val scale)
{
    return LLVMBuildFMul(g->b, scale, llb_f32s(g, -QCG_FLOAT_BASE, llb_lanes(scale)), "");
}

/* Of the columns of vector `j`. */
static llb_val scaled_base(qcg *g, const tile *t, llb_val section, unsigned j, llb_val scale)
{
    if (!t->d->scaled_base)
        return t->d->fused ? qcg_scaled_base(g, scale) : NULL;
    return qcg_dynamic_entries(g, t->m, t->d->scaled_base, QIR_f32, block_of(g, t, j), section);
}

/* Sums of a section times its scales. */
static llb_val scaled(qcg *g, llb_val sum, llb_val scale, llb_val less)
{
    llb_type floats = LLVMTypeOf(sum);
    llb_val args[] = {sum, scale, less};
    return less ? llb_intrinsic(g, "llvm.fma", &floats, 1, args, 3) : LLVMBuildFMul(g->b, sum, scale, "");
}

/* v += float(sum) * scale, section by section. */
static void add_sections(qcg *g, const tile *t, llb_val *v)
{
    unsigned count = t->rows * t->vectors;
    llb_val f[LLB_MAX_CARRY], part[LLB_MAX_CARRY];
    llb_loop l;
    llb_begin_at(g, &l, llb_i64(g, 0), t->d->count ? t->d->count : llb_i64(g, t->m->sections), 1);
    for (unsigned i = 0; i < count; i++)
        f[i] = llb_carry(g, &l, v[i]);
    section_sums(g, t, l.iv, part);
    for (unsigned j = 0; j < t->vectors; j++) {
        llb_val s = weight_scales(g, t, l.iv, j), less = scaled_base(g, t, l.iv, j, s);
        for (unsigned i = j; i < count; i += t->vectors)
            llb_next(&l, i, LLVMBuildFAdd(g->b, f[i], scaled(g, part[i], s, less), ""));
    }
    llb_end(g, &l);
    for (unsigned i = 0; i < count; i++)
        v[i] = l.value[i];
}

/* --- floats that wait for other sections ------------------------------------------------------- */
/* Tile by tile: rows of a last tile that is moved back would else be added to twice. */

void qcg_dynamic_clear(qcg *g, const qcg_gemm *m, qcg_tile t)
{
    llb_loop l;
    llb_begin(g, &l, 0, qir_ceil_div(m->rows, t.rows) * t.rows * t.vectors, 1);
    llb_store(g, llb_f32s(g, 0.0f, m->m->lanes), llb_index(g, m->dynamic->partial, l.iv, m->m->lanes * 4), 4);
    llb_end(g, &l);
}

/* Of vector `i` of the tile. */
static llb_val partial_at(qcg *g, const tile *t, unsigned i)
{
    llb_val row = llb_index(g, t->d->partial, t->at->place, t->vectors * t->lanes * 4);
    return llb_at(g, row, i * t->lanes * 4);
}

static void load_floats(qcg *g, const tile *t, llb_val *v)
{
    llb_type floats = llb_vec(llb_float(g), t->lanes);
    for (unsigned i = 0; i < t->rows * t->vectors; i++)
        v[i] = t->d->partial ? llb_load(g, floats, partial_at(g, t, i), 4) : llb_f32s(g, 0.0f, t->lanes);
}

/* --- results ---------------------------------------------------------------------------------- */

static llb_val finish(qcg *g, const tile *t, llb_val v, unsigned j, llb_val scale)
{
    float min = qir_op_float(g->op, "min"), max = qir_op_float(g->op, "max");
    v = LLVMBuildFMul(g->b, v, scale, "");
    if (!t->d->grouped)
        v = LLVMBuildFMul(g->b, v, weight_scales(g, t, llb_i64(g, 0), j), "");
    if (t->d->bias) {
        llb_val p = llb_at(g, llb_index(g, t->d->bias, t->at->block, t->lanes * 4), j * t->lanes * 4);
        v = LLVMBuildFAdd(g->b, v, llb_load(g, LLVMTypeOf(v), p, 4), "");
    }
    if (min > -INFINITY)
        v = llb_fmax(g, llb_f32s(g, min, t->lanes), v);
    return max < INFINITY ? llb_fmin(g, llb_f32s(g, max, t->lanes), v) : v;
}

static void results(qcg *g, const tile *t, llb_val *v)
{
    llb_val scales = row_at(g, t, t->d->scale);
    for (unsigned i = 0; i < t->rows; i++) {
        llb_val scale = llb_splat(g, llb_load(g, llb_float(g), llb_at(g, scales, i * t->d->row_step), 4), t->lanes);
        for (unsigned j = 0; j < t->vectors; j++)
            v[i * t->vectors + j] = finish(g, t, v[i * t->vectors + j], j, scale);
    }
    qcg_tile_store s = {.rows = t->rows, .vectors = t->vectors, .tail = t->at->tail, .out = t->at->out,
                        .stride = t->m->out_stride};
    qcg_epilogue_store(g, t->m->e, t->m->m, &s, v);
}

static tile tile_of(const qcg_gemm *m, const qcg_tile_at *at)
{
    return (tile){m, m->dynamic, at, at->tile.rows, at->tile.vectors, m->m->lanes};
}

void qcg_dynamic_tile(qcg *g, const qcg_gemm *m, const qcg_tile_at *at)
{
    tile t = tile_of(m, at);
    llb_val v[LLB_MAX_CARRY];
    if (!t.d->grouped) {
        section_sums(g, &t, llb_i64(g, 0), v);
    } else {
        load_floats(g, &t, v);
        add_sections(g, &t, v);
    }
    if (!t.d->partial) {
        results(g, &t, v);
        return;
    }
    for (unsigned i = 0; i < t.rows * t.vectors; i++)
        llb_store(g, v[i], partial_at(g, &t, i), 4);
}

void qcg_dynamic_results(qcg *g, const qcg_gemm *m, const qcg_tile_at *at)
{
    tile t = tile_of(m, at);
    llb_val v[LLB_MAX_CARRY];
    load_floats(g, &t, v);
    results(g, &t, v);
}
