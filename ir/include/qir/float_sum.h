/* Sums whose bits are floats, so that one multiply-add takes the place of a conversion and a product.
 *
 * An i32 from 0x4b000000 up to 0x4b800000 has the bits of the float 2^23 + (i32 - 0x4b000000).  Accumulators
 * that start `offset` higher end there, as the float anchor + sum: times scale plus addend, which is
 * about -anchor * scale, it is what qir_requantize rounds.
 *
 * Where no result is below the zero point the anchor is 2^23, for which all of that is exact: lower sums, which are no
 * such floats, have any result that is not positive.  Elsewhere there are anchors whose addend is almost exact; one is
 * used only if every result is proven the same: both ways are monotone, so it is enough to compare where each
 * result begins. */
#ifndef QIR_FLOAT_SUM_H
#define QIR_FLOAT_SUM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A requantization, of sums from least to most, to results from lo to hi (less the zero point). */
typedef struct qir_sum_range {
    int64_t least, most;
    float scale;
    int32_t lo, hi;
} qir_sum_range;

/* The anchor 2^23: its offset, and its addend over the scale. */
#define QIR_ZERO_ANCHOR 0x4b000000u
#define QIR_ZERO_ADDEND (-0x1p23f)

typedef struct qir_float_sum {
    uint32_t offset; /* of the start, modulo 2^32 */
    float addend;
} qir_float_sum;

/* False: none is known to give the results of qir_requantize. */
bool qir_float_sum_find(const qir_sum_range *r, qir_float_sum *out);

#ifdef __cplusplus
}
#endif

#endif
