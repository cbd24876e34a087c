/* Counts on a power-of-two grid, and the squared error of quantizing them (observer_grid.h). */
#include "observer_grid.h"

#include <math.h>
#include <string.h>

/* --- counting --------------------------------------------------------------------------------- */

static int64_t bin_of(float x, int exp)
{
    return (int64_t)floor(ldexp((double)x, -exp));
}

/* Bins finer than 2^-24 of the largest value would tell apart nothing that float can. */
static int exponent_for(float lo, float hi)
{
    int top, exp;
    frexpf(fmaxf(fabsf(lo), fabsf(hi)), &top);
    for (exp = top - 24 > -149 ? top - 24 : -149; bin_of(hi, exp) - bin_of(lo, exp) >= GRID_BINS;)
        exp++;
    return exp;
}

static void regrid(qir_grid *g, int exp, int64_t first)
{
    int64_t moved[GRID_BINS] = {0};
    int fold = exp - g->exp;
    for (int i = 0; i < GRID_BINS; i++)
        if (g->counts[i]) {
            int64_t fine = g->first + i; /* rounds down, also below 0 */
            moved[(fine >= 0 ? fine >> fold : ~(~fine >> fold)) - first] += g->counts[i];
        }
    memcpy(g->counts, moved, sizeof moved);
    g->exp = exp;
    g->first = first;
}

/* Makes the grid that of [lo, hi], which holds all values seen. */
static void widen(qir_grid *g, bool empty, float lo, float hi)
{
    int exp = exponent_for(lo, hi);
    int64_t first = bin_of(lo, exp);
    if (empty)
        *g = (qir_grid){.exp = exp, .first = first};
    else if (exp != g->exp || first != g->first)
        regrid(g, exp, first);
}

bool qir_grid_add(qir_observer *o, const float *x, int64_t n, float lo, float hi)
{
    qir_grid *g = o->state;
    bool empty = o->batches == 0;
    widen(g, empty, empty ? lo : fminf(lo, o->lo), empty ? hi : fmaxf(hi, o->hi));
    double scale = ldexp(1.0, -g->exp);
    for (int64_t i = 0; i < n; i++) {
        if (x[i] == 0.0f)
            g->zeros++;
        else
            g->counts[(int64_t)floor((double)x[i] * scale) - g->first]++;
    }
    return true;
}

void qir_grid_merge(qir_observer *into, const qir_observer *from)
{
    qir_grid *g = into->state, other = *(const qir_grid *)from->state;
    bool empty = into->batches == 0;
    float lo = empty ? from->lo : fminf(from->lo, into->lo);
    float hi = empty ? from->hi : fmaxf(from->hi, into->hi);
    widen(g, empty, lo, hi);
    widen(&other, false, lo, hi);
    g->zeros += other.zeros;
    for (int i = 0; i < GRID_BINS; i++)
        g->counts[i] += other.counts[i];
}

/* --- profile ---------------------------------------------------------------------------------- */

/* Width and position follow from the range. */
void qir_grid_print(const qir_observer *o, qir_strbuf *out)
{
    const qir_grid *g = o->state;
    qir_strbuf_printf(out, "  zeros %lld\n", (long long)g->zeros);
    qir_profile_print_counts(out, "counts", g->counts, GRID_BINS);
}

bool qir_grid_parse(qir_observer *o, qir_profile_reader *r)
{
    qir_grid *g = o->state;
    widen(g, true, o->lo, o->hi);
    if (!qir_profile_word(r, "zeros") ||
        !qir_profile_integer(r, 0, (int64_t)1 << 53, &g->zeros) ||
        !qir_profile_word(r, "counts") || !qir_profile_counts(r, g->counts, GRID_BINS))
        return false;
    for (int64_t i = bin_of(o->hi, g->exp) - g->first + 1; i < GRID_BINS; i++)
        if (g->counts[i])
            return qir_profile_fail(r, "counts of values within the range");
    return true;
}

/* --- squared error ---------------------------------------------------------------------------- */

void qir_grid_sum(const qir_grid *g, qir_grid_sums *s)
{
    s->grid = g;
    s->width = ldexp(1.0, g->exp);
    s->n[0] = s->x[0] = s->xx[0] = 0.0;
    for (int i = 0; i < GRID_BINS; i++) {
        double n = (double)g->counts[i], middle = i + 0.5;
        s->n[i + 1] = s->n[i] + n;
        s->x[i + 1] = s->x[i] + n * middle;
        s->xx[i + 1] = s->xx[i] + n * middle * middle;
    }
}

/* Squared distances of bins [from, to) to `centre`, in bins. */
static double spread(const qir_grid_sums *s, int from, int to, double centre)
{
    double n = s->n[to] - s->n[from], x = s->x[to] - s->x[from], xx = s->xx[to] - s->xx[from];
    return n == 0.0 ? 0.0 : xx - 2.0 * centre * x + centre * centre * n;
}

/* The first bin whose middle is not below `edge`. */
static int bin_from(double edge)
{
    double bin = ceil(edge - 0.5);
    return bin <= 0.0 ? 0 : bin >= GRID_BINS ? GRID_BINS : (int)bin;
}

double qir_grid_error(const qir_grid_sums *s, const qir_qrange *range, float lo, float hi,
                      double clipped)
{
    float scale;
    int32_t zp;
    qir_choose_qparams(range, lo, hi, &scale, &zp);
    double step = (double)scale / s->width, zero = -(double)s->grid->first;
    double least = zero + (double)(range->qmin - zp) * step;
    double most = zero + (double)(range->qmax - zp) * step;
    int from = bin_from(least - 0.5 * step);
    double error = clipped * spread(s, 0, from, least);
    for (int32_t q = range->qmin; q <= range->qmax && from < GRID_BINS; q++) {
        double centre = zero + (double)(q - zp) * step;
        int to = bin_from(centre + 0.5 * step);
        error += spread(s, from, to, centre);
        from = to;
    }
    error += clipped * spread(s, from, GRID_BINS, most);
    return error * s->width * s->width;
}
