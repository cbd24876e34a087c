/* Ops that move elements without computing: relayout, transpose, concat, slice, expand.  All are
 * strided copies of blocks; elements keep their bytes whatever their type. */
#include "kernels/copy.h"

enum { WIDTH = 32, BLOCK = 16, MAX_CHANNELS = 4 };

static void copy_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    unsigned bytes = *(unsigned *)ctx;
    llb_type elem = llb_int(g, 8 * bytes);
    llb_val v = llb_load(g, llb_vec(elem, splat[1] ? 1 : n), ptr[1], bytes);
    llb_store(g, splat[1] ? llb_splat(g, v, n) : v, ptr[0], bytes);
}

void qcg_copy_nest(qcg *g, qcg_nest *n, unsigned i, const int64_t *axis_of)
{
    const qir_type *y = g->op->results[0].type;
    int64_t own[QIR_MAX_RANK], out[QIR_MAX_RANK], bytes = (int64_t)qir_dtype_bytes(y->dtype);
    qcg_strides(g, (int)i, own);
    qcg_strides(g, -1, out);
    *n = (qcg_nest){.rank = y->rank, .nptr = 2, .elem = {bytes, bytes}};
    n->ptr[0] = g->out;
    n->ptr[1] = qcg_operand(g, i);
    for (unsigned a = 0; a < y->rank; a++) {
        n->dim[a] = y->dims[a];
        n->step[0][a] = out[a] * bytes;
        n->step[1][a] = own[axis_of ? axis_of[a] : (int64_t)a] * bytes;
    }
}

void qcg_copy(qcg *g, qcg_nest *n)
{
    unsigned bytes = (unsigned)n->elem[0];
    qcg_nest_run(g, n, WIDTH / bytes, copy_body, &bytes);
}

void qcg_copy_block(qcg *g, llb_val to, llb_val from, int64_t count, int64_t elem)
{
    qcg_nest n = {.rank = 1, .nptr = 2, .dim = {count}, .elem = {elem, elem}, .ptr = {to, from}};
    n.step[0][0] = n.step[1][0] = elem;
    qcg_copy(g, &n);
}

void qcg_copy_unless_there(qcg *g, int64_t count, int64_t elem)
{
    llb_val from = qcg_operand(g, 0);
    llb_if apart;
    if (count == 0)
        return;
    llb_then(g, &apart, LLVMBuildICmp(g->b, LLVMIntNE, from, g->out, ""));
    qcg_copy_block(g, g->out, from, count, elem);
    llb_else(g, &apart);
    llb_endif(g, &apart);
}

/* Images of a few channels from planes to pixels, BLOCK pixels at a time: channels are interleaved
 * in registers.  The last block overlaps the one before it. */
static void interleave_block(qcg *g, llb_val dst, llb_val src, unsigned channels, int64_t plane,
                             unsigned bytes)
{
    llb_val v[MAX_CHANNELS], order[BLOCK * MAX_CHANNELS];
    for (unsigned c = 0; c < channels; c++)
        v[c] = llb_load(g, llb_vec(llb_int(g, 8 * bytes), BLOCK), llb_at(g, src, c * plane), bytes);
    for (unsigned c = channels; c < MAX_CHANNELS; c++)
        v[c] = v[0]; /* not used */
    for (unsigned i = 0; i < BLOCK * channels; i++)
        order[i] = llb_i32s(g, (int)(i % channels * BLOCK + i / channels), 1);
    llb_val low = llb_concat_all(g, v, 2), high = llb_concat_all(g, v + 2, 2);
    llb_val mask = LLVMConstVector(order, BLOCK * channels);
    llb_store(g, LLVMBuildShuffleVector(g->b, low, high, mask, ""), dst, bytes);
}

static bool interleaves(const qcg_nest *n)
{
    int64_t c = n->dim[1], h = n->dim[2], w = n->dim[3], e = n->elem[0];
    return n->rank == 4 && c > 1 && c <= MAX_CHANNELS && h * w >= BLOCK && n->step[0][1] == e &&
           n->step[0][3] == c * e && n->step[0][2] == w * c * e && n->step[1][3] == e &&
           n->step[1][2] == w * e && n->step[1][1] == h * w * e;
}

static void interleave(qcg *g, const qcg_nest *n)
{
    int64_t pixels = n->dim[2] * n->dim[3], units[] = {n->dim[0], pixels / BLOCK};
    unsigned cut = qcg_share_choose(units, 2);
    qcg_share batch, blocks;
    qcg_share_begin(g, &batch, n->dim[0], 1, cut == 0);
    llb_val dst = llb_index(g, n->ptr[0], batch.loop.iv, n->step[0][0]);
    llb_val src = llb_index(g, n->ptr[1], batch.loop.iv, n->step[1][0]);
    qcg_share_begin(g, &blocks, pixels, BLOCK, cut == 1);
    llb_val at = blocks.loop.iv;
    if (pixels % BLOCK)
        at = llb_smin(g, at, llb_i64(g, pixels - BLOCK));
    interleave_block(g, llb_index(g, dst, at, n->step[0][3]), llb_index(g, src, at, n->step[1][3]),
                     (unsigned)n->dim[1], n->step[1][1], (unsigned)n->elem[0]);
    qcg_share_end(g, &blocks);
    qcg_share_end(g, &batch);
}

bool qir_lower_relayout(qcg *g)
{
    qcg_nest n;
    qcg_copy_nest(g, &n, 0, NULL);
    if (interleaves(&n))
        interleave(g, &n);
    else
        qcg_copy(g, &n);
    return true;
}

bool qir_lower_transpose(qcg *g)
{
    size_t rank;
    qcg_nest n;
    qcg_copy_nest(g, &n, 0, qir_op_ints(g->op, "perm", &rank));
    qcg_copy(g, &n);
    return true;
}

bool qir_lower_concat(qcg *g)
{
    int64_t axis = qir_op_int(g->op, "axis"), at = 0;
    for (unsigned i = 0; i < g->op->noperands; i++) {
        int64_t dim = qir_op_operand(g->op, i)->type->dims[axis];
        qcg_nest n;
        qcg_copy_nest(g, &n, i, NULL);
        n.dim[axis] = dim;
        n.ptr[0] = llb_at(g, g->out, at * n.step[0][axis]);
        qcg_copy(g, &n);
        at += dim;
    }
    return true;
}

bool qir_lower_slice(qcg *g)
{
    size_t ns, nt;
    const int64_t *starts = qir_op_ints(g->op, "starts", &ns);
    const int64_t *steps = qir_op_ints(g->op, "steps", &nt);
    qcg_nest n;
    qcg_copy_nest(g, &n, 0, NULL);
    int64_t offset = 0;
    for (unsigned a = 0; a < n.rank; a++) {
        offset += starts[a] * n.step[1][a];
        n.step[1][a] *= steps[nt == 1 ? 0 : a];
    }
    n.ptr[1] = llb_at(g, n.ptr[1], offset);
    qcg_copy(g, &n);
    return true;
}

bool qir_lower_expand(qcg *g)
{
    qcg_nest n;
    qcg_nest_elementwise(g, &n, 1);
    qcg_copy(g, &n);
    return true;
}
