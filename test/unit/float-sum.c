/* Requantization by one multiply-add gives the results of qir_requantize, sum by sum.
RUN: unit-float-sum | FileCheck %s
*/
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "qir/float_sum.h"
#include "qir/qmath.h"

static uint32_t state = 1;

static uint32_t next(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

static long clamp(long v, long lo, long hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* What the generated code does. */
static long fused(const qir_sum_range *r, const qir_float_sum *f, int64_t sum)
{
    uint32_t bits = (uint32_t)sum + f->offset;
    float v;
    memcpy(&v, &bits, sizeof v);
    return clamp(lrintf(fmaf(v, r->scale, f->addend)), r->lo, r->hi);
}

static long mismatches(const qir_sum_range *r, const qir_float_sum *f)
{
    long wrong = 0;
    for (int64_t sum = r->least; sum <= r->most; sum++)
        wrong += fused(r, f, sum) != qir_requantize((int32_t)sum, r->scale, r->lo, r->hi, 0);
    return wrong;
}

/* Scales of all sizes, exact ties among them.
CHECK: 300 ranges, found in most: 1, wrong sums: 0
 */
static void test_random(void)
{
    int found = 0, all = 300;
    long wrong = 0;
    for (int i = 0; i < all; i++) {
        qir_sum_range r = {.lo = -(int32_t)(next() % 256)};
        qir_float_sum f;
        r.hi = r.lo + 255;
        r.least = -(int64_t)(next() % 30000);
        r.most = (int64_t)(next() % 30000);
        r.scale = i % 5 ? ldexpf(1.0f + (float)next() * 0x1p-24f, -(int)(next() % 16) - 1)
                        : (float)(1 + next() % 16) * 0x1p-8f;
        if (!qir_float_sum_find(&r, &f))
            continue;
        found++;
        wrong += mismatches(&r, &f);
    }
    printf("%d ranges, found in most: %d, wrong sums: %ld\n", all, found * 10 > all * 9, wrong);
}

/* Results from the zero point on: the anchor 2^23 for all, whatever becomes of the sums below.
CHECK: 200 ranges from zero, at 2^23: 200, wrong sums: 0
CHECK-NEXT: far below 1, too high 0
 */
static void test_zero(void)
{
    int at_zero = 0, all = 200;
    long wrong = 0;
    for (int i = 0; i < all; i++) {
        qir_sum_range r = {.lo = i % 3 ? 0 : (int32_t)(next() % 100), .hi = 255 - (int32_t)(next() % 100)};
        qir_float_sum f;
        r.least = -(int64_t)(next() % 30000);
        r.most = (int64_t)(next() % 30000);
        r.scale = i % 5 ? ldexpf(1.0f + (float)next() * 0x1p-24f, -(int)(next() % 16) - 1) : 0x1p-8f;
        at_zero += qir_float_sum_find(&r, &f) && f.offset == QIR_ZERO_ANCHOR && f.addend == QIR_ZERO_ADDEND * r.scale;
        wrong += mismatches(&r, &f);
    }
    qir_float_sum f;
    qir_sum_range low = {-8388607, 8388607, 0.001f, 0, 255}, high = {0, 8388608, 0.001f, 0, 255};
    bool found = qir_float_sum_find(&low, &f) && mismatches(&low, &f) == 0;
    printf("%d ranges from zero, at 2^23: %d, wrong sums: %ld\n", all, at_zero, wrong);
    printf("far below %d, too high %d\n", found, qir_float_sum_find(&high, &f) && f.offset == QIR_ZERO_ANCHOR);
}

static bool finds(int64_t least, int64_t most, float scale)
{
    qir_float_sum f;
    return qir_float_sum_find(&(qir_sum_range){least, most, scale, -128, 127}, &f);
}

/* Floats one apart hold 2^23 sums.
CHECK: wide 1, too wide 0, large scale 0
 */
static void test_limits(void)
{
    printf("wide %d, too wide %d, large scale %d\n", finds(-2000000, 2000000, 0.001f),
           finds(-4194305, 4194305, 0.001f), finds(-100, 100, 1.5f));
}

int main(void)
{
    test_random();
    test_zero();
    test_limits();
    return 0;
}
