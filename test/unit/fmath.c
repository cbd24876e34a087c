/* Elementary functions against libm in double, in units in the last place, over all exponents; sums
 * against their written-out order.
RUN: unit-fmath | FileCheck %s
*/
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/eval.h"

static double ulps(float got, double want)
{
    float rounded = (float)want;
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(rounded) || isinf(got))
        return rounded == got ? 0 : INFINITY;
    int e = -125;
    if (want != 0)
        frexp(want, &e);
    return fabs((double)got - want) / ldexp(1.0, (e < -125 ? -125 : e) - 24);
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

/* Over every exponent, as far as the function is defined. */
static void sweep(const char *name, float (*f)(float), double (*g)(double), float limit)
{
    double worst = 0;
    for (uint64_t u = 0; u < (uint64_t)1 << 32; u += 4099) {
        uint32_t bits = (uint32_t)u;
        float x;
        memcpy(&x, &bits, sizeof x);
        if (fabsf(x) > limit)
            continue;
        double d = ulps(f(x), g((double)x));
        worst = d > worst ? d : worst;
    }
    printf("%s within 4 ulp: %s\n", name, worst <= 4 ? "yes" : "no");
}

/* CHECK: exp within 4 ulp: yes
 * CHECK-NEXT: log within 4 ulp: yes
 * CHECK-NEXT: tanh within 4 ulp: yes
 * CHECK-NEXT: sigmoid within 4 ulp: yes
 * CHECK-NEXT: erf within 4 ulp: yes
 * CHECK-NEXT: round within 4 ulp: yes
 * CHECK-NEXT: floor within 4 ulp: yes
 * CHECK-NEXT: ceil within 4 ulp: yes
 * CHECK-NEXT: sin within 4 ulp: yes
 * CHECK-NEXT: cos within 4 ulp: yes
 * CHECK-NEXT: atan within 4 ulp: yes
 * CHECK-NEXT: softplus within 4 ulp: yes
 * CHECK-NEXT: exp 0 1 inf nan
 * CHECK-NEXT: log -inf 0 inf nan nan
 * CHECK-NEXT: tanh -1 -0 1 nan
 * CHECK-NEXT: sigmoid 0 0.5 1 nan
 * CHECK-NEXT: erf -1 -0 1 nan
 */
static void test_functions(void)
{
    sweep("exp", qir_fm_exp, exp, INFINITY);
    sweep("log", qir_fm_log, log, INFINITY);
    sweep("tanh", qir_fm_tanh, tanh, INFINITY);
    sweep("sigmoid", qir_fm_sigmoid, sigmoid, INFINITY);
    sweep("erf", qir_fm_erf, erf, INFINITY);
    sweep("round", qir_fm_round, rint, INFINITY);
    sweep("floor", qir_fm_floor, floor, INFINITY);
    sweep("ceil", qir_fm_ceil, ceil, INFINITY);
    sweep("sin", qir_fm_sin, sin, 4194303.0f);
    sweep("cos", qir_fm_cos, cos, 4194303.0f);
    sweep("atan", qir_fm_atan, atan, INFINITY);
    sweep("softplus", qir_fm_softplus, softplus, INFINITY);
    float inf = INFINITY;
    printf("exp %g %g %g %g\n", (double)qir_fm_exp(-inf), (double)qir_fm_exp(0),
           (double)qir_fm_exp(inf), (double)fabsf(qir_fm_exp(NAN)));
    printf("log %g %g %g %g %g\n", (double)qir_fm_log(0), (double)qir_fm_log(1),
           (double)qir_fm_log(inf), (double)fabsf(qir_fm_log(-1)), (double)fabsf(qir_fm_log(NAN)));
    printf("tanh %g %g %g %g\n", (double)qir_fm_tanh(-inf), (double)qir_fm_tanh(-0.0f),
           (double)qir_fm_tanh(inf), (double)fabsf(qir_fm_tanh(NAN)));
    printf("sigmoid %g %g %g %g\n", (double)qir_fm_sigmoid(-inf), (double)qir_fm_sigmoid(0),
           (double)qir_fm_sigmoid(inf), (double)fabsf(qir_fm_sigmoid(NAN)));
    printf("erf %g %g %g %g\n", (double)qir_fm_erf(-inf), (double)qir_fm_erf(-0.0f),
           (double)qir_fm_erf(inf), (double)fabsf(qir_fm_erf(NAN)));
}

/* Near multiples of pi/2 the reduced angle is tiny; ties; the sign of zero.
 * CHECK: angles within 4 ulp: yes
 * CHECK-NEXT: sin(1e30) 0, cos(1e30) 1, nan nan
 * CHECK-NEXT: round -2 -0 0 2, floor -3 -1 0 2, ceil -2 -0 1 3
 */
