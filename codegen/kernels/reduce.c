/* reduce_mean, reduce_sum, reduce_prod, reduce_max, reduce_min: kept axes are the loops and lanes, the reduced
 * axes in row-major order one row. */
#include <math.h>
#include "kernels/arith.h"
#include "kernels/nest.h"
#include "kernels/requant.h"
#include "kernels/row.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"

enum { WIDTH = 16 };

typedef struct reduction {
    qcg_row row;
    const qir_type *x, *y;
    qcg_fold fold;
    bool mean;
    unsigned lanes;
} reduction;

static bool is_reduced(const qir_op *op, int64_t axis)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    for (size_t i = 0; i < n; i++)
        if (axes[i] == axis)
            return true;
    return false;
}

/* Offsets of the reduced elements, row-major over the reduced axes. */
static qcg_row reduced_row(qcg *g, const qir_type *x)
{
    int64_t strides[QIR_MAX_RANK], index[QIR_MAX_RANK] = {0}, count = 1;
    qcg_strides(g, 0, strides);
    for (unsigned a = 0; a < x->rank; a++)
        count *= is_reduced(g->op, a) ? x->dims[a] : 1;
    int64_t *offset = QIR_NEW_ARRAY(g->arena, int64_t, (size_t)count + 1);
    for (int64_t j = 0; j < count; j++) {
        for (unsigned a = 0; a < x->rank; a++)
            offset[j] += index[a] * strides[a] * (int64_t)qir_dtype_bytes(x->dtype);
        for (unsigned a = x->rank; a-- > 0;) {
            if (!is_reduced(g->op, a))
                continue;
            if (++index[a] < x->dims[a])
                break;
            index[a] = 0;
        }
    }
    return qcg_row_make(g, offset, count);
}

/* Kept axes: result against operand. */
static void kept_nest(qcg *g, qcg_nest *n, const qir_type *x, const qir_type *y)
{
    int64_t in[QIR_MAX_RANK], out[QIR_MAX_RANK];
    qcg_strides(g, 0, in);
    qcg_strides(g, -1, out);
    bool keep = qir_op_bool(g->op, "keepdims");
    *n = (qcg_nest){.nptr = 2};
    n->elem[0] = (int64_t)qir_dtype_bytes(y->dtype);
    n->elem[1] = (int64_t)qir_dtype_bytes(x->dtype);
    n->ptr[0] = g->out;
    n->ptr[1] = qcg_operand(g, 0);
    unsigned result_axis = 0;
    for (unsigned a = 0; a < x->rank; a++) {
        bool reduced = is_reduced(g->op, a);
        unsigned at = result_axis;
        result_axis += keep || !reduced;
        if (reduced)
            continue;
        n->dim[n->rank] = x->dims[a];
        n->step[0][n->rank] = out[at] * n->elem[0];
        n->step[1][n->rank++] = in[a] * n->elem[1];
    }
}

static llb_val load(qcg *g, void *ctx, llb_val at, llb_val j)
{
    const reduction *r = ctx;
    (void)j;
    return qcg_load_elements(g, r->x->dtype, at, r->lanes, false);
}

/* Lanes are as wide as acc, which is wider than the elements where a mean of integers is summed. */
static llb_val fold(qcg *g, void *ctx, llb_val acc, llb_val at, llb_val j)
{
    const reduction *r = ctx;
    llb_val x = load(g, ctx, at, j);
    if (LLVMTypeOf(x) != LLVMTypeOf(acc))
        x = qir_dtype_is_signed(r->x->dtype) ? LLVMBuildSExt(g->b, x, LLVMTypeOf(acc), "")
                                             : LLVMBuildZExt(g->b, x, LLVMTypeOf(acc), "");
    return qcg_fold_lanes(g, r->fold, r->x->dtype, acc, x);
}

static llb_val mean_quantized(qcg *g, reduction *r, llb_val src)
{
    const qir_quant *x = r->x->quant, *y = r->y->quant;
    int32_t start = (int32_t)(-(int64_t)x->zero_point[0] * r->row.count);
    qir_factor f = qir_mean_factor(g->op, x, y, r->row.count);
    llb_val sum = qcg_row_fold(g, &r->row, src, llb_i32s(g, start, r->lanes), fold, r);
    return qcg_apply_factor(g, sum, &f, y->qmin, y->qmax);
}

/* Truncated; the sum does not wrap before it is divided. */
static llb_val mean_integers(qcg *g, reduction *r, llb_val src)
{
    llb_val zero = llb_splat(g, llb_i64(g, 0), r->lanes);
    llb_val sum = qcg_row_fold(g, &r->row, src, zero, fold, r);
    sum = LLVMBuildSDiv(g->b, sum, llb_splat(g, llb_i64(g, r->row.count), r->lanes), "");
    return qir_dtype_bits(r->x->dtype) > 32
               ? sum
               : LLVMBuildTrunc(g->b, sum, llb_vec(llb_int(g, 32), r->lanes), "");
}

/* Sums of at most 32 bits add up in sixteen lanes, everything else in order. */
static llb_val fold_row(qcg *g, reduction *r, llb_val src)
{
    bool real = qir_dtype_is_float(r->x->dtype);
    bool extreme = r->fold == QCG_LARGEST || r->fold == QCG_SMALLEST;
    llb_val start = extreme ? load(g, r, src, NULL) : qcg_fold_start(g, r->fold, r->x, r->lanes);
    llb_val v = real && r->fold == QCG_SUM && r->x->dtype != QIR_f64
                    ? qcg_row_sum16(g, &r->row, src, r->lanes, load, r)
                    : qcg_row_fold(g, &r->row, src, start, fold, r);
    if (!r->mean)
        return v;
    double count = r->x->dtype == QIR_f64 ? (double)r->row.count : (double)(float)r->row.count;
    return LLVMBuildFDiv(g->b, v, qcg_reals(g, r->x->dtype, count, r->lanes), "");
}

static void body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    reduction *r = ctx;
    (void)splat;
    r->lanes = n;
    llb_val v = r->mean && r->x->quant                       ? mean_quantized(g, r, ptr[1])
                : r->mean && !qir_dtype_is_float(r->x->dtype) ? mean_integers(g, r, ptr[1])
                                                              : fold_row(g, r, ptr[1]);
    qcg_store_elements(g, r->y->dtype, v, ptr[0]);
}

bool qir_lower_reduce(qcg *g)
{
    static const struct {
        qir_opcode opcode;
        qcg_fold fold;
    } rows[] = {
        {QIR_OP_reduce_mean, QCG_SUM},    {QIR_OP_reduce_sum, QCG_SUM},
        {QIR_OP_reduce_prod, QCG_PRODUCT}, {QIR_OP_reduce_max, QCG_LARGEST},
        {QIR_OP_reduce_min, QCG_SMALLEST},
    };
    reduction r = {.x = qir_op_operand(g->op, 0)->type,
                   .y = g->op->results[0].type,
                   .mean = g->op->opcode == QIR_OP_reduce_mean};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == g->op->opcode)
            r.fold = rows[i].fold;
    r.row = reduced_row(g, r.x);
    qcg_nest n;
    kept_nest(g, &n, r.x, r.y);
    qcg_nest_run(g, &n, WIDTH, body, &r);
    return true;
}
