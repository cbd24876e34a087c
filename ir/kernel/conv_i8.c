/* Integer convolutions without panels: the products read windows where they lie, in a band of padded
 * rows or in the operand itself. */
#include "kernel/kernel.h"

#include "qir/support/checked.h"

enum { LEAST_BAND = 64 << 10, MOST_BAND = 256 << 10 };

/* Elements of a window that are neighbours are one section of k. */
static void plan_runs(qir_kernel_plan *p)
{
    const qir_window *w = &p->w;
    p->k = qir_plan_times(w->c, w->taps);
    p->sections = w->dilation[2] == 1 ? w->taps / w->kernel[2] : w->taps;
    p->k_stride = p->sections * qir_ceil_div(p->k / p->sections, p->kgroup) * p->kgroup;
    p->own_weights = p->sections > 1 && p->k_stride != p->k;
}

/* All weights are read once per block of rows: the more of them there are, the larger is a block. */
static int64_t band_bytes(const qir_kernel_plan *p)
{
    int64_t weights = qir_plan_times(qir_plan_times(p->w.o, p->k), (int64_t)p->elem) / 8;
    return weights < LEAST_BAND ? LEAST_BAND : weights < MOST_BAND ? weights : MOST_BAND;
}

static double ratio(int64_t a, int64_t b)
{
    return a > b ? (double)a / (double)b : (double)b / (double)a;
}

/* About as many rows as fit, from half of that to twice: least is computed twice, and of equals it is nearest. */
static int64_t block_rows(const qir_kernel_plan *p)
{
    int64_t rows = p->w.out[1], fit = qir_plan_block_in(p, band_bytes(p));
    if (fit >= rows)
        return rows;
    fit = fit > 1 ? fit : 1;
    int64_t best = fit, least = qir_ceil_div(rows, fit) * fit;
    for (int64_t b = qir_ceil_div(fit, 2); b <= 2 * fit && b <= rows; b++) {
        int64_t all = qir_ceil_div(rows, b) * b;
        if (all > least || (all == least && ratio(b, fit) >= ratio(best, fit)))
            continue;
        best = b;
        least = all;
    }
    return best;
}

bool qir_plan_conv_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    const qir_window *w = &p->w;
    bool moves = w->taps > 1 || w->stride[0] > 1 || w->stride[1] > 1 || w->stride[2] > 1 || w->padded;
    if (!moves || w->groups > 1 || !qir_plan_products_i8(level, op, p) || p->pairs)
        return false; /* pairs of rows need a panel */
    plan_runs(p);
    qir_plan_bands_of(p, block_rows(p));
    p->in_place = p->elem == qir_dtype_bytes(op->operands[0].value->type->dtype) && !w->padded && p->k_stride == p->k;
    if (p->in_place) {
        p->has_band = false;
        p->band_bytes = 0;
    }
    qir_plan_spend_all(p, p->wide ? QIR_RATE_wide : QIR_RATE_gemm);
    return true;
}
