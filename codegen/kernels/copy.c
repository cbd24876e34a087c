/* Ops that move elements without computing: relayout, transpose, concat, slice, pad.  All are
 * strided copies of blocks; elements keep their bytes whatever their type. */
#include <math.h>
#include <string.h>
#include "kernels/nest.h"
#include "qir/eval.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"

enum { WIDTH = 32, BLOCK = 16, MAX_CHANNELS = 4 };

static void copy_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    unsigned bytes = *(unsigned *)ctx;
    llb_type elem = llb_int(g, 8 * bytes);
    llb_val v = llb_load(g, llb_vec(elem, splat[1] ? 1 : n), ptr[1], bytes);
    llb_store(g, splat[1] ? llb_splat(g, v, n) : v, ptr[0], bytes);
}

/* A nest between result and operand `i`, whose axis a is the operand's axis axis_of[a] (NULL: the
 * same); dimensions are the result's. */
static void copy_nest(qcg *g, qcg_nest *n, unsigned i, const int64_t *axis_of)
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

static void run_copy(qcg *g, qcg_nest *n)
{
    unsigned bytes = (unsigned)n->elem[0];
    qcg_nest_run(g, n, WIDTH / bytes, copy_body, &bytes);
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
    int64_t pixels = n->dim[2] * n->dim[3];
    llb_loop lb, lp;
    llb_begin(g, &lb, 0, n->dim[0], 1);
    llb_val dst = llb_index(g, n->ptr[0], lb.iv, n->step[0][0]);
    llb_val src = llb_index(g, n->ptr[1], lb.iv, n->step[1][0]);
    llb_begin(g, &lp, 0, pixels, BLOCK);
    llb_val at = pixels % BLOCK ? llb_smin(g, lp.iv, llb_i64(g, pixels - BLOCK)) : lp.iv;
    interleave_block(g, llb_index(g, dst, at, n->step[0][3]), llb_index(g, src, at, n->step[1][3]),
                     (unsigned)n->dim[1], n->step[1][1], (unsigned)n->elem[0]);
    llb_end(g, &lp);
    llb_end(g, &lb);
}

bool qir_lower_relayout(qcg *g)
{
    qcg_nest n;
    copy_nest(g, &n, 0, NULL);
    if (interleaves(&n))
        interleave(g, &n);
    else
        run_copy(g, &n);
    return true;
}

bool qir_lower_transpose(qcg *g)
{
    size_t rank;
    qcg_nest n;
    copy_nest(g, &n, 0, qir_op_ints(g->op, "perm", &rank));
    run_copy(g, &n);
    return true;
}

bool qir_lower_concat(qcg *g)
{
    int64_t axis = qir_op_int(g->op, "axis"), at = 0;
    for (unsigned i = 0; i < g->op->noperands; i++) {
        int64_t dim = qir_op_operand(g->op, i)->type->dims[axis];
        qcg_nest n;
        copy_nest(g, &n, i, NULL);
        n.dim[axis] = dim;
        n.ptr[0] = llb_at(g, g->out, at * n.step[0][axis]);
        run_copy(g, &n);
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
    copy_nest(g, &n, 0, NULL);
    int64_t offset = 0;
    for (unsigned a = 0; a < n.rank; a++) {
        offset += starts[a] * n.step[1][a];
        n.step[1][a] *= steps[nt == 1 ? 0 : a];
    }
    n.ptr[1] = llb_at(g, n.ptr[1], offset);
    run_copy(g, &n);
    return true;
}

/* --- pad -------------------------------------------------------------------------------------- */

/* Result indices at .. at + count - 1 of one axis read operand indices from, from + step, ...;
 * from < 0: the fill value. */
typedef struct piece {
    int64_t at, count, from, step;
} piece;

typedef struct padding {
    qcg_nest n;
    piece *pieces[QIR_MAX_RANK];
    unsigned count[QIR_MAX_RANK];
    llb_val fill; /* pointer to one element */
} padding;

/* Runs of constant step. */
static void split_axis(qcg *g, padding *p, unsigned a, int64_t begin, int64_t dim, const char *mode)
{
    int64_t size = p->n.dim[a];
    piece *v = QIR_NEW_ARRAY(g->arena, piece, (size_t)size + 1);
    unsigned n = 0;
    for (int64_t i = 0; i < size; i++) {
        int64_t from = qir_pad_source(i - begin, dim, mode);
        piece *last = n ? &v[n - 1] : NULL;
        if (last && (last->from < 0) == (from < 0)) {
            int64_t step = last->count == 1 ? from - last->from : last->step;
            bool fits = from < 0 || from == last->from + last->count * step;
            if (fits && step >= -1 && step <= 1) {
                last->step = from < 0 ? 0 : step;
                last->count++;
                continue;
            }
        }
        v[n++] = (piece){i, 1, from, 0};
    }
    p->pieces[a] = v;
    p->count[a] = n;
}

/* Copies the block of result that axes before `axis` have narrowed down in `n`. */
static void copy_pieces(qcg *g, const padding *p, unsigned axis, qcg_nest n)
{
    if (axis == n.rank) {
        run_copy(g, &n);
        return;
    }
    for (unsigned i = 0; i < p->count[axis]; i++) {
        const piece *e = &p->pieces[axis][i];
        qcg_nest part = n;
        part.dim[axis] = e->count;
        part.ptr[0] = llb_at(g, n.ptr[0], e->at * n.step[0][axis]);
        if (e->from < 0) { /* everything inside is fill */
            part.ptr[1] = p->fill;
            memset(part.step[1], 0, sizeof part.step[1]);
            run_copy(g, &part);
            continue;
        }
        part.ptr[1] = llb_at(g, n.ptr[1], e->from * n.step[1][axis]);
        part.step[1][axis] = e->step * n.step[1][axis];
        copy_pieces(g, p, axis + 1, part);
    }
}

/* One stored element of the attribute `value`; false: no code for this type. */
static bool fill_element(qcg *g, llb_val *out)
{
    const qir_type *t = g->op->results[0].type;
    float v = qir_op_float(g->op, "value");
    int64_t i = v > -0x1p62f && v < 0x1p62f ? (int64_t)v : 0;
    unsigned char bytes[8] = {0};
    size_t n = qir_dtype_bytes(t->dtype);
    if (t->quant)
        i = qir_quantize_value(v, t->quant->scale[0], t->quant->zero_point[0], t->quant->qmin,
                               t->quant->qmax);
    if (qir_dtype_is_float(t->dtype) && t->dtype != QIR_f32)
        return qcg_unsupported(g, "f32, integer and per-tensor quantized values");
    if (t->dtype == QIR_f32)
        memcpy(bytes, &v, sizeof v);
    for (size_t b = 0; b < n && t->dtype != QIR_f32; b++)
        bytes[b] = (unsigned char)((uint64_t)i >> (8 * b));
    *out = qcg_const(g, bytes, n, (unsigned)n);
    return true;
}

bool qir_lower_pad(qcg *g)
{
    size_t npads;
    const int64_t *pads = qir_op_ints(g->op, "pads", &npads);
    const char *mode = qir_op_string(g->op, "mode");
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    padding p;
    memset(&p, 0, sizeof p);
    copy_nest(g, &p.n, 0, NULL);
    for (unsigned a = 0; a < p.n.rank; a++)
        split_axis(g, &p, a, pads[npads == 1 ? 0 : a], x->dims[a], mode);
    if (mode[0] == 'c' && !fill_element(g, &p.fill))
        return false;
    copy_pieces(g, &p, 0, p.n);
    return true;
}
