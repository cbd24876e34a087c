/* The search for anchors, and the proof: see float_sum.h. */
#include "qir/float_sum.h"

#include <float.h>
#include <math.h>

enum {
    FIRST = 1 << 23, /* sums anchored from here ... */
    END = 1 << 24,   /* ... up to here are floats one apart, with the bits of FLOAT_BITS and up */
    FLOAT_BITS = QIR_ZERO_ANCHOR,
    MOST_REST = 1 << 20,
    MOST_RESULTS = 256,
};

/* Does `v` round to `result` or more?  Ties to even. */
static bool reaches(float v, int32_t result)
{
    float tie = (float)result - 0.5f;
    return v > tie || (v == tie && result % 2 == 0);
}

/* What qir_requantize rounds before it adds zp. */
static float plain(const qir_sum_range *r, int64_t sum)
{
    return (float)sum * r->scale;
}

/* The least sum whose result is `result` or more; one above `most` if there is none. */
static int64_t threshold(const qir_sum_range *r, int32_t result)
{
    double guess = ((double)result - 0.5) / (double)r->scale;
    if (guess > (double)r->most)
        guess = (double)r->most;
    int64_t t = guess < (double)r->least ? r->least : (int64_t)guess;
    while (t > r->least && reaches(plain(r, t - 1), result))
        t--;
    while (t <= r->most && !reaches(plain(r, t), result))
        t++;
    return t;
}

/* The multiply-add, exact but for the last rounding: with a scale from 2^e to 2^(e + 1) product and addend are
 * multiples of 2^(e - 23) below 2^(e + 25). */
static float fused(const qir_sum_range *r, int64_t anchor, float addend, int64_t sum)
{
    return (float)((double)(anchor + sum) * (double)r->scale + (double)addend);
}

typedef struct proof {
    int64_t begins[MOST_RESULTS]; /* of the results lo + 1 .. hi */
} proof;

static void prepare(const qir_sum_range *r, proof *p)
{
    for (int32_t v = r->lo + 1; v <= r->hi; v++)
        p->begins[v - r->lo - 1] = threshold(r, v);
}

static bool holds(const qir_sum_range *r, const proof *p, int64_t anchor, float addend)
{
    for (int32_t v = r->lo + 1; v <= r->hi; v++) {
        int64_t t = p->begins[v - r->lo - 1];
        if ((t <= r->most && !reaches(fused(r, anchor, addend, t), v)) ||
            (t > r->least && reaches(fused(r, anchor, addend, t - 1), v)))
            return false;
    }
    return true;
}

/* With a scale of odd * 2^(e - bits), anchors whose product is `rest` off a multiple of 2^bits of its units
 * have an addend that is so many units off: anchor = rest / odd modulo 2^bits. */
typedef struct lattice {
    uint32_t inverse, mask;
} lattice;

static lattice lattice_of(float scale)
{
    int e;
    uint32_t odd = (uint32_t)ldexpf(frexpf(scale, &e), FLT_MANT_DIG);
    lattice l = {.mask = (1u << FLT_MANT_DIG) - 1};
    for (; odd % 2 == 0; odd /= 2)
        l.mask /= 2;
    l.inverse = odd; /* right modulo 8; every step doubles the bits */
    for (unsigned i = 0; i < 4; i++)
        l.inverse *= 2 - odd * l.inverse;
    return l;
}

/* The first such anchor from `from` on. */
static int64_t anchor_of(lattice l, int64_t rest, int64_t from)
{
    uint32_t residue = l.inverse * (uint32_t)rest;
    return from + ((residue - (uint32_t)from) & l.mask);
}

/* Room for the sums; results before saturation within 2^24. */
static bool fits(const qir_sum_range *r)
{
    return r->most - r->least < FIRST && r->least > -FIRST && r->most < FIRST &&
           r->hi - r->lo < MOST_RESULTS && r->scale < 1.0f;
}

/* Sums from 0 on are exact; those below, down to the bits of 2^22, are lower floats, and results of either way are
 * lo there. */
static bool is_at_zero(const qir_sum_range *r)
{
    return r->lo >= 0 && r->least > -FIRST && r->most < FIRST && r->hi - r->lo < MOST_RESULTS && r->scale < 1.0f;
}

bool qir_float_sum_find(const qir_sum_range *r, qir_float_sum *out)
{
    proof p;
    if (is_at_zero(r)) {
        *out = (qir_float_sum){QIR_ZERO_ANCHOR, QIR_ZERO_ADDEND * r->scale};
        return true;
    }
    if (!fits(r))
        return false;
    prepare(r, &p);
    lattice l = lattice_of(r->scale);
    for (int64_t rest = 0; rest < MOST_REST; rest = rest > 0 ? -rest : 1 - rest - rest / 2) {
        int64_t anchor = anchor_of(l, rest, FIRST - r->least);
        float addend = (float)(-(double)anchor * (double)r->scale);
        if (anchor >= END - r->most || !holds(r, &p, anchor, addend))
            continue;
        *out = (qir_float_sum){(uint32_t)(FLOAT_BITS - FIRST + anchor), addend};
        return true;
    }
    return false;
}
