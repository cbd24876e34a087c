/* Elementary functions in fp32, one value at a time, from qir/fmath.def, and the sums whose order
 * the specification fixes.  The code generator emits the same operations on vectors. */
#include "qir/eval.h"

#include "fmath_scalar.h"

#define FM_BEGIN(name, x)                                                                          \
    float qir_fm_##name(float x)                                                                   \
    {
#define FM_BEGIN2(name, x, y)                                                                      \
    float qir_fm_##name(float x, float y)                                                          \
    {
#define FM_END(name, result)                                                                       \
    return result;                                                                                 \
    }
#include "qir/fmath.def"

static float fold_lanes(float lane[16])
{
    for (int step = 8; step > 0; step /= 2)
        for (int l = 0; l < step; l++)
            lane[l] = lane[l] + lane[l + step];
    return lane[0];
}

float qir_sum16(const float *a, int64_t n)
{
    float lane[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++)
            lane[l] += a[i + l];
    for (int l = 0; i + l < n; l++)
        lane[l] += a[i + l];
    return fold_lanes(lane);
}

float qir_dot16(const float *a, const float *b, int64_t n)
{
    float lane[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++)
            lane[l] += a[i + l] * b[i + l];
    for (int l = 0; i + l < n; l++)
        lane[l] += a[i + l] * b[i + l];
    return fold_lanes(lane);
}
