/* layer_norm and rms_norm on f32: a row at a time, two sums and one pass. */
#include "kernels/lanes.h"
#include "kernels/nest.h"

enum { WIDTH = 16 };

typedef struct row {
    llb_val x, y;
    llb_val mean; /* NULL: not subtracted */
    llb_val factor;
} row;

static llb_val terms(qcg *g, void *ctx, llb_val j, unsigned i, unsigned n)
{
    const row *r = ctx;
    (void)i;
    return qcg_lanes_load16(g, r->x, j, n);
}

static llb_val squares(qcg *g, void *ctx, llb_val j, unsigned i, unsigned n)
{
    const row *r = ctx;
    llb_val d = terms(g, ctx, j, i, n);
    if (r->mean)
        d = qcg_lanes_keep(g, LLVMBuildFSub(g->b, d, llb_splat(g, r->mean, 16), ""), n);
    return LLVMBuildFMul(g->b, d, d, "");
}

static void normalize(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const row *r = ctx;
    llb_val v = qcg_lanes_load(g, r->x, j, n);
    if (r->mean)
        v = LLVMBuildFSub(g->b, v, llb_splat(g, r->mean, n), "");
    v = LLVMBuildFMul(g->b, v, llb_splat(g, r->factor, n), "");
    if (qir_op_operand(g->op, 1))
        v = LLVMBuildFMul(g->b, v, qcg_lanes_load(g, qcg_operand(g, 1), j, n), "");
    if (qir_op_operand(g->op, 2))
        v = LLVMBuildFAdd(g->b, v, qcg_lanes_load(g, qcg_operand(g, 2), j, n), "");
    qcg_lanes_store(g, v, r->y, j);
}

/* sum / count */
static llb_val mean_of(qcg *g, row *r, int64_t count, qcg_terms_fn fn)
{
    llb_val sum;
    qcg_lanes_sum(g, count, 1, fn, r, &sum);
    return LLVMBuildFDiv(g->b, sum, llb_f32s(g, (float)count, 1), "");
}

static void one_row(qcg *g, row *r, int64_t count)
{
    llb_type f32 = llb_float(g);
    if (g->op->opcode == QIR_OP_layer_norm)
        r->mean = mean_of(g, r, count, terms);
    llb_val v = LLVMBuildFAdd(g->b, mean_of(g, r, count, squares),
                              llb_f32s(g, qir_op_float(g->op, "epsilon"), 1), "");
    v = llb_intrinsic(g, "llvm.sqrt", &f32, 1, &v, 1);
    r->factor = LLVMBuildFDiv(g->b, llb_f32s(g, 1.0f, 1), v, "");
    qcg_lanes_each(g, count, WIDTH, normalize, r);
}

bool qir_lower_layer_norm(qcg *g)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    if (x->dtype != QIR_f32)
        return qcg_unsupported(g, "f32");
    int64_t rows = 1, count = 1;
    for (unsigned i = 0; i < x->rank; i++)
        *(i < qir_op_int(g->op, "axis") ? &rows : &count) *= x->dims[i];
    llb_loop l;
    llb_begin(g, &l, 0, rows, 1);
    row r = {.x = llb_index(g, qcg_operand(g, 0), l.iv, count * 4),
             .y = llb_index(g, g->out, l.iv, count * 4)};
    one_row(g, &r, count);
    llb_end(g, &l);
    return true;
}
