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

/* The entries of vector `j` of the tile at section `section`. */
static llb_val entries(qcg *g, const tile *t, llb_val table, qir_dtype type, llb_val section, unsigned j)
{
    int64_t vector = t->lanes * (int64_t)qir_dtype_bytes(type);
    llb_val p = llb_index(g, table, t->at->block, t->m->sections * vector);
    p = llb_at(g, llb_index(g, p, section, vector), j * t->m->sections * vector);
    return qcg_load_elements(g, type, p, t->lanes, false);
}

static llb_val weight_scales(qcg *g, const tile *t, llb_val section, unsigned j)
{
    return entries(g, t, t->d->weight_scale, t->d->scale_type, section, j);
}

/* What unpacked weights of vector `j` have too much, as operands of the dot step: each entry for all k
 * of a step. */
static llb_val weight_zeros(qcg *g, const tile *t, llb_val section, unsigned j)
{
    const qcg_machine *vm = t->m->m;
    unsigned n = vm->lanes * vm->kgroup;
    if (!t->d->weight_zero)
        return llb_i8s(g, t->d->raised, n);
    llb_val v = entries(g, t, t->d->weight_zero, QIR_i8, section, j), index[64];
    for (unsigned i = 0; i < n; i++)
        index[i] = llb_i32s(g, (int32_t)(i / vm->kgroup), 1);
    v = LLVMBuildShuffleVector(g->b, v, LLVMGetPoison(LLVMTypeOf(v)), LLVMConstVector(index, n), "");
    return LLVMBuildIntCast2(g->b, v, llb_vec(llb_int(g, 8 * vm->elem_bytes), n), 1, "");
}

/* --- rows ------------------------------------------------------------------------------------- */

static llb_val row_entry(qcg *g, const tile *t, llb_val table, llb_type type, unsigned row)
{
    llb_val p = llb_index(g, table, t->at->row, t->d->row_step);
    return llb_load(g, type, llb_at(g, p, row * t->d->row_step), 4);
}

/* -zero point * sum of the weights: what operands that keep their zero point add too much. */
static void correct_start(qcg *g, const tile *t, llb_val section, llb_val *start)
{
    for (unsigned i = 0; i < t->rows; i++) {
        llb_val z = qcg_zero_point(g, row_entry(g, t, t->d->zero, llb_int(g, 32), i));
        z = llb_add(g, z, llb_i32s(g, t->d->operand_raised, 1));
        z = llb_splat(g, LLVMBuildNeg(g->b, z, ""), t->lanes);
        for (unsigned j = 0; j < t->vectors; j++)
            start[i * t->vectors + j] =
                LLVMBuildMul(g->b, z, entries(g, t, t->d->sums, t->d->sum_type, section, j), "");
    }
}

/* --- sums ------------------------------------------------------------------------------------- */

/* The sums of one section, as floats. */
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
        start[i] = llb_i32s(g, 0, t->lanes);
    if (t->d->sums)
        correct_start(g, t, section, start);
    bool subtract = t->d->weight_zero || t->d->raised;
    for (unsigned j = 0; subtract && j < t->vectors; j++)
        less[j] = weight_zeros(g, t, section, j);
    qcg_gemm_products(g, t->m, &at, start, subtract ? less : NULL, v);
    for (unsigned i = 0; i < t->rows * t->vectors; i++)
        v[i] = LLVMBuildSIToFP(g->b, v[i], llb_vec(llb_float(g), t->lanes), "");
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
            llb_val term = LLVMBuildFMul(g->b, part[i], s, "");
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
    for (unsigned i = 0; i < t.rows; i++) {
        llb_val scale = llb_splat(g, row_entry(g, &t, t.d->scale, llb_float(g), i), t.lanes);
        for (unsigned j = 0; j < t.vectors; j++)
            v[i * t.vectors + j] = finish(g, &t, v[i * t.vectors + j], j, scale);
    }
    qcg_tile_store s = {.rows = t.rows, .vectors = t.vectors, .tail = at->tail, .out = at->out,
                        .stride = m->out_stride};
    qcg_epilogue_store(g, m->e, m->m, &s, v);
}
