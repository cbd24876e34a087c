/* Observers on exact counts: the state depends neither on order nor on parts, and `mse` finds what
 * trying every range on the values themselves finds.
 *
 * RUN: unit-observer-exact | FileCheck %s
 * CHECK: order: 0 of 300 streams differ
 * CHECK: wider: 0 of 300 ranges are worse than the range of all values
 * CHECK: mse: 0 of 60 ranges are more than 3 % worse than the best
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/observer.h"

enum { MOST = 600, PARTS = 5, FRACTIONS = 128 };

static qir_context *ctx;

static uint32_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static double unit(uint64_t *state)
{
    return next(state) / 2147483648.0;
}

/* Values of a size, a skew and a tail of their own; some streams are not negative. */
static int make_stream(uint64_t *state, float *x)
{
    int n = 1 + (int)(next(state) % MOST), power = 1 + 2 * (int)(next(state) % 3);
    double size = ldexp(1.0, (int)(next(state) % 60) - 30), shift = unit(state) - 0.5;
    bool relu = next(state) % 3 == 0;
    for (int i = 0; i < n; i++) {
        double v = size * (pow(2 * unit(state) - 1, power) + 0.2 * shift);
        x[i] = relu && v < 0 ? 0.0f : (float)v;
    }
    return n;
}

static void shuffle(uint64_t *state, float *x, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)(next(state) % (uint32_t)(i + 1));
        float t = x[i];
        x[i] = x[j];
        x[j] = t;
    }
}

static qir_observer observe(qir_arena *arena, const char *kind, const float *x, int n)
{
    qir_observer o;
    qir_observer_choice choice;
    if (!qir_observer_choose(ctx, NULL, kind, strlen(kind), &choice))
        exit(2);
    qir_observer_init(&o, choice, arena);
    qir_observer_add(&o, x, n);
    return o;
}

static void print(const qir_observer *o, qir_strbuf *out)
{
    qir_strbuf_printf(out, "%a %a\n", (double)o->lo, (double)o->hi);
    o->choice.kind->print(o, out);
}

/* Is the state of shuffled parts, merged in some order, that of the whole? */
static bool is_order_free(qir_arena *arena, uint64_t *state, float *x, int n)
{
    qir_observer whole = observe(arena, "histogram-exact", x, n);
    qir_observer merged = observe(arena, "histogram-exact", x, 0);
    shuffle(state, x, n);
    for (int begin = 0, end; begin < n; begin = end) {
        end = begin + 1 + (int)(next(state) % (MOST / PARTS));
        end = end < n ? end : n;
        qir_observer part = observe(arena, "histogram-exact", x + begin, end - begin);
        if (next(state) % 2)
            qir_observer_merge(&merged, &part);
        else
            qir_observer_add(&merged, x + begin, end - begin);
    }
    qir_strbuf a = {0}, b = {0};
    print(&whole, &a);
    print(&merged, &b);
    bool same = strcmp(a.data, b.data) == 0;
    qir_strbuf_free(&a);
    qir_strbuf_free(&b);
    return same;
}

/* Squared error of the values themselves. */
static double error_of(const qir_qrange *r, const float *x, int n, float lo, float hi)
{
    float scale;
    int32_t zp;
    double sum = 0;
    qir_choose_qparams(r, lo, hi, &scale, &zp);
    for (int i = 0; i < n; i++) {
        int32_t q = qir_quantize_value(x[i], scale, zp, r->qmin, r->qmax);
        double d = (double)x[i] - (double)qir_dequantize_value(q, scale, zp);
        sum += d * d;
    }
    return sum;
}

static double best_error(const qir_qrange *r, const float *x, int n, float lo, float hi)
{
    double best = INFINITY;
    for (int i = lo < 0 ? 1 : FRACTIONS; i <= FRACTIONS; i++)
        for (int j = hi > 0 ? 1 : FRACTIONS; j <= FRACTIONS; j++)
            best = fmin(best, error_of(r, x, n, lo * ((float)i / FRACTIONS),
                                       hi * ((float)j / FRACTIONS)));
    return best;
}

int main(void)
{
    static float x[MOST];
    uint64_t state = 1;
    int differ = 0, worse = 0, beaten = 0;
    ctx = qir_context_create(NULL, NULL);
    qir_observer_goal goal = {{-128, 127, false, 1e-30f}, 8}, coarse = {{-8, 7, false, 1e-30f}, 4};
    for (int s = 0; s < 300; s++) {
        float lo, hi;
        qir_arena *arena = qir_context_new_arena(ctx);
        int n = make_stream(&state, x);
        qir_observer o = observe(arena, "histogram-exact", x, n);
        qir_observer_range(&o, &goal, &lo, &hi);
        /* half a bin of doubt about every value, 16 bins to a step */
        worse += !(error_of(&goal.range, x, n, lo, hi) <=
                   1.1 * error_of(&goal.range, x, n, o.lo, o.hi));
        if (s % 5 == 0) {
            qir_observer m = observe(arena, "mse", x, n);
            qir_observer_range(&m, &coarse, &lo, &hi);
            beaten += !(error_of(&coarse.range, x, n, lo, hi) <=
                        1.03 * best_error(&coarse.range, x, n, m.lo, m.hi));
        }
        differ += !is_order_free(arena, &state, x, n);
        qir_arena_destroy(arena);
    }
    printf("order: %d of 300 streams differ\n", differ);
    printf("wider: %d of 300 ranges are worse than the range of all values\n", worse);
    printf("mse: %d of 60 ranges are more than 3 %% worse than the best\n", beaten);
    qir_context_destroy(ctx);
    return 0;
}
