/* Packed weights against the definition of the order in ir/layouts.def: the packed bytes are read
 * from the first to the last, in four nested loops.
RUN: unit-pack | FileCheck %s
*/
#include <stdio.h>
#include <string.h>
#include "qir/pack.h"

enum { MAX_BYTES = 1 << 16 };

static qir_context *ctx;

/* u8 weight of `rank` with a zero point per output channel, or f32. */
static const qir_type *weight_type(qir_dtype t, unsigned rank, const int64_t *dims, int32_t zp)
{
    float scale[64];
    int32_t zps[64];
    if (t == QIR_f32)
        return qir_tensor_type(ctx, t, dims, rank, NULL);
    for (int i = 0; i < 64; i++) {
        scale[i] = 1.0f;
        zps[i] = zp ? zp + i : 0;
    }
    qir_quant q = {.storage = t, .expressed = QIR_f32, .qmin = (int32_t)qir_dtype_min(t),
                   .qmax = (int32_t)qir_dtype_max(t), .axis = 0, .count = (size_t)dims[0],
                   .scale = scale, .zero_point = zps};
    return qir_quant_type(ctx, &q, dims, rank, NULL);
}

static double plain_value(const qir_type *w, const uint8_t *data, int64_t i)
{
    if (w->dtype == QIR_f32)
        return (double)((const float *)(const void *)data)[i];
    return w->dtype == QIR_i8 ? (double)(int8_t)data[i] : (double)data[i];
}

static double packed_value(qir_dtype t, const uint8_t *data, int64_t i)
{
    if (t == QIR_f32)
        return (double)((const float *)(const void *)data)[i];
    return t == QIR_i16 ? (double)((const int16_t *)(const void *)data)[i]
                        : (double)(int8_t)data[i];
}

/* Differences from the definition, in reading order; K = (tap, channel).  Depthwise blocks
 * of k run over (row group, column). */
static int count_wrong(const qir_pack_shape *s, const qir_type *w, const uint8_t *plain,
                       const uint8_t *packed)
{
    int64_t at = 0, channels = w->dims[1], taps = s->k / channels;
    int64_t columns = s->info->per_channel ? w->dims[w->rank - 1] : 1;
    int wrong = 0;
    for (int64_t g = 0; g < s->groups; g++)
        for (int64_t nb = 0; nb < s->nblocks; nb++)
            for (int64_t kb = 0; kb < s->kblocks; kb++)
                for (int64_t i = 0; i < s->info->nblock * s->info->kgroup; i++, at++) {
                    int64_t n = nb * s->info->nblock + i / s->info->kgroup;
                    int64_t line = kb / columns * s->info->kgroup + i % s->info->kgroup;
                    int64_t k = line * columns + kb % columns;
                    int64_t row = g * s->n + n;
                    double want = 0;
                    if (n < s->n && k < s->k)
                        want = plain_value(w, plain,
                                           (row * channels + k % channels) * taps + k / channels) -
                               (w->quant ? w->quant->zero_point[row] : 0);
                    wrong += packed_value(s->info->elem, packed, at) != want;
                }
    return wrong;
}

static void check(const char *name, qir_dtype t, unsigned rank, const int64_t *dims, int32_t zp,
                  int64_t groups)
{
    static _Alignas(64) uint8_t plain[MAX_BYTES], packed[MAX_BYTES], back[MAX_BYTES];
    const qir_type *w = weight_type(t, rank, dims, zp);
    qir_packing p;
    qir_pack_shape s;
    if (!qir_packing_from_name(name, strlen(name), &p) || !qir_pack_shape_get(p, w, groups, &s)) {
        printf("%s does not apply\n", name);
        return;
    }
    size_t bytes = qir_type_bytes(w);
    for (size_t i = 0; i < bytes; i++)
        plain[i] = (uint8_t)(i * 37 + 11);
    for (size_t i = 0; t == QIR_f32 && i < bytes / 4; i++)
        ((float *)(void *)plain)[i] = (float)i;
    memset(packed, 0xaa, sizeof packed);
    qir_pack(&s, w, plain, packed);
    qir_unpack(&s, w, packed, back);
    const qir_type *type = qir_packed_type(ctx, p, w, NULL);
    printf("%s %zu bytes %s, wrong %d, back %s\n", name, qir_pack_bytes(&s),
           qir_type_bytes(type) == qir_pack_bytes(&s) ? "as typed" : "NOT as typed",
           count_wrong(&s, w, plain, packed), memcmp(plain, back, bytes) ? "differs" : "equal");
}

#define DIMS(...) sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__}

/* Blocks are filled up: 10 outputs to 16 (or 12), 27 terms to 28.
 * CHECK: gemm_i16n8k2 896 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: gemm_i16n8k1 864 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: gemm_i8n4k4 336 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: gemm_f32n1k16 1280 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: gemm_i16n8k2 160 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: dw_i16n8k2 384 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: dw_i16n8k2 256 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: dw_i16n8k1 288 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: dw_f32n8k1 576 bytes as typed, wrong 0, back equal
 * CHECK-NEXT: gemm_i16n8k2 128 bytes as typed, wrong 0, back equal
 */
static void test_fits(void)
{
    check("gemm_i16n8k2", QIR_u8, DIMS(10, 3, 3, 3), 100, 1);
    check("gemm_i16n8k1", QIR_i8, DIMS(10, 3, 3, 3), -5, 1);
    check("gemm_i8n4k4", QIR_i8, DIMS(10, 3, 3, 3), 0, 1);
    check("gemm_f32n1k16", QIR_f32, DIMS(10, 2, 3, 3), 0, 1);
    check("gemm_i16n8k2", QIR_i8, DIMS(7, 9), 0, 1);
    check("dw_i16n8k2", QIR_i8, DIMS(10, 1, 3, 3), 0, 10);
    check("dw_i16n8k2", QIR_i8, DIMS(9, 1, 3, 2), 0, 9);
    check("dw_i16n8k1", QIR_i8, DIMS(10, 1, 3, 3), 0, 1);
    check("dw_f32n8k1", QIR_f32, DIMS(10, 1, 3, 3), 0, 10);
    check("gemm_i16n8k2", QIR_i8, DIMS(16, 4, 1), 0, 2);
}

/* A zero point that does not fit i8, float weights, groups that would share a block, a weight that is
 * not depthwise.
 * CHECK-NEXT: gemm_i8n4k4 does not apply
 * CHECK-NEXT: gemm_i16n8k2 does not apply
 * CHECK-NEXT: gemm_i16n8k2 does not apply
 * CHECK-NEXT: dw_i16n8k2 does not apply
 */
static void test_misfits(void)
{
    check("gemm_i8n4k4", QIR_u8, DIMS(10, 3, 3, 3), 100, 1);
    check("gemm_i16n8k2", QIR_f32, DIMS(10, 3), 0, 1);
    check("gemm_i16n8k2", QIR_i8, DIMS(8, 4, 1), 0, 2);
    check("dw_i16n8k2", QIR_i8, DIMS(10, 2, 3, 3), 0, 5);
}

int main(void)
{
    ctx = qir_context_create(NULL, NULL);
    test_fits();
    test_misfits();
    qir_context_destroy(ctx);
    return 0;
}
