/* Epilogue steps on accumulators: see epilogue.h. */
#include "kernels/epilogue.h"

#include "kernels/requant.h"
#include "qir/float_sum.h"
#include "qir/support/arena.h"
#include "qir/support/assert.h"
#include "qir/support/bug.h"

static void add_step(qcg_epilogue *e, qcg_step s)
{
    QIR_ASSERT(e->nsteps < QCG_MAX_STEPS, "too many epilogue steps");
    e->steps[e->nsteps++] = s;
}

/* Elements of type `y`: unbounded but by what they can hold. */
static qcg_epilogue to_stored(const qir_type *y)
{
    return (qcg_epilogue){.narrow = true,
                          .words = y->dtype == QIR_i16,
                          .is_unsigned = y->dtype == QIR_u8,
                          .zp = y->quant->zero_point[0],
                          .lo = (int)qir_dtype_min(y->dtype),
                          .hi = (int)qir_dtype_max(y->dtype)};
}

/* Fractions, then exponents. */
static void fixed_steps(qcg *g, qcg_epilogue *e, const qir_factor *factors, int64_t count,
                        const qir_type *y, int32_t lo, int32_t hi)
{
    int32_t zp = y->quant->zero_point[0];
    int32_t *v = QIR_NEW_ARRAY(g->arena, int32_t, 2 * (size_t)count);
    for (int64_t i = 0; i < count; i++) {
        v[i] = factors[i].fraction;
        v[count + i] = factors[i].exponent;
    }
    *e = to_stored(y);
    e->once = factors[0].once;
    e->second = count * (int64_t)sizeof *v;
    e->scale = qcg_const(g, v, 2 * (size_t)e->second, 32);
    add_step(e, (qcg_step){QCG_STEP_FIXED, (float)(lo - zp), (float)(hi - zp)});
}

static llb_val scale_fixed(qcg *g, const qcg_epilogue *e, llb_val v, llb_val scale)
{
    llb_type i32s = llb_vec(llb_int(g, 32), llb_lanes(v));
    return qcg_scale_fixed(g, v, llb_load(g, i32s, scale, 4),
                           llb_load(g, i32s, llb_at(g, scale, e->second), 4), e->once);
}

