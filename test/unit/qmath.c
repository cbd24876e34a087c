/* Quantization arithmetic against independent formulas.
RUN: unit-qmath | FileCheck %s
*/
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/qmath.h"

static uint64_t state = 88172645463325252u;

static uint32_t next(void) /* xorshift64 */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static float uniform(float lo, float hi)
{
    return lo + (hi - lo) * ((float)(next() >> 8) * 0x1p-24f);
}

static long clamp(double v, long lo, long hi)
{
    return v < (double)lo ? lo : v > (double)hi ? hi : (long)v;
}

/* CHECK: rne 0 2 2 -2 4 2147483647 -2147483648 0
 */
static void test_rne(void)
{
    printf("rne %d %d %d %d %d %d %d %d\n", qir_rne(0.5f), qir_rne(1.5f), qir_rne(2.5f),
           qir_rne(-2.5f), qir_rne(3.5f), qir_rne(1e30f), qir_rne(-INFINITY), qir_rne(NAN));
}

/* CHECK: quantize 127 -128 3 5 4
 */
static void test_quantize(void)
{
    printf("quantize %d %d %d %d %d\n", qir_quantize_value(INFINITY, 0.5f, 3, -128, 127),
           qir_quantize_value(-1e30f, 0.5f, 3, -128, 127),
           qir_quantize_value(NAN, 0.5f, 3, -128, 127),
           qir_quantize_value(1.25f, 0.5f, 3, -128, 127), /* 2.5 ties to 2 */
           qir_quantize_value(7.0f, 1.0f, 0, -128, 4));
}

/* The product of two floats is exact in double, so one conversion is the fp32 rounding.
 * CHECK: requantize differs 0 of 1000000
 */
static void test_requantize(void)
{
    int bad = 0;
    for (int i = 0; i < 1000000; i++) {
        int32_t acc = (int32_t)next() >> (next() % 20), zp = (int32_t)(next() % 256) - 128;
        float m = ldexpf(uniform(0.5f, 1.0f), -(int)(next() % 24));
        double f = (double)(float)((double)(float)acc * (double)m);
        double lo = -128 - zp, hi = 127 - zp;
        long want = (long)nearbyint(f < lo ? lo : f > hi ? hi : f) + zp;
        bad += qir_requantize(acc, m, -128, 127, zp) != want;
    }
    printf("requantize differs %d of 1000000\n", bad);
}

/* CHECK: multipliers 0.5 0.25 0.125 1 0 0 1, 1 0
 */
static void test_multipliers(void)
{
    const qir_quant byte = {.storage = QIR_i8}, word = {.storage = QIR_i16};
    printf("multipliers %g %g %g %d %d %d %d, %d %d\n", (double)qir_requant_multiplier(0.5f, 0.5f, 0.5f),
           (double)qir_rescale_multiplier(0.5f, 2.0f), (double)qir_mean_multiplier(1.0f, 2.0f, 4),
           qir_requant_multiplier_ok(0x1p-32f, &byte), qir_requant_multiplier_ok(0x0.ffp-32f, &byte),
           qir_requant_multiplier_ok(256.0f, &byte), qir_requant_multiplier_ok(255.99f, &byte),
           qir_requant_multiplier_ok(256.0f, &word), qir_requant_multiplier_ok(65536.0f, &word));
}

/* CHECK: add: off by at most 1, by 1 in less than 0.01 %
 * CHECK-NEXT: sub: off by at most 1, by 1 in less than 0.01 %
 * CHECK-NEXT: add range 1 0 0 1
 */
