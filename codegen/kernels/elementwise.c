/* What the elementwise kernels share: see elementwise.h. */
#include "kernels/elementwise.h"

#include <math.h>
#include "qir/qmath.h"

const qir_type *qcg_operand_type(const qcg *g, unsigned i)
{
    return qir_op_operand(g->op, i)->type;
}

const qir_type *qcg_result_type(const qcg *g)
{
    return g->op->results[0].type;
}

bool qcg_is_scaled(const qir_type *t)
{
    return t->quant && t->quant->count == 1 && t->quant->axis < 0 && qir_dtype_bits(t->dtype) <= 16;
}

bool qcg_is_byte(const qir_type *t)
{
    return qcg_is_scaled(t) && qir_dtype_bytes(t->dtype) == 1;
}

/* --- the loop nest ------------------------------------------------------------------------------ */

typedef struct mapping {
    qcg_lane lane;
    qcg_element_fn fn;
} mapping;

static void map_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const mapping *m = ctx;
    llb_val in[QCG_NEST_PTRS];
    for (unsigned i = 0; i < g->op->noperands; i++) {
        qir_dtype t = qcg_operand_type(g, i)->dtype;
        llb_val v = qcg_load_elements(g, t, ptr[i + 1], splat[i + 1] ? 1 : n, false);
        v = qcg_to_lane(g, t, v, m->lane);
        in[i] = splat[i + 1] ? llb_splat(g, v, n) : v;
    }
    qcg_store_elements(g, qcg_result_type(g)->dtype, m->fn(g, in), ptr[0]);
}

bool qcg_elementwise(qcg *g, qcg_lane lane, qcg_element_fn fn)
{
    mapping m = {lane, fn};
    qcg_nest n;
    qcg_nest_elementwise(g, &n, g->op->noperands);
    qcg_nest_run(g, &n, QCG_ELEMENTWISE_WIDTH, map_body, &m);
    return true;
}

/* --- bounds ------------------------------------------------------------------------------------- */

void qcg_bounds_of(const qir_op *op, float *min, float *max)
{
    bool clamped = qir_op_has_trait(op, QIR_TRAIT_CLAMPED), relu = op->opcode == QIR_OP_relu;
    *min = relu ? 0.0f : clamped ? qir_op_float(op, "min") : -INFINITY;
    *max = clamped ? qir_op_float(op, "max") : INFINITY;
}

qcg_lane qcg_compute_lane(const qcg *g, qir_dtype t)
{
    float min, max;
    qcg_bounds_of(g->op, &min, &max);
    bool bounded = min > -INFINITY || max < INFINITY;
    return bounded && !qir_dtype_is_float(t) ? QCG_I64 : qcg_lane_of(t);
}

llb_val qcg_bound_float(qcg *g, llb_val v)
{
    float min, max;
    unsigned n = llb_lanes(v);
    qcg_bounds_of(g->op, &min, &max);
    qcg_lane lane = qcg_lane_of(qcg_result_type(g)->dtype);
    if (min > -INFINITY)
        v = llb_fmax(g, qcg_lane_const(g, lane, (double)min, n), v);
    if (max < INFINITY)
        v = llb_fmin(g, qcg_lane_const(g, lane, (double)max, n), v);
    return v;
}

llb_val qcg_bound_int(qcg *g, llb_val v)
{
    float min, max;
    qcg_bounds_of(g->op, &min, &max);
    qir_int_range r = qir_int_bounds(qcg_result_type(g)->dtype, min, max);
    LLVMIntPredicate less = r.is_u64 ? LLVMIntULT : LLVMIntSLT;
    llb_val lo = llb_splat(g, llb_i64(g, r.lo), llb_lanes(v));
    llb_val hi = llb_splat(g, llb_i64(g, r.hi), llb_lanes(v));
    if (min > -INFINITY)
        v = LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, less, v, lo, ""), lo, v, "");
    if (max < INFINITY)
        v = LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, less, hi, v, ""), hi, v, "");
    return v;
}

llb_val qcg_bound_stored(qcg *g, llb_val v)
{
    float min, max;
    int32_t lo, hi;
    qcg_bounds_of(g->op, &min, &max);
    qir_quant_bounds(qcg_result_type(g)->quant, min, max, &lo, &hi);
    return llb_clamp_i32(g, v, lo, hi);
}
