/* Histogram observation as PyTorch's HistogramObserver (torchao, pt2e) does it: which bin a value
 * falls into, how histograms over different ranges merge, and the search for the sub-range with the
 * least squared quantization error.
 *
 * The search compares sums of 2048 terms and stops at the first increase, so the sub-range found
 * depends on every rounding.  The formulas below therefore keep PyTorch's precision (fp32 tensors,
 * double scalars) and its order of summation (8 vector lanes, 4 rows, cascaded partial sums). */
#include <math.h>
#include <string.h>
#include "observer_kinds.h"

enum { BINS = 2048, UPSAMPLE = 16 };

/* --- counting ------------------------------------------------------------------------------ */

/* torch.histc: BINS equal bins over [lo, hi], the last one closed.  A single-valued range is
 * widened by 1 to both sides. */
static void count_into(float *hist, const float *x, int64_t n, float lo, float hi)
{
    if (lo == hi) {
        lo -= 1.0f;
        hi += 1.0f;
    }
    float span = hi - lo;
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] >= lo && x[i] <= hi))
            continue;
        float pos = (x[i] - lo) * (float)BINS / span;
        hist[pos < (float)BINS ? (int)pos : BINS - 1] += 1.0f; /* also where the span overflows */
    }
}

/* Point `i` of torch.linspace(lo, hi, steps): both halves are computed from their own end. */
static float linspace(float lo, float hi, int steps, int i)
{
    float step = (hi - lo) / (float)(steps - 1);
    return i < steps / 2 ? lo + step * (float)i : hi - step * (float)(steps - i - 1);
}

/* Adds the counts of `old`, taken over [lo, hi], to `out`, taken over the wider [new_lo, new_hi]:
 * each old bin is split into UPSAMPLE parts that go where their middles fall. */
static void move_counts(const float *old, float lo, float hi, float *out, float new_lo,
                        float new_hi)
{
    float half = 0.5f * ((hi - lo) / (float)(BINS * UPSAMPLE));
    int bin = 0; /* last bin whose left edge is <= the middle; middles ascend */
    for (int i = 0; i < BINS * UPSAMPLE; i++) {
        float middle = linspace(lo, hi, BINS * UPSAMPLE + 1, i) + half;
        while (bin < BINS - 1 && linspace(new_lo, new_hi, BINS + 1, bin + 1) <= middle)
            bin++;
        out[bin] += old[i / UPSAMPLE] / (float)UPSAMPLE;
    }
}

static float total_count(const float *hist)
{
    float total = 0.0f;
    for (int i = 0; i < BINS; i++)
        total += hist[i];
    return total;
}

static bool add(qir_observer *o, const float *x, int64_t n, float lo, float hi)
{
    float *hist = o->state;
    if (o->batches == 0) {
        count_into(hist, x, n, lo, hi);
        return true;
    }
    lo = o->lo < lo ? o->lo : lo;
    hi = o->hi > hi ? o->hi : hi;
    float fresh[BINS] = {0}, moved[BINS] = {0};
    count_into(fresh, x, n, lo, hi);
    if (lo == o->lo && hi == o->hi) {
        memcpy(moved, hist, sizeof moved);
    } else if (o->lo == o->hi) {
        count_into(moved, &o->lo, 1, lo, hi);
        float total = total_count(hist);
        for (int i = 0; i < BINS; i++)
            moved[i] *= total;
    } else {
        move_counts(hist, o->lo, o->hi, moved, lo, hi);
    }
    for (int i = 0; i < BINS; i++)
        hist[i] = fresh[i] + moved[i];
    return true;
}

/* --- search -------------------------------------------------------------------------------- */

/* torch.div(a, b, rounding_mode="floor") for b > 0. */
static float floor_div(float a, float b)
{
    float mod = fmodf(a, b);
    float div = (a - mod) / b;
    if (mod < 0.0f)
        div -= 1.0f;
    if (div == 0.0f)
        return 0.0f;
    float down = floorf(div);
    return div - down > 0.5f ? down + 1.0f : down;
}

static float clamp_bin(float v, int levels)
{
    float last = (float)(levels - 1);
    return v < 0.0f ? 0.0f : v > last ? last : v;
}

