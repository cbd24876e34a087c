/* G g G': weights of all places from 3x3 taps, here or in the code that is made. */
#include "kernels/winograd_transforms.h"

static int dot(const signed char *g, const int *taps, unsigned step)
{
    return g[0] * taps[0] + g[1] * taps[step] + g[2] * taps[2 * step];
}

void qcg_winograd_weight(const qir_winograd *form, const int16_t *taps, int16_t *out)
{
    const qcg_transforms *t = qcg_transforms_of(form);
    unsigned side = qcg_winograd_side(form);
    int v[QCG_TAPS * QCG_TAPS], rows[QCG_TAPS * QCG_MOST_SIDE];
    for (unsigned i = 0; i < QCG_TAPS * QCG_TAPS; i++)
        v[i] = taps[i];
    for (unsigned i = 0; i < QCG_TAPS; i++)
        for (unsigned x = 0; x < side; x++)
            rows[side * i + x] = dot(t->weights[x], v + QCG_TAPS * i, 1);
    for (unsigned y = 0; y < side; y++)
        for (unsigned x = 0; x < side; x++)
            out[side * y + x] = (int16_t)dot(t->weights[y], rows + x, side);
}

unsigned qcg_winograd_lanes(const qcg *g)
{
    return qir_level_get(g->level)->vector_bytes / sizeof(int16_t);
}

static llb_val times(qcg *g, llb_val v, int factor)
{
    return factor == 1   ? v
           : factor == 2 ? qcg_twice(g, v)
           : factor == 4 ? qcg_four_times(g, v)
                         : LLVMBuildMul(g->b, v, llb_i16s(g, factor, llb_lanes(v)), "");
}

/* A row of G and taps; rows that differ in the sign of the middle have the others in common: those come first. */
static llb_val weighted(qcg *g, const signed char *row, const llb_val *taps)
{
    static const unsigned char order[QCG_TAPS] = {0, 2, 1};
    llb_val sum = NULL;
    for (unsigned i = 0; i < QCG_TAPS; i++) {
        int factor = row[order[i]];
        if (!factor)
            continue;
        llb_val term = times(g, taps[order[i]], factor < 0 ? -factor : factor);
        sum = !sum ? term : factor < 0 ? llb_sub(g, sum, term) : llb_add(g, sum, term);
    }
    return sum;
}

/* Tap `i` of a vector, as i16. */
static llb_val tap(qcg *g, llb_val from, unsigned i)
{
    unsigned n = qcg_winograd_lanes(g);
    llb_val bytes = llb_load(g, llb_vec(llb_int(g, 8), n), llb_at(g, from, i * n), 1);
    return LLVMBuildSExt(g->b, bytes, llb_vec(llb_int(g, 16), n), "");
}

/* Column `x` of places: with all of them there would be more than the registers hold. */
static void weight_column(qcg *g, const qir_winograd *form, llb_val from, llb_val to, int64_t count, unsigned x)
{
    const qcg_transforms *t = qcg_transforms_of(form);
    unsigned side = qcg_winograd_side(form), n = qcg_winograd_lanes(g);
    llb_val rows[QCG_TAPS], taps[QCG_TAPS];
    llb_loop l;
    llb_begin(g, &l, 0, count / n, 1);
    from = llb_index(g, from, l.iv, QCG_TAPS * QCG_TAPS * n);
    to = llb_index(g, to, l.iv, n * (int64_t)sizeof(int16_t));
    for (unsigned i = 0; i < QCG_TAPS; i++) {
        for (unsigned k = 0; k < QCG_TAPS; k++)
            taps[k] = tap(g, from, QCG_TAPS * i + k);
        rows[i] = weighted(g, t->weights[x], taps);
    }
    for (unsigned y = 0; y < side; y++)
        llb_store(g, weighted(g, t->weights[y], rows), llb_at(g, to, (y * side + x) * form->weight_pitch), 2);
    llb_end(g, &l);
}

void qcg_winograd_weights(qcg *g, const qir_winograd *form, llb_val from, llb_val to, int64_t count)
{
    for (unsigned x = 0; x < qcg_winograd_side(form); x++)
        weight_column(g, form, from, to, count, x);
}