static void test_angles_and_rounding(void)
{
    double worst = 0;
    for (int n = 1; n < 2600000; n += 7)
        for (int step = -1; step <= 1; step++) {
            float x = (float)(n * 1.57079632679489661923);
            x = step ? nextafterf(x, step * INFINITY) : x;
            double s = ulps(qir_fm_sin(x), sin((double)x)), c = ulps(qir_fm_cos(-x), cos((double)x));
            worst = fmax(worst, fmax(s, c));
        }
    printf("angles within 4 ulp: %s\n", worst <= 4 ? "yes" : "no");
    printf("sin(1e30) %g, cos(1e30) %g, %g %g\n", (double)qir_fm_sin(1e30f), (double)qir_fm_cos(1e30f),
           (double)qir_fm_sin(INFINITY), (double)qir_fm_cos(-INFINITY));
    printf("round %g %g %g %g, floor %g %g %g %g, ceil %g %g %g %g\n", (double)qir_fm_round(-2.5f),
           (double)qir_fm_round(-0.25f), (double)qir_fm_round(0.5f), (double)qir_fm_round(2.5f),
           (double)qir_fm_floor(-2.5f), (double)qir_fm_floor(-0.25f), (double)qir_fm_floor(0.5f),
           (double)qir_fm_floor(2.5f), (double)qir_fm_ceil(-2.5f), (double)qir_fm_ceil(-0.25f),
           (double)qir_fm_ceil(0.5f), (double)qir_fm_ceil(2.5f));
}

/* Special values of C's pow, sign of zero included; a grid of ordinary ones.
 * CHECK: pow: 441 special cases, 0 wrong
 * CHECK-NEXT: pow within 4 ulp: yes
 * CHECK-NEXT: squares exact: yes
 */
static void test_pow(void)
{
    static const float v[] = {0,         -0.0f,      1,          -1,       2,     -2,
                              3,         -3,         0.5f,       -0.5f,    1e30f, -1e30f,
                              8388607.f, -8388609.f, 16777216.f, 1e-42f,   2.5f,  1.0000001f,
                              INFINITY,  -INFINITY,  NAN};
    enum { N = sizeof v / sizeof *v };
    int wrong = 0;
    double worst = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            float got = qir_fm_pow(v[i], v[j]);
            double want = pow((double)v[i], (double)v[j]);
            wrong += ulps(got, want) > 4 || (!isnan(got) && !signbit(got) != !signbit(want));
        }
    printf("pow: %d special cases, %d wrong\n", N * N, wrong);
    for (int i = 0; i < 1000; i++)
        for (int j = -400; j <= 400; j++) {
            float x = 0.001f + 0.0137f * (float)i, y = 0.0251f * (float)j;
            double d = ulps(qir_fm_pow(x, y), pow((double)x, (double)y));
            worst = d > worst && d < 1e30 ? d : worst;
        }
    printf("pow within 4 ulp: %s\n", worst <= 4 ? "yes" : "no");
    bool exact = true;
    for (int i = -4096; i <= 4096; i++)
        exact &= qir_fm_pow((float)i, 2.0f) == (float)i * (float)i;
    printf("squares exact: %s\n", exact ? "yes" : "no");
}

/* The order as the header words it, one value at a time. */
static float by_the_book(const float *a, const float *b, int n)
{
    float lane[16] = {0};
    for (int i = 0; i < n; i++) {
        float product = b ? a[i] * b[i] : a[i];
        lane[i % 16] = lane[i % 16] + product;
    }
    float c[8], d[4];
    for (int l = 0; l < 8; l++)
        c[l] = lane[l] + lane[l + 8];
    for (int l = 0; l < 4; l++)
        d[l] = c[l] + c[l + 4];
    float e0 = d[0] + d[2], e1 = d[1] + d[3];
    return e0 + e1;
}

/* CHECK: sum16 differs 0, dot16 differs 0 of 100
 */
static void test_sums(void)
{
    float a[100], b[100];
    int sums = 0, dots = 0;
    srand(7);
    for (int i = 0; i < 100; i++) {
        a[i] = (float)rand() / (float)RAND_MAX - 0.5f;
        b[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    }
    for (int n = 0; n < 100; n++) {
        sums += qir_sum16(a, n) != by_the_book(a, NULL, n);
        dots += qir_dot16(a, b, n) != by_the_book(a, b, n);
    }
    printf("sum16 differs %d, dot16 differs %d of 100\n", sums, dots);
}

int main(void)
{
    test_functions();
    test_angles_and_rounding();
    test_pow();
    test_sums();
    return 0;
}
