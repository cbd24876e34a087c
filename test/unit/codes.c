/* Packed integers: what is put comes back, in the documented place; rows begin segments at bytes.
RUN: unit-codes | FileCheck %s
*/
#include <stdio.h>
#include <string.h>
#include "qir/codes.h"

static void test_bytes(qir_dtype t)
{
    unsigned char codes[16] = {0};
    int64_t lo = qir_dtype_min(t), n = qir_dtype_max(t) - lo + 1, wrong = 0;
    n = n > 16 ? 16 : n;
    for (int64_t i = 0; i < n; i++)
        qir_codes_put(t, codes, i, (int32_t)(lo + i));
    for (int64_t i = 0; i < n; i++)
        wrong += qir_codes_get(t, codes, i) != lo + i;
    printf("%s %zu bytes, first %02x, wrong %d\n", qir_dtype_name(t), qir_codes_bytes(t, n), codes[0],
           (int)wrong);
}

/* Two rows of two taps, each of 6 channels in groups of 3: eight segments of 3 codes, two bytes each. */
static void test_rows(qir_context *ctx)
{
    static const float scale[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    static const int32_t zp[4];
    qir_quant q = {.storage = QIR_i4, .expressed = QIR_f32, .qmin = -8, .qmax = 7, .axis = 1,
                   .group = 3, .count = 4, .scale = scale, .zero_point = zp};
    const qir_type *t = qir_quant_type(ctx, &q, (int64_t[]){2, 6, 2}, 3, NULL);
    signed char plain[24];
    unsigned char packed[16];
    qir_code_rows r;
    for (int i = 0; i < 24; i++)
        plain[i] = (signed char)(i % 16 - 8);
    bool ok = qir_code_rows_get(t, &r);
    qir_code_rows_pack(&r, t, plain, packed);
    printf("%s: %d rows of %zu bytes, %d taps of %d segments:", ok ? "rows" : "none", (int)r.rows,
           r.row_bytes, (int)r.taps, (int)r.segments);
    for (size_t i = 0; i < sizeof packed; i++)
        printf(" %02x", packed[i]);
    printf("\n");
}

/* CHECK: i4 8 bytes, first 98, wrong 0
 * CHECK-NEXT: u4 8 bytes, first 10, wrong 0
 * CHECK-NEXT: i2 1 bytes, first 4e, wrong 0
 * CHECK-NEXT: u2 1 bytes, first e4, wrong 0
 * CHECK-NEXT: i8 16 bytes, first 80, wrong 0
 * Channels 0 to 2 of tap 0 are the elements 0, 2 and 4, of values -8, -6 and -4.
 * CHECK-NEXT: rows: 2 rows of 8 bytes, 2 taps of 2 segments: a8 0c 0e 02 b9 0d 1f 03 64 08 ca 0e 75 09 db 0f
 */
int main(void)
{
    static const qir_dtype types[] = {QIR_i4, QIR_u4, QIR_i2, QIR_u2, QIR_i8};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        test_bytes(types[i]);
    qir_context *ctx = qir_context_create(NULL, NULL);
    test_rows(ctx);
    qir_context_destroy(ctx);
    return 0;
}