static void test_add(int sign)
{
    int worst = 0, off = 0;
    for (int i = 0; i < 1000000; i++) {
        float sa = uniform(0.01f, 1.0f), sb = uniform(0.01f, 1.0f), sy = uniform(0.01f, 1.0f);
        int32_t za = (int32_t)(next() % 256) - 128, zb = (int32_t)(next() % 256) - 128, zy = 7;
        int32_t a = (int32_t)(next() % 256) - 128, b = (int32_t)(next() % 256) - 128;
        qir_qadd p;
        bool ok = sign > 0 ? qir_qadd_params(sa, za, sb, zb, sy, &p)
                           : qir_qsub_params(sa, za, sb, zb, sy, &p);
        double real = (a - za) * (double)sa + sign * (b - zb) * (double)sb;
        long want = clamp(nearbyint(real / (double)sy) + zy, -128, 127);
        long got = qir_qadd_value(&p, a, b, -128, 127, zy);
        int d = ok ? (int)labs(want - got) : 999;
        worst = d > worst ? d : worst;
        off += d != 0;
    }
    printf("%s: off by at most %d, by 1 in %s than 0.01 %%\n", sign > 0 ? "add" : "sub", worst,
           off < 100 ? "less" : "more");
}

static void test_add_range(void)
{
    qir_qadd p;
    printf("add range %d %d %d %d\n", qir_qadd_params(0x1p-10f, 0, 1.0f, 0, 1.0f, &p),
           qir_qadd_params(0x1p-11f, 0, 1.0f, 0, 1.0f, &p),
           qir_qadd_params(1.0f, 0, 256.0f, 0, 1.0f, &p),
           qir_qadd_params(255.0f, -128, 255.0f, 127, 1.0f, &p));
}

static void choose(int32_t qmin, int32_t qmax, bool symmetric, float min, float max)
{
    qir_qrange r = {qmin, qmax, symmetric, 0x1p-23f};
    float scale;
    int32_t zp;
    qir_choose_qparams(&r, min, max, &scale, &zp);
    printf("range %.9g %d\n", (double)scale, zp);
}

/* scale (mx - mn) / 255, symmetric max / 127 or / 127.5; zero is always inside.
 * CHECK: range 0.00784313772 -1
 * CHECK-NEXT: range 0.0117647061 -43
 * CHECK-NEXT: range 0.0235294122 -128
 * CHECK-NEXT: range 0.0157480314 0
 * CHECK-NEXT: range 0.0156862754 128
 * CHECK-NEXT: range 1.1920929e-07 -128
 * CHECK-NEXT: range 1 0
 * CHECK-NEXT: range 1 0
 * CHECK-NEXT: range {{.*}}e+38
 */
static void test_choose(void)
{
    choose(-128, 127, false, -1.0f, 1.0f);
    choose(-128, 127, false, -1.0f, 2.0f);
    choose(-128, 127, false, 3.0f, 6.0f);
    choose(-127, 127, true, -1.0f, 2.0f);
    choose(0, 255, true, -2.0f, 1.0f);
    choose(-128, 127, false, 0.0f, 0.0f);
    choose(-128, 127, false, INFINITY, -INFINITY);
    choose(-128, 127, false, NAN, 1.0f);
    choose(-127, 127, true, 0.0f, INFINITY);
}

/* relu6 with scale 1/8 and zero point -100.
 * CHECK: bounds -100 -52
 * CHECK-NEXT: bounds -127 127
 */
static void test_bounds(void)
{
    float scale = 0.125f;
    int32_t zp = -100, lo, hi;
    qir_quant q = {.storage = QIR_i8, .expressed = QIR_f32, .qmin = -127, .qmax = 127, .axis = -1,
                   .count = 1, .scale = &scale, .zero_point = &zp};
    qir_quant_bounds(&q, 0.0f, 6.0f, &lo, &hi);
    printf("bounds %d %d\n", lo, hi);
    qir_quant_bounds(&q, -INFINITY, INFINITY, &lo, &hi);
    printf("bounds %d %d\n", lo, hi);
}

/* CHECK: softmax shift 23 22 0
 * CHECK-NEXT: softmax off by at most 0
 */