static const float *real_factors(qcg *g, const qir_factor *factors, int64_t count)
{
    float *v = QIR_NEW_ARRAY(g->arena, float, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        v[i] = factors[QIR_BUG(8) ? 0 : i].real;
    return v;
}

/* Rounds to results from lo to hi less zp, bounded as floats, or `late` as bytes. */
static void round_within(qcg_epilogue *e, bool late, int32_t lo, int32_t hi, int32_t zp)
{
    if (late) {
        e->lo = lo;
        e->hi = hi;
    } else {
        add_step(e, (qcg_step){QCG_STEP_CLAMP, (float)(lo - zp), (float)(hi - zp)});
    }
    add_step(e, (qcg_step){.kind = QCG_STEP_ROUND});
}

void qcg_epilogue_requantize(qcg *g, qcg_epilogue *e, const qir_factor *factors, int64_t count,
                             const qir_type *y, int32_t lo, int32_t hi, double largest)
{
    if (factors[0].fixed) {
        fixed_steps(g, e, factors, count, y, lo, hi);
        return;
    }
    int32_t zp = y->quant->zero_point[0];
    /* Where every rounded value fits i32 and narrowing saturates, bytes can be bounded instead of
     * floats: the same result, since rounding and adding are monotone. */
    bool late = g->machine->saturates && largest < 2147483000.0;
    *e = to_stored(y);
    e->scale = qcg_const(g, real_factors(g, factors, count), (size_t)count * sizeof(float), 32);
    add_step(e, (qcg_step){.kind = QCG_STEP_SCALE});
    round_within(e, late, lo, hi, zp);
}

void qcg_epilogue_fused(qcg *g, qcg_epilogue *e, const float *constants, int64_t count, bool at_zero, const qir_type *y,
                        int32_t lo, int32_t hi)
{
    size_t scales = (size_t)count * sizeof *constants;
    *e = to_stored(y);
    e->second = at_zero ? 0 : (int64_t)scales;
    e->scale = qcg_const(g, constants, at_zero ? scales : 2 * scales, 32);
    add_step(e, (qcg_step){.kind = QCG_STEP_FUSED});
    round_within(e, g->machine->saturates, lo, hi, e->zp);
}

static llb_val addend_of(qcg *g, llb_val scale)
{
    return LLVMBuildFMul(g->b, scale, llb_f32s(g, QIR_ZERO_ADDEND, llb_lanes(scale)), "");
}

static llb_val multiply_add(qcg *g, const qcg_epilogue *e, llb_val v, llb_val scale)
{
    llb_type t = llb_vec(llb_float(g), llb_lanes(v));
    llb_val factor = llb_load(g, t, scale, 4);
    llb_val addend = e->second ? llb_load(g, t, llb_at(g, scale, e->second), 4) : addend_of(g, factor);
    llb_val args[] = {LLVMBuildBitCast(g->b, v, t, ""), factor, addend};
    return llb_intrinsic(g, "llvm.fma", &t, 1, args, 3);
}

bool qcg_epilogue_derives(const qcg_epilogue *e)
{
    return e->nsteps && e->steps[0].kind == QCG_STEP_FUSED && !e->second;
}

llb_val qcg_epilogue_derive(qcg *g, qcg_epilogue *e, llb_val scale, unsigned vectors, unsigned lanes)
{
    enum { ALIGN = 64 };
    llb_type t = llb_vec(llb_float(g), lanes);
    int64_t vector = lanes * (int64_t)sizeof(float), all = vectors * vector;
    llb_val to = llb_local(g, 2 * all, ALIGN);
    for (int64_t at = 0; at < all; at += vector) {
        llb_val v = llb_load(g, t, llb_at(g, scale, at), 4);
        llb_store(g, v, llb_at(g, to, at), 4);
        llb_store(g, addend_of(g, v), llb_at(g, to, all + at), 4);
    }
    e->second = all;
    return to;
}

llb_val qcg_epilogue_apply(qcg *g, const qcg_epilogue *e, llb_val v, llb_val scale)
{
    llb_type f32 = llb_vec(llb_float(g), llb_lanes(v));
    for (unsigned i = 0; i < e->nsteps; i++) {
        const qcg_step *s = &e->steps[i];
        switch (s->kind) {
        case QCG_STEP_SCALE:
            v = LLVMBuildFMul(g->b, LLVMBuildSIToFP(g->b, v, f32, ""), llb_load(g, f32, scale, 4),
                              "");
            break;
        case QCG_STEP_FUSED: v = multiply_add(g, e, v, scale); break;
        case QCG_STEP_CLAMP: v = llb_clamp_f32(g, v, s->lo, s->hi); break;
        case QCG_STEP_ROUND: v = g->machine->rne(g, v); break;
        case QCG_STEP_FIXED:
            v = llb_clamp_i32(g, scale_fixed(g, e, v, scale), (int32_t)s->lo, (int32_t)s->hi);
            break;
        }
    }
    return v;
}

int64_t qcg_epilogue_elem(const qcg_epilogue *e)
{
    return !e->narrow ? 4 : e->words ? 2 : 1;
}

/* LLVM knows the instructions that saturate by these bounds. */
static llb_val to_words(qcg *g, const llb_val *v, unsigned n)
{
    llb_val all = llb_concat_all(g, v, n);
    if (g->machine->saturates)
        all = llb_clamp_i32(g, all, INT16_MIN, INT16_MAX);
    return LLVMBuildTrunc(g->b, all, llb_vec(llb_int(g, 16), llb_lanes(all)), "");
}

static llb_val bound_words(qcg *g, const qcg_epilogue *e, llb_val words)
{
    unsigned lanes = llb_lanes(words);
    if (e->lo > INT16_MIN)
        words = llb_smax(g, words, llb_i16s(g, e->lo, lanes));
    return e->hi < INT16_MAX ? llb_smin(g, words, llb_i16s(g, e->hi, lanes)) : words;
}

llb_val qcg_epilogue_narrow(qcg *g, const qcg_epilogue *e, const qcg_machine *m, const llb_val *v,
                            unsigned n)
{
    return qcg_epilogue_bound(g, e, e->words ? to_words(g, v, n) : m->narrow(g, v, n, e->zp, e->is_unsigned));
}

llb_val qcg_epilogue_bound(qcg *g, const qcg_epilogue *e, llb_val narrowed)
{
    return e->words ? bound_words(g, e, narrowed) : qcg_bound_bytes(g, narrowed, e->is_unsigned, e->lo, e->hi);
}

/* Column `col` of row `row`, of elements of `bytes`. */
static llb_val place(qcg *g, const qcg_tile_store *t, unsigned row, unsigned col, unsigned bytes)
{
    llb_val at = t->each ? t->each[row] : llb_at(g, t->out, row * t->stride);
    return llb_at(g, at, (int64_t)col * bytes);
}

static void store_words(qcg *g, const qcg_machine *m, const qcg_tile_store *t, const llb_val *v)
{
    for (unsigned i = 0; i < t->rows * t->vectors; i++) {
        unsigned row = i / t->vectors, col = i % t->vectors;
        bool cut = t->tail && col + 1 == t->vectors;
        llb_val p = place(g, t, row, col * m->lanes, 4);
        llb_store(g, cut ? llb_slice(g, v[i], 0, t->tail) : v[i], p, 4);
    }
}

/* Elements of the vectors first .. first + n - 1, split where a row ends or a tail is cut. */
static void store_narrow(qcg *g, const qcg_machine *m, const qcg_tile_store *t, unsigned elem, llb_val v,
                         unsigned first, unsigned n)
{
    for (unsigned i = 0; i < n;) {
        unsigned row = (first + i) / t->vectors, col = (first + i) % t->vectors, run = 1;
        while (i + run < n && col + run < t->vectors)
            run++;
        unsigned count = run * m->lanes;
        if (t->tail && col + run == t->vectors)
            count -= m->lanes - t->tail + (QIR_BUG(10) && t->tail > 1);
        llb_val p = place(g, t, row, col * m->lanes, elem);
        llb_store(g, llb_slice(g, v, i * m->lanes, count), p, elem);
        i += run;
    }
}

void qcg_epilogue_store(qcg *g, const qcg_epilogue *e, const qcg_machine *m,
                        const qcg_tile_store *t, llb_val *v)
{
    unsigned total = t->rows * t->vectors;
    if (!e->narrow) {
        store_words(g, m, t, v);
        return;
    }
    for (unsigned i = 0; i < total;) {
        unsigned n = total - i >= 4 ? 4 : total - i >= 2 ? 2 : 1;
        for (unsigned j = i; j < i + n; j++)
            v[j] =
                qcg_epilogue_apply(g, e, v[j], llb_at(g, t->scale, j % t->vectors * m->lanes * 4));
        store_narrow(g, m, t, (unsigned)qcg_epilogue_elem(e), qcg_epilogue_narrow(g, e, m, v + i, n), i, n);
        i += n;
    }
}

void qcg_result_bounds(const qir_op *op, int32_t *lo, int32_t *hi)
{
    qir_quant_bounds(op->results[0].type->quant, qir_op_float(op, "min"), qir_op_float(op, "max"),
                     lo, hi);
}
