/* Packed weights against the definition of the order in ir/layouts.def: the packed bytes are read
 * from the first to the last, in four nested loops.
RUN: unit-pack > %t
RUN: FileCheck %s -input-file=%t
RUN: FileCheck %s -check-prefix=PARTS -input-file=%t
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

/* i2, i4, i8 or u4 weights [n][k] of several per element, in groups along k: from the first weight to
 * the last in five nested loops, the parts of an element from its lowest bits up. */
static int count_wrong_parts(const qir_pack_shape *s, const qir_type *w, const uint8_t *plain,
                             const uint8_t *packed)
{
    int64_t at = 0, group = w->quant->group, each = s->kblocks / s->sections;
    int bits = s->info->bits, wrong = 0;
    for (int64_t nb = 0; nb < s->nblocks; nb++)
        for (int64_t section = 0; section < s->sections; section++)
            for (int64_t kb = 0; kb < each; kb++)
                for (int64_t i = 0; i < s->info->nblock * s->info->kgroup; i++, at++)
                    for (int part = 0; part < s->parts; part++) {
                        int64_t n = nb * s->info->nblock + i / s->info->kgroup;
                        int64_t k = (kb * s->parts + part) * s->info->kgroup + i % s->info->kgroup;
                        int64_t param = n * s->sections + section, want = 0;
                        if (n < s->n)
                            want = k < group ? plain[n * s->k + section * group + k]
                                             : w->quant->zero_point[param];
                        if (n < s->n && w->dtype == QIR_u4)
                            want -= 8;
                        if (n < s->n && s->info->elem == QIR_u8)
                            want += 8;
                        int64_t got = (int64_t)packed_value(s->info->elem, packed, at) >> part * bits;
                        wrong += (got - want) & ((1 << bits) - 1) ? 1 : 0;
                    }
    return wrong;
}

static void check_parts(const char *name, qir_dtype t, int64_t n, int64_t k, int64_t group)
{
    static _Alignas(64) uint8_t plain[MAX_BYTES], packed[MAX_BYTES], back[MAX_BYTES];
    float scale[256];
    int32_t zps[256];
    qir_packing p;
    qir_pack_shape s;
    int64_t range = qir_dtype_max(t) - qir_dtype_min(t) + 1;
    for (int i = 0; i < 256; i++) {
        scale[i] = 1.0f;
        zps[i] = (int32_t)(qir_dtype_min(t) + i % range);
    }
    qir_quant q = {.storage = t, .expressed = QIR_f32, .qmin = (int32_t)qir_dtype_min(t),
                   .qmax = (int32_t)qir_dtype_max(t), .axis = 1, .group = group,
                   .count = (size_t)(n * k / group), .scale = scale, .zero_point = zps};
    const qir_type *w = qir_quant_type(ctx, &q, (int64_t[]){n, k}, 2, NULL);
    for (int64_t i = 0; i < n * k; i++)
        plain[i] = (uint8_t)(qir_dtype_min(t) + (i * 37 + 11) % range);
    if (!qir_packing_from_name(name, strlen(name), &p) || !qir_pack_shape_get(p, w, 1, &s)) {
        printf("%s does not apply\n", name);
        return;
    }
    qir_pack(&s, w, plain, packed);
    qir_unpack(&s, w, packed, back);
    printf("%s %zu bytes, wrong %d, back %s\n", name, qir_pack_bytes(&s),
           count_wrong_parts(&s, w, plain, packed),
           memcmp(plain, back, (size_t)(n * k)) ? "differs" : "equal");
}

/* Two 4-bit weights a byte where groups are whole elements of k (8 for pairs), else filled up.
 * PARTS: gemm_i16n8k2b4 256 bytes, wrong 0, back equal
 * PARTS-NEXT: gemm_i16n8k2b4 768 bytes, wrong 0, back equal
 * PARTS-NEXT: gemm_i16n8k1b8 512 bytes, wrong 0, back equal
 * PARTS-NEXT: gemm_i8n4k4b4 192 bytes, wrong 0, back equal
 * PARTS-NEXT: gemm_i8n4k4b2 64 bytes, wrong 0, back equal
 * PARTS-NEXT: gemm_i8n4k4b2 does not apply
 * PARTS-NEXT: gemm_u8n8k4b4 192 bytes, wrong 0, back equal
 */
static void test_parts(void)
{
    check_parts("gemm_i16n8k2b4", QIR_i4, 16, 32, 16);
    check_parts("gemm_i16n8k2b4", QIR_u4, 10, 60, 5);
    check_parts("gemm_i16n8k1b8", QIR_i8, 9, 32, 32);
    check_parts("gemm_i8n4k4b4", QIR_u4, 12, 32, 8);
    check_parts("gemm_i8n4k4b2", QIR_i2, 8, 32, 16);
    check_parts("gemm_i8n4k4b2", QIR_i4, 8, 32, 16);
    check_parts("gemm_u8n8k4b4", QIR_i4, 8, 36, 12);
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
    test_parts();
    qir_context_destroy(ctx);
    return 0;
}
