/* pad: every axis splits into runs of constant step, and so the result into strided copies. */
#include <string.h>
#include "kernels/copy.h"
#include "qir/eval.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"

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
        qcg_copy(g, &n);
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
            qcg_copy(g, &part);
            continue;
        }
        part.ptr[1] = llb_at(g, n.ptr[1], e->from * n.step[1][axis]);
        part.step[1][axis] = e->step * n.step[1][axis];
        copy_pieces(g, p, axis + 1, part);
    }
}

static uint64_t float_bits(qir_dtype t, float v)
{
    uint64_t wide;
    uint32_t bits;
    double d = (double)v;
    memcpy(&wide, &d, sizeof wide);
    memcpy(&bits, &v, sizeof bits);
    return t == QIR_f64    ? wide
           : t == QIR_f16  ? qir_f32_to_f16(v)
           : t == QIR_bf16 ? qir_f32_to_bf16(v)
                           : bits;
}

/* One stored element of the attribute `value`. */
static llb_val fill_element(qcg *g)
{
    const qir_type *t = g->op->results[0].type;
    float v = qir_op_float(g->op, "value");
    int64_t i = v > -0x1p62f && v < 0x1p62f ? (int64_t)v : 0;
    unsigned char bytes[8] = {0};
    size_t n = qir_dtype_bytes(t->dtype);
    uint64_t stored = (uint64_t)i;
    if (t->quant)
        stored = (uint64_t)qir_quantize_value(v, t->quant->scale[0], t->quant->zero_point[0],
                                              t->quant->qmin, t->quant->qmax);
    else if (qir_dtype_is_float(t->dtype))
        stored = float_bits(t->dtype, v);
    for (size_t b = 0; b < n; b++)
        bytes[b] = (unsigned char)(stored >> (8 * b));
    return qcg_const(g, bytes, n, (unsigned)n);
}

bool qir_lower_pad(qcg *g)
{
    size_t npads;
    const int64_t *pads = qir_op_ints(g->op, "pads", &npads);
    const char *mode = qir_op_string(g->op, "mode");
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    padding p;
    memset(&p, 0, sizeof p);
    qcg_copy_nest(g, &p.n, 0, NULL);
    for (unsigned a = 0; a < p.n.rank; a++)
        split_axis(g, &p, a, pads[npads == 1 ? 0 : a], x->dims[a], mode);
    if (mode[0] == 'c')
        p.fill = fill_element(g);
    copy_pieces(g, &p, 0, p.n);
    return true;
}
