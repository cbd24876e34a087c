/* resize: tables of offsets and weights per axis (qir/resize.h).  Axes that are resized are the outer
 * loops; what stays as it is (batches, channels) is one nest inside, and its lanes.  The taps of all
 * axes are mixed in double, first axis first, as the evaluator does it. */
#include "kernels/nest.h"
#include "qir/resize.h"
#include "qir/support/arena.h"

enum { WIDTH = 8, MAX_TAPS = 64 };

typedef struct resized_axis {
    unsigned axis, taps;
    int64_t size;
    llb_val offsets, weights, outside; /* tables: [size][taps] bytes and doubles, [size] flags or NULL */
    llb_val offset[QIR_RESIZE_TAPS], weight[QIR_RESIZE_TAPS]; /* at the current index */
} resized_axis;

typedef struct resize {
    const qir_type *x, *y;
    resized_axis axis[QIR_MAX_RANK];
    unsigned naxes, taps; /* taps: of all axes together */
    bool copies;          /* one tap: elements keep their bytes */
    llb_val tap[MAX_TAPS]; /* offsets from the operand's position; axis 0 slowest */
    llb_val outside;       /* i1, or NULL */
} resize;

/* --- one element ------------------------------------------------------------------------------ */
static llb_type doubles(qcg *g, unsigned n)
{
    return llb_vec(LLVMDoubleTypeInContext(g->llvm), n);
}

static llb_val real(qcg *g, double v, unsigned n)
{
    return llb_splat(g, LLVMConstReal(doubles(g, 1), v), n);
}

/* Of quantized values what is stored, less the middle of u8 storage. */
static llb_val load_double(qcg *g, const qir_type *t, llb_val ptr, unsigned n)
{
    llb_val v = qcg_load_elements(g, t->dtype, ptr, n, false);
    if (t->dtype == QIR_f64)
        return v;
    if (qir_dtype_is_float(t->dtype))
        return LLVMBuildFPExt(g->b, v, doubles(g, n), "");
    v = t->dtype == QIR_u32 ? LLVMBuildUIToFP(g->b, v, doubles(g, n), "")
                            : LLVMBuildSIToFP(g->b, v, doubles(g, n), "");
    double middle = qir_resize_middle(t);
    return middle > 0 ? LLVMBuildFSub(g->b, v, real(g, middle, n), "") : v;
}

/* The taps of the first axis become one, then those of the next. */
static llb_val mixed(qcg *g, const resize *r, llb_val *v, unsigned n)
{
    unsigned rest = r->taps;
    for (unsigned i = 0; i < r->naxes; i++) {
        const resized_axis *a = &r->axis[i];
        rest /= a->taps;
        for (unsigned k = 0; k < rest && a->taps > 1; k++) {
            llb_val sum = LLVMBuildFMul(g->b, llb_splat(g, a->weight[0], n), v[k], "");
            for (unsigned t = 1; t < a->taps; t++)
                sum = LLVMBuildFAdd(
                    g->b, sum,
                    LLVMBuildFMul(g->b, llb_splat(g, a->weight[t], n), v[t * rest + k], ""), "");
            v[k] = sum;
        }
    }
    return v[0];
}

/* Clamped to the type, then rounded: adding 1.5 * 2^52 leaves no fraction, ties to even; then what
 * load_double took away. */
static llb_val rounded(qcg *g, const qir_type *t, llb_val v, unsigned n)
{
    double middle = qir_resize_middle(t);
    double lo = (double)(t->quant ? t->quant->qmin : qir_dtype_min(t->dtype)) - middle;
    double hi = (double)(t->quant ? t->quant->qmax : qir_dtype_max(t->dtype)) - middle;
    v = llb_fmin(g, real(g, hi, n), llb_fmax(g, real(g, lo, n), v));
    llb_val magic = real(g, 0x1.8p52, n);
    v = LLVMBuildFSub(g->b, LLVMBuildFAdd(g->b, v, magic, ""), real(g, 0x1.8p52 - middle, n), "");
    return t->dtype == QIR_u32 ? LLVMBuildFPToUI(g->b, v, llb_vec(llb_int(g, 32), n), "")
                               : LLVMBuildFPToSI(g->b, v, llb_vec(llb_int(g, 32), n), "");
}

static void mix_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const resize *r = ctx;
    llb_val v[MAX_TAPS];
    (void)splat;
    for (unsigned k = 0; k < r->taps; k++)
        v[k] = load_double(g, r->x, llb_offset(g, ptr[1], r->tap[k]), n);
    llb_val y = mixed(g, r, v, n);
    if (r->outside)
        y = LLVMBuildSelect(g->b, r->outside, real(g, qir_resize_extrapolation(g->op), n), y, "");
    if (!qir_dtype_is_float(r->y->dtype))
        y = rounded(g, r->y, y, n);
    else if (r->y->dtype != QIR_f64)
        y = LLVMBuildFPTrunc(g->b, y, llb_vec(llb_float(g), n), "");
    qcg_store_elements(g, r->y->dtype, y, ptr[0]);
}

/* The extrapolation value as mix_body would store it, in the lanes of the type. */
static llb_val fill(qcg *g, const resize *r, unsigned n)
{
    llb_val v = real(g, qir_resize_extrapolation(g->op), n);
    if (!qir_dtype_is_float(r->y->dtype))
        return rounded(g, r->y, v, n);
    return r->y->dtype == QIR_f64 ? v : LLVMBuildFPTrunc(g->b, v, llb_vec(llb_float(g), n), "");
}

