/* reduce_mean, reduce_sum, reduce_max, reduce_min: kept axes are the loops and lanes, the reduced
 * axes in row-major order one row. */
#include <math.h>
#include "kernels/nest.h"
#include "kernels/requant.h"
#include "kernels/row.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"

enum { WIDTH = 16 };

typedef struct reduction {
    qcg_row row;
    const qir_type *x, *y;
    bool mean, sum, largest;
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

static llb_val load_float(qcg *g, void *ctx, llb_val at, llb_val j)
{
    (void)j;
    return llb_load(g, llb_vec(llb_float(g), *(unsigned *)ctx), at, 4);
}

static llb_val plus(qcg *g, void *ctx, llb_val acc, llb_val at, llb_val j)
{
    const reduction *r = ctx;
    (void)j;
    return llb_add(g, acc, qcg_load_elements(g, r->x->dtype, at, llb_lanes(acc), false));
}

/* acc when it wins or x is not better; NaN of either side wins. */
static llb_val extreme(qcg *g, void *ctx, llb_val acc, llb_val at, llb_val j)
{
    const reduction *r = ctx;
    llb_val x = qcg_load_elements(g, r->x->dtype, at, llb_lanes(acc), false), better;
    (void)j;
    if (r->x->dtype != QIR_f32) {
        better = LLVMBuildICmp(g->b, r->largest ? LLVMIntSGT : LLVMIntSLT, x, acc, "");
    } else {
        better = LLVMBuildFCmp(g->b, r->largest ? LLVMRealOGT : LLVMRealOLT, x, acc, "");
        better = LLVMBuildOr(g->b, better, LLVMBuildFCmp(g->b, LLVMRealUNO, x, x, ""), "");
    }
    return LLVMBuildSelect(g->b, better, x, acc, "");
}

static llb_val reduce_float(qcg *g, reduction *r, llb_val src, unsigned n)
{
    llb_val sum = qcg_row_sum16(g, &r->row, src, n, load_float, &n);
    return r->mean ? LLVMBuildFDiv(g->b, sum, llb_f32s(g, (float)r->row.count, n), "") : sum;
}

static llb_val reduce_mean(qcg *g, reduction *r, llb_val src, unsigned n)
{
    const qir_quant *x = r->x->quant, *y = r->y->quant;
    int32_t start = (int32_t)(-(int64_t)x->zero_point[0] * r->row.count);
    float m = qir_mean_multiplier(x->scale[0], y->scale[0], r->row.count);
    llb_val sum = qcg_row_fold(g, &r->row, src, llb_i32s(g, start, n), plus, r);
    return qcg_requantize(g, sum, llb_f32s(g, m, n), y->qmin, y->qmax);
}

static void body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    reduction *r = ctx;
    (void)splat;
    llb_val v;
    if (!r->mean && !r->sum)
        v = qcg_row_fold(g, &r->row, ptr[1], qcg_load_elements(g, r->x->dtype, ptr[1], n, false),
                         extreme, r);
    else if (r->x->dtype == QIR_f32)
        v = reduce_float(g, r, ptr[1], n);
    else if (r->x->quant)
        v = reduce_mean(g, r, ptr[1], n);
    else
        v = qcg_row_fold(g, &r->row, ptr[1], llb_i32s(g, 0, n), plus, r);
    qcg_store_elements(g, r->y->dtype, v, ptr[0]);
}

static bool types_ok(const reduction *r)
{
    if (r->x->dtype == QIR_f32)
        return r->y->dtype == QIR_f32;
    bool small = qir_dtype_is_int(r->x->dtype) && qir_dtype_bits(r->x->dtype) <= 16;
    if (r->mean)
        return small && r->x->quant && r->y->quant && r->x->quant->count == 1 &&
               r->y->quant->count == 1;
    if (r->sum)
        return !r->x->quant && r->x->dtype == QIR_i32 && r->y->dtype == QIR_i32;
    return (small || r->x->dtype == QIR_i32) && r->x->dtype == r->y->dtype;
}

bool qir_lower_reduce(qcg *g)
{
    qir_opcode op = g->op->opcode;
    reduction r = {.mean = op == QIR_OP_reduce_mean,
                   .sum = op == QIR_OP_reduce_sum,
                   .largest = op == QIR_OP_reduce_max};
    r.x = qir_op_operand(g->op, 0)->type;
    r.y = g->op->results[0].type;
    if (!types_ok(&r) || qir_type_elements(r.x) == 0)
        return qcg_unsupported(g, "non-empty f32 or per-tensor quantized values");
    r.row = reduced_row(g, r.x);
    qcg_nest n;
    kept_nest(g, &n, r.x, r.y);
    qcg_nest_run(g, &n, WIDTH, body, &r);
    return true;
}