/* density times the integral of x^2 over [from, to]. */
static float norm(float from, float to, float density)
{
    return density * ((to * to * to - from * from * from) / 3.0f);
}

/* Sum of BINS floats in the order of PyTorch's vectorised reduction: rows of 8 lanes, 4 running
 * rows, 16 steps per partial sum. */
static float sum_bins(const float *v)
{
    enum { LANES = 8, ROWS = 4, STEP = 16, GROUPS = BINS / (LANES * ROWS * STEP) };
    float total = 0.0f;
    for (int lane = 0; lane < LANES; lane++) {
        float rows[ROWS];
        for (int r = 0; r < ROWS; r++) {
            rows[r] = 0.0f;
            for (int g = 0; g < GROUPS; g++) {
                float part = 0.0f;
                for (int s = 0; s < STEP; s++)
                    part += v[((g * STEP + s) * ROWS + r) * LANES + lane];
                rows[r] += part;
            }
        }
        for (int r = 1; r < ROWS; r++)
            rows[0] += rows[r];
        total += rows[0];
    }
    return total;
}

/* Squared error of quantizing the histogram's values with `levels` steps over bins [start, end];
 * values outside go to the nearest end. */
static float quantization_error(const qir_observer *o, int levels, int start, int end)
{
    const float *hist = o->state;
    double bin_width = ((double)o->hi - (double)o->lo) / BINS;
    double step_width = bin_width * (end - start + 1) / levels;
    if (step_width == 0.0)
        return 0.0f;
    float w = (float)bin_width, step = (float)step_width, half = (float)(step_width / 2);
    float whole = norm(-half, half, 1.0f);
    float err[BINS];
    for (int i = 0; i < BINS; i++) {
        float begin = (float)(i - start) * w, stop = begin + w;
        float first = clamp_bin(floor_div(begin, step), levels);
        float last = clamp_bin(floor_div(stop, step), levels);
        float density = hist[i] / w;
        float e = norm(begin - (first + 0.5f) * step, half, density);
        e += (last - first - 1.0f) * (density * whole);
        e += norm(-half, stop - (last * step + half), density);
        err[i] = e;
    }
    return sum_bins(err);
}

static void search(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi)
{
    const float *hist = o->state;
    const int levels = 1 << goal->bits; /* whatever the range of the integers */
    const double stride = 1e-5;
    float below[BINS]; /* values in bins 0..i */
    double running = 0.0;
    for (int i = 0; i < BINS; i++)
        below[i] = (float)(running += hist[i]);
    double total = sum_bins(hist), alpha = 0.0, beta = 1.0;
    int start = 0, end = BINS - 1;
    float best = INFINITY;
    while (alpha < beta) {
        double next_alpha = alpha + stride, next_beta = beta - stride;
        int l = start, r = end, next_start = start, next_end = end;
        while (l < end && below[l] < (float)(next_alpha * total))
            l++;
        while (r > start && below[r] > (float)(next_beta * total))
            r--;
        if (l - start > end - r) {
            next_start = l;
            alpha = next_alpha;
        } else {
            next_end = r;
            beta = next_beta;
        }
        if (next_start == start && next_end == end)
            continue;
        float e = quantization_error(o, levels, next_start, next_end);
        if (e > best)
            break;
        best = e;
        start = next_start;
        end = next_end;
    }
    float width = (o->hi - o->lo) / (float)BINS;
    if (!isfinite(width))
        return; /* the range of all values stands */
    *lo = o->lo + width * (float)start;
    *hi = o->lo + width * (float)(end + 1);
}

/* --- profile ------------------------------------------------------------------------------- */

static void print(const qir_observer *o, qir_strbuf *out)
{
    qir_profile_print_floats(out, "bins", o->state, BINS);
}

static bool parse(qir_observer *o, qir_profile_reader *r)
{
    return qir_profile_word(r, "bins") && qir_profile_floats(r, o->state, BINS);
}

const qir_observer_kind qir_observer_histogram = {
    .name = "histogram",
    .doc = "counts, searched for the least squared error, as PyTorch's HistogramObserver",
    .pytorch = true,
    .state_bytes = BINS * sizeof(float),
    .add = add,
    .range = search,
    .print = print,
    .parse = parse,
};
