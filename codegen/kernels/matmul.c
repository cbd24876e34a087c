/* matmul of two activations: columns are the lanes, k is a row in the fixed order of the
 * evaluator.  Products with constant weights are linear ops and run on register tiles. */
#include <math.h>
#include "kernels/elementwise.h"
#include "kernels/requant.h"
#include "kernels/row.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"

enum { WIDTH = 8 };

typedef struct product {
    const qir_type *a, *b, *y;
    qcg_lane lane; /* of integer sums */
    qcg_row row;   /* of b: from one k to the next */
    int64_t a_step;
    llb_val a_ptr;
    unsigned lanes;
    bool a_splat, b_splat;
} product;

/* Element j of each lane's row of a: one row for all, but where every row is one element long and
 * the lanes run over rows. */
static llb_val left(qcg *g, const product *p, llb_val j)
{
    return qcg_load_elements(g, p->a->dtype, llb_index(g, p->a_ptr, j, p->a_step), p->lanes,
                             p->a_splat);
}

static llb_val float_term(qcg *g, void *ctx, llb_val at, llb_val j)
{
    const product *p = ctx;
    llb_val a = left(g, p, j), b = qcg_load_elements(g, QIR_f32, at, p->lanes, p->b_splat);
    return LLVMBuildFMul(g->b, a, b, "");
}

static llb_val integer(qcg *g, const product *p, const qir_type *t, llb_val v)
{
    if (t->quant)
        return llb_add(g, v, llb_i32s(g, -t->quant->zero_point[0], p->lanes));
    return qcg_to_lane(g, t->dtype, v, p->lane);
}

static llb_val int_term(qcg *g, void *ctx, llb_val acc, llb_val at, llb_val j)
{
    const product *p = ctx;
    llb_val b = qcg_load_elements(g, p->b->dtype, at, p->lanes, p->b_splat);
    llb_val a = integer(g, p, p->a, left(g, p, j));
    return llb_add(g, acc, LLVMBuildMul(g->b, a, integer(g, p, p->b, b), ""));
}

static llb_val bounded(qcg *g, llb_val v, unsigned n)
{
    float min = qir_op_float(g->op, "min"), max = qir_op_float(g->op, "max");
    if (min > -INFINITY)
        v = llb_fmax(g, llb_f32s(g, min, n), v);
    if (max < INFINITY)
        v = llb_fmin(g, llb_f32s(g, max, n), v);
    return v;
}

static llb_val scaled(qcg *g, const product *p, llb_val acc)
{
    int32_t lo, hi;
    const qir_quant *q = p->y->quant;
    qir_quant_bounds(q, qir_op_float(g->op, "min"), qir_op_float(g->op, "max"), &lo, &hi);
    qir_factor f = qir_product_factor(g->op, p->a->quant, p->b->quant, 0, q);
    return qcg_apply_factor(g, acc, &f, lo, hi);
}

static void body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    product *p = ctx;
    p->a_ptr = ptr[1];
    p->lanes = n;
    p->a_splat = splat[1];
    p->b_splat = splat[2];
    llb_val v;
    if (p->a->dtype == QIR_f32) {
        v = bounded(g, qcg_row_sum16(g, &p->row, ptr[2], n, float_term, p), n);
    } else {
        llb_val zero = qcg_lane_const(g, p->lane, 0.0, n);
        v = qcg_row_fold(g, &p->row, ptr[2], zero, int_term, p);
        v = p->y->quant ? scaled(g, p, v) : qcg_bound_int(g, v);
    }
    qcg_store_elements(g, p->y->dtype, v, ptr[0]);
}

static bool is_byte(const qir_type *t)
{
    return t->quant && t->quant->count == 1 && qir_dtype_bytes(t->dtype) == 1;
}

static bool is_plain_int(const qir_type *t)
{
    return !t->quant && qir_dtype_is_int(t->dtype);
}

static bool types_ok(const qcg *g, const product *p)
{
    if (p->a->dtype == QIR_f32 && p->b->dtype == QIR_f32 && p->y->dtype == QIR_f32)
        return true;
    if (is_plain_int(p->a) && is_plain_int(p->b))
        return true;
    bool raw = p->y->dtype == QIR_i32 && !p->y->quant && qir_op_float(g->op, "min") == -INFINITY &&
               qir_op_float(g->op, "max") == INFINITY;
    return is_byte(p->a) && is_byte(p->b) && (is_byte(p->y) || raw);
}

/* Steps of operand i over the result's axes; returns the step over k.  An operand of rank 1 is k
 * alone and has no axis in the result; batches come before rows, rows before columns. */
static int64_t operand_steps(qcg *g, qcg_nest *n, unsigned i, const product *p)
{
    const qir_type *t = i ? p->b : p->a;
    int64_t strides[QIR_MAX_RANK], elem = (int64_t)qir_dtype_bytes(t->dtype);
    unsigned columns = p->b->rank > 1, batch_end = p->y->rank - columns - (p->a->rank > 1);
    unsigned batch = t->rank > 2 ? t->rank - 2 : 0, k = t->rank - (i && columns ? 2 : 1);
    qcg_strides(g, (int)i, strides);
    n->elem[i + 1] = elem;
    n->ptr[i + 1] = qcg_operand(g, i);
    for (unsigned a = 0; a < batch; a++)
        n->step[i + 1][batch_end - batch + a] = t->dims[a] != 1 ? strides[a] * elem : 0;
    unsigned axis = i ? p->y->rank - 1 : batch_end;
    if (t->rank > 1)
        n->step[i + 1][axis] = strides[i ? t->rank - 1 : t->rank - 2] * elem;
    return strides[k] * elem;
}

bool qir_lower_matmul(qcg *g)
{
    product p = {.a = qir_op_operand(g->op, 0)->type,
                 .b = qir_op_operand(g->op, 1)->type,
                 .y = g->op->results[0].type};
    if (!types_ok(g, &p))
        return qcg_unsupported(g, "f32, integers or per-tensor 8-bit quantized values");
    p.lane = p.a->quant ? QCG_I32 : qcg_compute_lane(g, p.y->dtype);
    int64_t k = p.a->dims[p.a->rank - 1];
    qcg_nest n = {.rank = p.y->rank, .nptr = 3};
    qcg_strides(g, -1, n.step[0]);
    n.elem[0] = (int64_t)qir_dtype_bytes(p.y->dtype);
    n.ptr[0] = g->out;
    for (unsigned a = 0; a < p.y->rank; a++) {
        n.dim[a] = p.y->dims[a];
        n.step[0][a] *= n.elem[0];
    }
    p.a_step = operand_steps(g, &n, 0, &p);
    p.row = qcg_row_even(k, operand_steps(g, &n, 1, &p));
    qcg_nest_run(g, &n, WIDTH, body, &p);
    return true;
}