static void copy_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const resize *r = ctx;
    unsigned bytes = (unsigned)qir_dtype_bytes(r->x->dtype);
    (void)splat;
    llb_val from = llb_offset(g, ptr[1], r->tap[0]);
    if (!r->outside) {
        llb_type t = llb_vec(llb_int(g, 8 * bytes), n);
        llb_store(g, llb_load(g, t, from, bytes), ptr[0], bytes);
        return;
    }
    llb_val v = qcg_load_elements(g, r->x->dtype, from, n, false);
    v = LLVMBuildSelect(g->b, r->outside, fill(g, r, n), v, "");
    qcg_store_elements(g, r->y->dtype, v, ptr[0]);
}

/* --- loops ------------------------------------------------------------------------------------ */

/* All combinations of taps, the first axis slowest. */
static void combine_taps(qcg *g, resize *r)
{
    for (unsigned k = 0; k < r->taps; k++) {
        unsigned rest = k;
        r->tap[k] = llb_i64(g, 0);
        for (unsigned i = r->naxes; i-- > 0; rest /= r->axis[i].taps)
            r->tap[k] = llb_add(g, r->tap[k], r->axis[i].offset[rest % r->axis[i].taps]);
    }
}

static void at_index(qcg *g, resize *r, resized_axis *a, llb_val i)
{
    llb_val row = llb_mul_const(g, i, a->taps);
    for (unsigned t = 0; t < a->taps; t++) {
        llb_val k = llb_add(g, row, llb_i64(g, t));
        a->offset[t] = llb_load(g, llb_int(g, 64), llb_index(g, a->offsets, k, 8), 8);
        a->weight[t] = llb_load(g, doubles(g, 1), llb_index(g, a->weights, k, 8), 8);
    }
    if (!a->outside)
        return;
    llb_val flag = llb_load(g, llb_int(g, 8), llb_index(g, a->outside, i, 1), 1);
    flag = LLVMBuildICmp(g->b, LLVMIntNE, flag, LLVMConstNull(llb_int(g, 8)), "");
    r->outside = r->outside ? LLVMBuildOr(g->b, r->outside, flag, "") : flag;
}

static void emit(qcg *g, resize *r, unsigned i, qcg_nest n)
{
    if (i == r->naxes) {
        combine_taps(g, r);
        qcg_nest_run(g, &n, WIDTH, r->copies ? copy_body : mix_body, r);
        return;
    }
    resized_axis *a = &r->axis[i];
    llb_val outer = r->outside;
    qcg_share s;
    qcg_share_begin(g, &s, a->size, 1, true);
    at_index(g, r, a, s.loop.iv);
    n.ptr[0] = llb_index(g, n.ptr[0], s.loop.iv, n.step[0][a->axis]);
    n.dim[a->axis] = 1;
    emit(g, r, i + 1, n);
    qcg_share_end(g, &s);
    r->outside = outer;
}

/* --- tables ----------------------------------------------------------------------------------- */
static void add_axis(qcg *g, resize *r, unsigned axis, const qir_resize_mix *m, int64_t step)
{
    resized_axis *a = &r->axis[r->naxes++];
    *a = (resized_axis){.axis = axis, .taps = (unsigned)m->n, .size = r->y->dims[axis]};
    size_t entries = (size_t)a->size * a->taps;
    int64_t *offsets = QIR_NEW_ARRAY(g->arena, int64_t, entries);
    double *weights = QIR_NEW_ARRAY(g->arena, double, entries);
    uint8_t *outside = QIR_NEW_ARRAY(g->arena, uint8_t, (size_t)a->size), any = 0;
    for (size_t i = 0; i < entries; i++) {
        offsets[i] = m[i / a->taps].index[i % a->taps] * step;
        weights[i] = m[i / a->taps].weight[i % a->taps];
    }
    for (int64_t i = 0; i < a->size; i++)
        any |= outside[i] = m[i].outside;
    a->offsets = qcg_const(g, offsets, entries * sizeof *offsets, 64);
    a->weights = qcg_const(g, weights, entries * sizeof *weights, 64);
    a->outside = any ? qcg_const(g, outside, (size_t)a->size, 64) : NULL;
    r->taps *= a->taps;
}

static bool is_identity(const qir_type *x, const qir_type *y, unsigned axis, const qir_resize_mix *m)
{
    for (int64_t i = 0; i < y->dims[axis]; i++)
        if (x->dims[axis] != y->dims[axis] || m[i].n != 1 || m[i].index[0] != i || m[i].outside)
            return false;
    return true;
}

bool qir_lower_resize(qcg *g)
{
    resize r = {.x = qir_op_operand(g->op, 0)->type, .y = g->op->results[0].type, .taps = 1};
    qcg_nest n = {.rank = r.y->rank, .nptr = 2};
    for (unsigned p = 0; p < 2; p++) {
        qcg_strides(g, (int)p - 1, n.step[p]);
        n.elem[p] = (int64_t)qir_dtype_bytes(r.x->dtype);
        n.ptr[p] = p ? qcg_operand(g, 0) : g->out;
        for (unsigned a = 0; a < n.rank; a++) {
            n.dim[a] = r.y->dims[a];
            n.step[p][a] *= n.elem[p];
        }
    }
    for (unsigned a = 0; a < n.rank; a++) {
        qir_resize_mix *m = QIR_NEW_ARRAY(g->arena, qir_resize_mix, (size_t)r.y->dims[a]);
        qir_resize_axis(g->op, a, m);
        if (is_identity(r.x, r.y, a, m))
            continue;
        if (r.taps * (unsigned)m->n > MAX_TAPS)
            return qcg_unsupported(g, "at most 64 taps per element");
        add_axis(g, &r, a, m, n.step[1][a]);
        n.step[1][a] = 0;
    }
    r.copies = r.taps == 1;
    emit(g, &r, 0, n);
    return true;
}
