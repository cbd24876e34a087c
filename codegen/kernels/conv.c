/* conv, linear, their dynamic forms and pools: the kernel that ir/kernel chose for the op. */
#include "build.h"
#include "kernels/gemm.h"

#include <math.h>
#include "qir/support/assert.h"

static bool refuse(qcg *g)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type, *y = g->op->results[0].type;
    qir_context *ctx = g->qir->ctx;
    return qir_error(
        qir_context_diag(ctx), g->op->loc, "codegen.types",
        "'%s' is compiled from f32 to f32, or from i8, u8 or i16 to i8, u8, i16 or unbounded i32; "
        "got %s to %s",
        qir_op_name(g->op), qir_type_text(ctx, x), qir_type_text(ctx, y));
}

static bool unbounded(const qir_op *op)
{
    return qir_op_float(op, "min") == -INFINITY && qir_op_float(op, "max") == INFINITY;
}

static bool types_ok(const qir_op *op, const qir_kernel_plan *p)
{
    const qir_type *x = op->operands[0].value->type, *y = op->results[0].type;
    if (p->is_float)
        return x->dtype == QIR_f32 && y->dtype == QIR_f32 && !y->quant;
    return qir_opcode_computes_on(op->opcode, x) &&
           (qir_opcode_computes_on(op->opcode, y) || (y->dtype == QIR_i32 && !y->quant && unbounded(op)));
}

/* Constants that loops keep in registers: those that find none LLVM loads again, from an address that it knows; of
 * others it would keep a copy on the stack. */
static bool holds_constants(qir_kernel k)
{
    return k == QIR_KERNEL_depthwise_i8 || k == QIR_KERNEL_depthwise_f32 || k == QIR_KERNEL_gemm_dynamic;
}

static bool emit(qcg *g, const qir_kernel_plan *p)
{
    static bool (*const kernels[])(qcg *g, const qir_kernel_plan *p) = {
#define KERNEL(name, doc) qcg_lower_##name,
#include "kernels.def"
#undef KERNEL
    };
    g->call->own_constants = holds_constants(p->kernel);
    return kernels[p->kernel](g, p);
}

static qir_kernel_plan plan_of(const qcg *g)
{
    qir_kernel_plan p;
    qir_kernel_plan_get(g->level, g->op, &p);
    QIR_ASSERT(qir_kernel_plan_bytes(&p) == qir_level_workspace(g->level, g->op),
               "kernel and planner disagree on scratch");
    return p;
}

static bool product_op(qcg *g)
{
    if (qir_type_elements(g->op->results[0].type) == 0)
        return true;
    qir_kernel_plan p = plan_of(g);
    return types_ok(g->op, &p) ? emit(g, &p) : refuse(g);
}

/* Dynamic ops and pools look at their types themselves. */
static bool window_op(qcg *g)
{
    if (qir_type_elements(g->op->results[0].type) == 0)
        return true;
    qir_kernel_plan p = plan_of(g);
    return emit(g, &p);
}

bool qir_lower_conv(qcg *g)
{
    return product_op(g);
}

bool qir_lower_linear(qcg *g)
{
    return product_op(g);
}

bool qir_lower_conv_dynamic(qcg *g)
{
    return window_op(g);
}

bool qir_lower_linear_dynamic(qcg *g)
{
    return window_op(g);
}

bool qir_lower_max_pool(qcg *g)
{
    return window_op(g);
}

bool qir_lower_avg_pool(qcg *g)
{
    return window_op(g);
}