static void test_softmax(void)
{
    int worst = 0;
    printf("softmax shift %d %d %d\n", qir_softmax_shift(511), qir_softmax_shift(512),
           qir_softmax_shift((int64_t)1 << 33));
    for (int t = 0; t < 1000; t++) {
        uint32_t table[256];
        int q[10], max = -128;
        float sx = uniform(0.001f, 0.3f);
        qir_softmax_table(sx, 10, table);
        for (int i = 0; i < 10; i++)
            max = (q[i] = (int)(next() % 256) - 128) > max ? q[i] : max;
        uint64_t sum = 0;
        double exact = 0;
        for (int i = 0; i < 10; i++) {
            sum += table[max - q[i]];
            exact += exp((q[i] - max) * (double)sx);
        }
        const qir_quant probability = {.qmin = -128, .qmax = 127, .count = 1, .scale = &(float){1.0f / 256.0f},
                                       .zero_point = &(int32_t){-128}};
        for (int i = 0; i < 10; i++) {
            double p = exp((q[i] - max) * (double)sx) / exact;
            long want = clamp(nearbyint(p * 256) - 128, -128, 127);
            int d = (int)labs(want - qir_softmax_value(table[max - q[i]], sum, &probability));
            worst = d > worst ? d : worst;
        }
    }
    printf("softmax off by at most %d\n", worst);
}

static double square(double x, const float *args)
{
    return x * x * (double)args[0];
}

/* u8 in, u8 out: code 130 is 1.0, squared and doubled 2.0, code 20 + 5.
 * CHECK: table 25 255 5
 */
static void test_table(void)
{
    float sx = 0.5f, sy = 0.1f, two = 2.0f;
    int32_t zx = 128, zy = 5;
    int8_t table[256];
    qir_quant x = {.storage = QIR_u8, .qmax = 255, .axis = -1, .count = 1, .scale = &sx,
                   .zero_point = &zx};
    qir_quant y = {.storage = QIR_u8, .qmax = 255, .axis = -1, .count = 1, .scale = &sy,
                   .zero_point = &zy};
    qir_lookup_table(&x, &y, square, &two, table);
    printf("table %d %d %d\n", (uint8_t)table[130], (uint8_t)table[0], (uint8_t)table[128]);
}

/* Nearest of the three neighbours, the even one on ties: f16 and bf16 codes are ordered like their
   magnitudes. */
static bool nearest(float f, uint16_t h, float (*widen)(uint16_t))
{
    double here = fabs((double)f - (double)widen(h));
    double below = h & 0x7fff ? fabs((double)f - (double)widen((uint16_t)(h - 1))) : INFINITY;
    double above = fabs((double)f - (double)widen((uint16_t)(h + 1)));
    return here <= below && here <= above && ((here != below && here != above) || !(h & 1));
}

/* CHECK: f16 65536 round trips, 0 wrong roundings
 * CHECK-NEXT: bf16 65536 round trips, 0 wrong roundings
 * CHECK-NEXT: f16 limits 7bff 7c00 0000 0001 8000 7e00
 */
static void test_half(const char *name, float (*widen)(uint16_t), uint16_t (*narrow)(float),
                      float limit)
{
    int trips = 0, wrong = 0;
    for (uint32_t h = 0; h < 65536; h++) {
        float f = widen((uint16_t)h);
        trips += f != f ? widen(narrow(f)) != widen(narrow(f)) : narrow(f) == h;
    }
    for (int i = 0; i < 1000000; i++) {
        uint32_t bits = next();
        float f;
        memcpy(&f, &bits, sizeof f);
        if (fabsf(f) < limit)
            wrong += !nearest(f, narrow(f), widen);
    }
    printf("%s %d round trips, %d wrong roundings\n", name, trips, wrong);
}

int main(void)
{
    test_rne();
    test_quantize();
    test_requantize();
    test_multipliers();
    test_add(1);
    test_add(-1);
    test_add_range();
    test_choose();
    test_bounds();
    test_softmax();
    test_table();
    test_half("f16", qir_f16_to_f32, qir_f32_to_f16, 65504.0f);
    test_half("bf16", qir_bf16_to_f32, qir_f32_to_bf16, 0x1.fcp127f);
    printf("f16 limits %04x %04x %04x %04x %04x %04x\n", qir_f32_to_f16(65519.0f),
           qir_f32_to_f16(65520.0f), qir_f32_to_f16(0x1p-25f), qir_f32_to_f16(0x1.8p-25f),
           qir_f32_to_f16(-0.0f), qir_f32_to_f16(NAN));
    return 0;
}
