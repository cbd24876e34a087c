/* Target facts: triples, levels of a triple, the level of this CPU, packings.
RUN: unit-target-info | FileCheck %s
*/
#include <stdio.h>
#include <string.h>
#include "qir/builder.h"
#include "qir/target_info.h"

static qir_context *ctx;

/* CHECK: aarch64: aarch64-linux-gnu
 * CHECK-NEXT: arm64: aarch64-linux-gnu
 * CHECK-NEXT: x86-64: x86_64-linux-gnu
 * CHECK-NEXT: riscv64: riscv64-linux-gnu
 * CHECK-NEXT: riscv64-unknown-elf: riscv64-unknown-elf
 * CHECK-NEXT: vax: unknown
 */
static void test_triples(void)
{
    static const char *const names[] = {"aarch64", "arm64", "x86-64", "riscv64", "riscv64-unknown-elf", "vax"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *triple = qir_target_triple(ctx, names[i]);
        printf("%s: %s\n", names[i], triple ? triple : "unknown");
    }
}

/* CHECK: aarch64-linux-gnu: generic neon dotprod i8mm, baseline neon
 * CHECK-NEXT: x86_64-pc-linux-gnu: generic sse2 avx2 avxvnni avx512vnni, baseline sse2
 * CHECK-NEXT: riscv64-unknown-elf: generic, baseline generic
 */
static void test_levels(void)
{
    static const char *const triples[] = {"aarch64-linux-gnu", "x86_64-pc-linux-gnu",
                                          "riscv64-unknown-elf"};
    for (size_t i = 0; i < 3; i++) {
        printf("%s:", triples[i]);
        for (int l = 0; l < QIR_NUM_LEVELS; l++)
            if (qir_level_fits_triple((qir_level)l, triples[i]))
                printf(" %s", qir_level_get((qir_level)l)->name);
        printf(", baseline %s\n", qir_level_get(qir_level_baseline(triples[i]))->name);
    }
}

/* CHECK: names 8, generic runs 1, native runs 1, foreign runs 0
 */
static void test_here(void)
{
    int names = 0, foreign = 0;
    for (int l = 0; l < QIR_NUM_LEVELS; l++) {
        qir_level again;
        names += qir_level_from_name(qir_level_get((qir_level)l)->name, &again) &&
                 again == (qir_level)l;
        foreign += !qir_level_fits_triple((qir_level)l, qir_target_triple(ctx, NULL)) &&
                   qir_level_runs_here((qir_level)l);
    }
    printf("names %d, generic runs %d, native runs %d, foreign runs %d\n", names,
           qir_level_runs_here(QIR_LEVEL_generic), qir_level_runs_here(qir_level_native()),
           foreign);
}

static const qir_type *quantized(const int64_t *dims)
{
    const qir_quant *q = qir_quant_per_tensor(ctx, QIR_i8, -128, 127, 0.5f, 0, NULL);
    return qir_quant_type(ctx, q, dims, 4, NULL);
}

/* Packing of a conv x [1,C,4,4], w [O,I,1,1]. */
static const char *packing_of(qir_level l, int64_t c, int64_t o, int64_t i, bool constant)
{
    static const int8_t zeros[4096];
    qir_module *m = qir_module_create(ctx, NULL);
    qir_func *f = qir_func_create(m, "main", NULL);
    qir_value *x = qir_func_add_arg(f, quantized((int64_t[]){1, c, 4, 4}), "x", NULL);
    const qir_type *wt = quantized((int64_t[]){o, i, 1, 1});
    qir_value *w = constant ? &qir_const_create(m, "w", wt, zeros, false, NULL)->value
                            : qir_func_add_arg(f, wt, "w", NULL);
    qir_builder b = qir_builder_at_end(f->body);
    qir_op *op = qir_build(&b, QIR_OP_conv, QIR_OPERANDS(x, w),
                           QIR_ATTRS({"groups", qir_attr_int(ctx, c / i)}),
                           quantized((int64_t[]){1, o, 4, 4}));
    const char *name = op ? qir_packing_get(qir_level_packing(l, op))->name : "invalid";
    qir_module_destroy(m);
    return name;
}

/* Dense, depthwise, grouped in whole blocks, grouped otherwise, weight not constant.
 * CHECK: gemm_i16n8k2 none gemm_i16n8k2 none none
 * CHECK-NEXT: gemm_i8n4k4 none
 * CHECK-NEXT: gemm_i8n4k8 none
 * CHECK-NEXT: gemm_i8n16k4 gemm_i8n16k4 none
 */
static void test_packings(void)
{
    qir_level avx2 = QIR_LEVEL_avx2, dot = QIR_LEVEL_dotprod, mm = QIR_LEVEL_i8mm;
    printf("%s %s %s %s %s\n", packing_of(avx2, 8, 8, 8, true), packing_of(avx2, 8, 8, 1, true),
           packing_of(avx2, 8, 16, 4, true), packing_of(avx2, 8, 8, 4, true),
           packing_of(avx2, 8, 8, 8, false));
    printf("%s %s\n", packing_of(dot, 8, 8, 8, true), packing_of(dot, 8, 8, 1, true));
    printf("%s %s\n", packing_of(mm, 8, 8, 8, true), packing_of(mm, 8, 8, 1, true));
    qir_level vnni = QIR_LEVEL_avxvnni, wider = QIR_LEVEL_avx512vnni;
    printf("%s %s %s\n", packing_of(vnni, 8, 8, 8, true), packing_of(wider, 8, 8, 8, true),
           packing_of(wider, 16, 16, 4, true));
}

int main(void)
{
    ctx = qir_context_create(NULL, NULL);
    test_triples();
    test_levels();
    test_here();
    test_packings();
    qir_context_destroy(ctx);
    return 0;
}
