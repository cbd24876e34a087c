/* Histograms that grow as ONNX Runtime's do (observer_growing.h). */
#include "observer_growing.h"

#include <math.h>
#include <string.h>

/* --- numpy.histogram -------------------------------------------------------------------------- */

/* Equal bins over [-end, end]; all of it fp32. */
typedef struct bins {
    int64_t n;
    float lo, hi, step;
} bins;

/* An empty range is widened by half to both sides. */
static bins bins_over(float end, int64_t n)
{
    bins b = {.n = n, .lo = -end, .hi = end};
    if (end == 0.0f) {
        b.lo = -0.5f;
        b.hi = 0.5f;
    }
    b.step = (b.hi - b.lo) / (float)n;
    return b;
}

/* Point i of numpy.linspace(lo, hi, n + 1). */
static float edge(const bins *b, int64_t i)
{
    return i == b->n ? b->hi : (float)i * b->step + b->lo;
}

/* Are all edges different and finite?  Bins at the ends are narrowest relative to their edges. */
static bool is_sound(const bins *b)
{
    return isfinite(b->step) && b->step > 0.0f && edge(b, 0) < edge(b, 1) &&
           edge(b, b->n - 1) < b->hi;
}

static int64_t index_of(const bins *b, float x)
{
    int64_t i = (int64_t)((x - b->lo) / (b->hi - b->lo) * (float)b->n);
    if (i == b->n)
        i--;
    if (x < edge(b, i))
        i--;
    return x >= edge(b, i + 1) && i != b->n - 1 ? i + 1 : i;
}

static void count(const bins *b, const float *x, int64_t n, int64_t *counts)
{
    for (int64_t i = 0; i < n; i++)
        if (x[i] >= b->lo && x[i] <= b->hi)
            counts[index_of(b, x[i])]++;
}

/* --- growing ---------------------------------------------------------------------------------- */

/* Makes room for `extra` bins at both ends. */
static void grow(qir_growing *g, qir_arena *arena, int64_t extra)
{
    int64_t n = g->n + 2 * extra;
    if (n > g->cap) {
        int64_t *old = g->counts;
        g->cap = 2 * n;
        g->counts = QIR_NEW_ARRAY(arena, int64_t, (size_t)g->cap);
        memcpy(g->counts, old, (size_t)g->n * sizeof *old);
    }
    memmove(g->counts + extra, g->counts, (size_t)g->n * sizeof *g->counts);
    memset(g->counts, 0, (size_t)extra * sizeof *g->counts);
    memset(g->counts + g->n + extra, 0, (size_t)extra * sizeof *g->counts);
    g->n = n;
}

/* numpy's floor division of positive floats. */
static float floor_divide(float a, float b)
{
    float quotient = (a - fmodf(a, b)) / b, down = floorf(quotient);
    return quotient - down > 0.5f ? down + 1.0f : down;
}

static bool make_room(qir_observer *o, float threshold, int64_t most)
{
    qir_growing *g = o->state;
    if (threshold <= g->threshold || g->threshold == 0.0f) {
        g->threshold = threshold > g->threshold ? threshold : g->threshold;
        return true;
    }
    float stride = 2 * g->threshold / (float)g->n;
    float extra = floor_divide(threshold - g->threshold, stride) + 1.0f;
    if (!(extra <= (float)((most - g->n) / 2)))
        return false;
    grow(g, o->arena, (int64_t)extra);
    g->threshold = extra * stride + g->threshold;
    return true;
}

bool qir_growing_add(qir_observer *o, const float *x, int64_t n, float lo, float hi, int64_t first,
                     int64_t most)
{
    qir_growing *g = o->state;
    float threshold = fmaxf(fabsf(lo), fabsf(hi));
    if (!g->n) {
        *g = (qir_growing){.n = first, .threshold = threshold, .cap = first};
        g->counts = QIR_NEW_ARRAY(o->arena, int64_t, (size_t)first);
    } else if (!make_room(o, threshold, most)) {
        return false;
    }
    bins b = bins_over(g->threshold, g->n);
    if (!is_sound(&b))
        return false;
    count(&b, x, n, g->counts);
    return true;
}

/* --- ranges ----------------------------------------------------------------------------------- */

float qir_growing_edge(const qir_growing *g, int64_t i)
{
    bins b = bins_over(g->threshold, g->n);
    return edge(&b, i);
}

void qir_growing_cut(const qir_growing *g, int64_t from, int64_t to, float *lo, float *hi)
{
    float a = fmaxf(qir_growing_edge(g, from), *lo), b = fminf(qir_growing_edge(g, to), *hi);
    *lo = fminf(a, b); /* edges left of the only value cross */
    *hi = fmaxf(a, b);
}

/* --- profile ---------------------------------------------------------------------------------- */

void qir_growing_print(const qir_observer *o, qir_strbuf *out)
{
    const qir_growing *g = o->state;
    qir_strbuf_printf(out, "  threshold ");
    qir_strbuf_float(out, g->threshold);
    qir_strbuf_printf(out, "\n  bins %lld\n", (long long)g->n);
    qir_profile_print_counts(out, "counts", g->counts, g->n);
}

bool qir_growing_parse(qir_observer *o, qir_profile_reader *r, int64_t first, int64_t most)
{
    qir_growing *g = o->state;
    if (!qir_profile_word(r, "threshold") || !qir_profile_number(r, &g->threshold) ||
        !qir_profile_word(r, "bins") || !qir_profile_integer(r, first, most, &g->n) ||
        !qir_profile_word(r, "counts") ||
        !qir_profile_reserve(r, g->n * (int64_t)sizeof *g->counts))
        return false;
    g->cap = g->n;
    g->counts = QIR_NEW_ARRAY(o->arena, int64_t, (size_t)g->n);
    bins b = bins_over(g->threshold, g->n);
    return qir_profile_counts(r, g->counts, g->n) &&
           (is_sound(&b) || qir_profile_fail(r, "bins within what floats can tell apart"));
}
