/* The two forms of every unary op agree: fp32 for evaluation, double for building tables.
RUN: unit-unary | FileCheck %s
*/
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "qir/builder.h"
#include "qir/eval.h"

/* CHECK: sigmoid agree
 * CHECK-NEXT: tanh agree
 * CHECK-NEXT: hard_swish agree
 * CHECK-NEXT: exp agree
 * CHECK-NEXT: log agree
 * CHECK-NEXT: sqrt agree
 * CHECK-NEXT: erf agree
 * CHECK-NEXT: neg agree
 * CHECK-NEXT: abs agree
 * CHECK-NEXT: sign agree
 * CHECK-NEXT: reciprocal agree
 * CHECK-NEXT: floor agree
 * CHECK-NEXT: ceil agree
 * CHECK-NEXT: round agree
 * CHECK-NEXT: sin agree
 * CHECK-NEXT: cos agree
 * CHECK-NEXT: atan agree
 * CHECK-NEXT: silu agree
 * CHECK-NEXT: softplus agree
 * CHECK-NEXT: mish agree
 * CHECK-NEXT: softsign agree
 * CHECK-NEXT: gelu agree
 * CHECK-NEXT: hard_sigmoid agree
 * CHECK-NEXT: elu agree
 * CHECK-NEXT: leaky_relu agree
 * CHECK-NEXT: 25 unary ops
 */
static void compare(const qir_op *op)
{
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    float args[4];
    if (!qir_unary_get(op, &f32, &f64, args)) {
        printf("%s has no scalar form\n", qir_op_name(op));
        return;
    }
    int bad = 0;
    for (int i = -2000; i <= 2000; i++) {
        float x = (float)i / 256.0f, got = f32(x, args);
        double want = f64((double)x, args);
        /* exp(x) - 1 in fp32 is only as good as 1 is */
        bad += isnan(want) ? !isnan(got)
                           : isinf(want) ? (double)got != want
                                         : fabs((double)got - want) > 1e-6 * fmax(1.0, fabs(want));
    }
    printf("%s %s\n", qir_op_name(op), bad ? "DIFFER" : "agree");
}

int main(void)
{
    qir_context *ctx = qir_context_create(NULL, NULL);
    qir_module *m = qir_module_create(ctx, NULL);
    qir_func *f = qir_func_create(m, "main", NULL);
    qir_value *x =
        qir_func_add_arg(f, qir_tensor_type(ctx, QIR_f32, (int64_t[]){1}, 1, NULL), "x", NULL);
    qir_builder b = qir_builder_at_end(f->body);
    int n = 0;
    for (unsigned i = 0; i < QIR_NUM_OPS; i++) {
        const qir_op_desc *d = qir_op_desc_get((qir_opcode)i);
        if (strcmp(d->lower, "unary") != 0 || i == QIR_OP_relu || i == QIR_OP_clamp ||
            i == QIR_OP_not)
            continue; /* those are comparisons and bit operations */
        compare(qir_build(&b, (qir_opcode)i, QIR_OPERANDS(x), QIR_NO_ATTRS, NULL));
        n++;
    }
    printf("%d unary ops\n", n);
    qir_module_destroy(m);
    qir_context_destroy(ctx);
    return 0;
}
