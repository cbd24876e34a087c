/* batch_norm on f32: ((x - mean) * r) * gamma + beta, r = 1 / sqrt(var + epsilon), per channel. */
#include "kernels/nest.h"

enum { WIDTH = 16 };

static llb_val parameter(qcg *g, unsigned i, llb_val channel)
{
    return llb_load(g, llb_float(g), llb_index(g, qcg_operand(g, i), channel, 4), 4);
}

typedef struct channel {
    llb_val gamma, beta, mean, r;
} channel;

static void body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const channel *c = ctx;
    llb_val v = qcg_load_elements(g, QIR_f32, ptr[1], n, splat[1]);
    v = LLVMBuildFSub(g->b, v, llb_splat(g, c->mean, n), "");
    v = LLVMBuildFMul(g->b, v, llb_splat(g, c->r, n), "");
    v = LLVMBuildFMul(g->b, v, llb_splat(g, c->gamma, n), "");
    llb_store(g, LLVMBuildFAdd(g->b, v, llb_splat(g, c->beta, n), ""), ptr[0], 4);
}

bool qir_lower_batch_norm(qcg *g)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    for (unsigned i = 0; i < 5; i++)
        if (qir_op_operand(g->op, i)->type->dtype != QIR_f32)
            return qcg_unsupported(g, "f32");
    if (qir_type_elements(x) == 0)
        return true;
    qcg_nest n;
    qcg_nest_elementwise(g, &n, 1);
    qcg_share s;
    qcg_share_begin(g, &s, x->dims[1], 1, true);
    llb_val at = s.loop.iv;
    llb_val t = LLVMBuildFAdd(g->b, parameter(g, 4, at),
                              llb_f32s(g, qir_op_float(g->op, "epsilon"), 1), "");
    llb_type f32 = llb_float(g);
    t = llb_intrinsic(g, "llvm.sqrt", &f32, 1, &t, 1);
    channel c = {parameter(g, 1, at), parameter(g, 2, at), parameter(g, 3, at),
                 LLVMBuildFDiv(g->b, llb_f32s(g, 1.0f, 1), t, "")};
    for (unsigned p = 0; p < 2; p++)
        n.ptr[p] = llb_index(g, n.ptr[p], at, n.step[p][1]);
    n.dim[1] = 1;
    qcg_nest_run(g, &n, WIDTH, body, &c);
    qcg_share_end(g, &s);
    return true;
}
