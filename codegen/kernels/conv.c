/* conv, linear and their dynamic forms: which kernel takes the op. */
#include "kernels/gemm.h"

#include <math.h>
#include "qir/support/assert.h"

static bool refuse(qcg *g)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type, *y = g->op->results[0].type;
    qir_context *ctx = g->qir->ctx;
    return qir_error(
        qir_context_diag(ctx), g->op->loc, "codegen.types",
        "'%s' is compiled from f32 to f32, or from i8 or u8 to i8, u8 or unbounded i32; "
        "got %s to %s",
        qir_op_name(g->op), qir_type_text(ctx, x), qir_type_text(ctx, y));
}

static bool byte_quant(const qir_type *t)
{
    return t->quant && t->quant->count == 1 && (t->dtype == QIR_i8 || t->dtype == QIR_u8);
}

static bool unbounded(const qir_op *op)
{
    return qir_op_float(op, "min") == -INFINITY && qir_op_float(op, "max") == INFINITY;
}

static qir_kernel_plan plan_of(const qcg *g)
{
    qir_kernel_plan p;
    qir_kernel_plan_get(g->level, g->op, &p);
    QIR_ASSERT(qir_kernel_plan_bytes(&p) == qir_level_workspace(g->level, g->op),
               "kernel and planner disagree on scratch");
    return p;
}

static bool dynamic_op(qcg *g)
{
    if (qir_type_elements(g->op->results[0].type) == 0)
        return true;
    qir_kernel_plan p = plan_of(g);
    return qcg_lower_gemm_dynamic(g, &p);
}

static bool matrix_op(qcg *g)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type, *y = g->op->results[0].type;
    if (qir_type_elements(y) == 0)
        return true;
    qir_kernel_plan p = plan_of(g);
    if (x->dtype == QIR_f32 && y->dtype == QIR_f32 && !y->quant)
        return p.kind == QIR_KERNEL_DEPTHWISE ? qcg_lower_depthwise_f32(g, &p)
                                              : qcg_lower_gemm_f32(g, &p);
    if (!byte_quant(x) ||
        !(byte_quant(y) || (y->dtype == QIR_i32 && !y->quant && unbounded(g->op))))
        return refuse(g);
    return p.kind == QIR_KERNEL_DEPTHWISE ? qcg_lower_depthwise_i8(g, &p)
                                          : qcg_lower_gemm_i8(g, &p);
}

bool qir_lower_conv(qcg *g)
{
    return matrix_op(g);
}

bool qir_lower_linear(qcg *g)
{
    return matrix_op(g);
}

bool qir_lower_conv_dynamic(qcg *g)
{
    return dynamic_op(g);
}

bool qir_lower_linear_dynamic(qcg *g)
{
    return dynamic_op(g);
}
