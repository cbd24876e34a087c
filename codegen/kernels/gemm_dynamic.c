/* Register tiles of linear_dynamic and conv_dynamic: integer sums of a section, scaled into floats.
 * Operations and their order are those of ir/eval/eval_dynamic.c. */
#include <math.h>
#include "kernels/dynamic.h"
#include "kernels/element.h"
#include "kernels/window.h"

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

/* What the sums of the weights are multiplied by. */
static llb_val zero_factor(qcg *g, const qcg_dynamic *d, llb_val at)
{
    llb_val z = qcg_zero_point(g, llb_load(g, llb_int(g, 32), at, 4));
    return LLVMBuildNeg(g->b, llb_add(g, z, llb_i32s(g, d->operand_raised, 1)), "");
}

static llb_val low_half(qcg *g, llb_val z)
{
    return LLVMBuildAnd(g->b, z, llb_i32s(g, UINT16_MAX, 1), "");
}

/* Sums that fit i16 are multiplied as the low halves of pairs. */
static bool in_pairs(const qcg_gemm *m)
{
    return m->dynamic->words || (m->dynamic->sum_type == QIR_i16 && m->m->wide->kgroup == 2);
}

void qcg_zero_words(qcg *g, const qcg_gemm *m, qcg_dynamic *d, llb_val to)
{
    llb_loop l;
    if (!d->sums || !in_pairs(m))
        return;
    llb_begin(g, &l, 0, d->row_step ? m->rows : 1, 1);
    llb_store(g, low_half(g, zero_factor(g, d, llb_index(g, d->zero, l.iv, d->row_step))),
              llb_index(g, to, l.iv, d->row_step), 4);
    llb_end(g, &l);
    d->zero = to;
    d->words = true;
}

/* Where sums begin. */
static llb_val base(qcg *g, const tile *t)
{
    return llb_i32s(g, t->d->fused ? QCG_FLOAT_BASE_BITS : 0, t->lanes);
}

static llb_val times_sums(qcg *g, const tile *t, llb_val z, llb_val sums)
{
    if (!in_pairs(t->m))
        return llb_add(g, base(g, t), LLVMBuildMul(g->b, llb_splat(g, z, t->lanes), sums, ""));
    llb_type pairs = llb_vec(llb_int(g, 16), 2 * t->lanes);
    z = llb_splat(g, t->d->words ? z : low_half(g, z), t->lanes);
    return t->m->m->wide->dot(g, base(g, t), LLVMBuildBitCast(g->b, z, pairs, ""), LLVMBuildBitCast(g->b, sums, pairs, ""));
}

/* -zero point * sum of the weights: what operands that keep their zero point add too much. */
static void correct_start(qcg *g, const tile *t, llb_val section, llb_val *start)
{
    llb_val sums[16], zero = row_at(g, t, t->d->zero);
    for (unsigned j = 0; j < t->vectors; j++)
        sums[j] = qcg_dynamic_entries(g, t->m, t->d->sums, t->d->sum_type, block_of(g, t, j), section);
    if (t->d->words) /* one for each row would need registers of their own */
        zero = llb_hide(g, zero);
    for (unsigned i = 0; i < t->rows; i++) {
        llb_val at = llb_at(g, zero, i * t->d->row_step);
        llb_val z = t->d->words ? llb_load(g, llb_int(g, 32), at, 4) : zero_factor(g, t->d, at);
        for (unsigned j = 0; j < t->vectors; j++)
            start[i * t->vectors + j] = times_sums(g, t, z, sums[j]);
    }
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
    llb_val start[LLB_MAX_CARRY], less[16];
    for (unsigned i = 0; i < t->rows * t->vectors; i++)
        start[i] = base(g, t);
    if (t->d->sums)
        correct_start(g, t, section, start);
    for (unsigned j = 0; j < t->vectors; j++)
        less[j] = qcg_dynamic_less(g, t->m, block_of(g, t, j), section);
    qcg_gemm_products(g, t->m, &at, start, less[0] ? less : NULL, v);
    llb_type floats = llb_vec(llb_float(g), t->lanes);
    for (unsigned i = 0; i < t->rows * t->vectors; i++)
        v[i] = t->d->fused ? LLVMBuildBitCast(g->b, v[i], floats, "") : LLVMBuildSIToFP(g->b, v[i], floats, "");
}

/* Sums of a section times its scales. */
static llb_val scaled(qcg *g, const tile *t, llb_val sum, llb_val scale)
{
    llb_type floats = LLVMTypeOf(sum);
    if (!t->d->fused)
        return LLVMBuildFMul(g->b, sum, scale, "");
    llb_val less = LLVMBuildFMul(g->b, scale, llb_f32s(g, -QCG_FLOAT_BASE, t->lanes), "");
    llb_val args[] = {sum, scale, less};
    return llb_intrinsic(g, "llvm.fma", &floats, 1, args, 3);
}

/* f += float(sum) * scale, section by section. */
static void scaled_sections(qcg *g, const tile *t, llb_val *v)
{
    unsigned count = t->rows * t->vectors;
    llb_val f[LLB_MAX_CARRY], part[LLB_MAX_CARRY];
    llb_loop l;
    llb_begin(g, &l, 0, t->m->sections, 1);
    for (unsigned i = 0; i < count; i++)
        f[i] = llb_carry(g, &l, llb_f32s(g, 0.0f, t->lanes));
    section_sums(g, t, l.iv, part);
    for (unsigned j = 0; j < t->vectors; j++) {
        llb_val s = weight_scales(g, t, l.iv, j);
        for (unsigned i = j; i < count; i += t->vectors) {
            llb_val term = scaled(g, t, part[i], s);
            llb_next(&l, i, LLVMBuildFAdd(g->b, f[i], term, ""));
        }
    }
    llb_end(g, &l);
    for (unsigned i = 0; i < count; i++)
        v[i] = l.value[i];
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

void qcg_dynamic_tile(qcg *g, const qcg_gemm *m, const qcg_tile_at *at)
{
    tile t = {.m = m, .d = m->dynamic, .at = at};
    t.rows = at->tile.rows;
    t.vectors = at->tile.vectors;
    t.lanes = m->m->lanes;
    llb_val v[LLB_MAX_CARRY];
    if (t.d->grouped)
        scaled_sections(g, &t, v);
    else
        section_sums(g, &t, llb_i64(g, 0), v);
    llb_val scales = row_at(g, &t, t.d->scale);
    for (unsigned i = 0; i < t.rows; i++) {
        llb_val scale = llb_splat(g, llb_load(g, llb_float(g), llb_at(g, scales, i * t.d->row_step), 4), t.lanes);
        for (unsigned j = 0; j < t.vectors; j++)
            v[i * t.vectors + j] = finish(g, &t, v[i * t.vectors + j], j, scale);
    }
    qcg_tile_store s = {.rows = t.rows, .vectors = t.vectors, .tail = at->tail, .out = at->out,
                        .stride = m->out_stride};
    qcg_epilogue_store(g, m->e, m->m, &s, v);
}
