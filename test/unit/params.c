/* Constants moved to a params file and read back: same bytes, payload 64-byte aligned.
 *
 * RUN: rm -rf %t && mkdir %t
 * RUN: unit-params %t | FileCheck %s
 * CHECK: const @big : tensor<2x3x!q0> = @w["big"]
 * CHECK-NEXT: const @small : tensor<1xf32> = dense<[0.5]>
 * CHECK-NEXT: const @packed : packed<gemm_i8n4k4, tensor<1x4x!q1>> = @w["packed"]
 * CHECK-NEXT: const @splat : tensor<9xf32> = splat<1.0>
 * CHECK: aligned: 1, equal: 1 1
 */
#include <stdio.h>
#include <string.h>
#include "qir/params.h"
#include "qir/support/file.h"
#include "qir/text.h"

static const char text[] =
    "module @m {\n"
    "  const @big : tensor<2x3xquant<i4:f32, 0.5>> = dense<[1, 2, 3, -4, -5, -6]>\n"
    "  const @small : tensor<1xf32> = dense<[0.5]>\n"
    "  const @packed : packed<gemm_i8n4k4, tensor<1x4xquant<i8:f32, 0.5>>> = "
    "dense<\"0x01020304000000000000000000000000\">\n"
    "  const @splat : tensor<9xf32> = splat<1>\n"
    "  func @main() -> () {\n    return()\n  }\n}\n";

static bool write_file(qir_context *ctx, const char *path, const qir_strbuf *data)
{
    qir_output_set *set = qir_output_set_create(qir_context_diag(ctx));
    bool ok = qir_output_add(set, path, data->data, data->len) && qir_output_commit(set);
    qir_output_set_destroy(set);
    return ok;
}

static bool same(qir_module *a, qir_module *b, const char *name)
{
    qir_const *x = qir_module_const(a, name), *y = qir_module_const(b, name);
    const void *dx = qir_const_data(x), *dy = qir_const_data(y);
    return dx && dy && !memcmp(dx, dy, qir_type_bytes(x->value.type));
}

int main(int argc, char **argv)
{
    qir_context *ctx = qir_context_create(NULL, NULL);
    qir_module *m = qir_parse(ctx, "m.qir", text, strlen(text), NULL);
    qir_strbuf file = {0}, printed = {0}, path = {0};
    qir_strbuf_printf(&path, "%s/w.safetensors", argc > 1 ? argv[1] : ".");
    if (!m || !qir_params_extract(m, "w", "w.safetensors", 2, &file) ||
        !write_file(ctx, qir_strbuf_cstr(&path), &file))
        return 1;
    qir_print(m, NULL, &printed);
    fputs(qir_strbuf_cstr(&printed), stdout);
    unsigned header = (unsigned char)file.data[0] + 256u * (unsigned char)file.data[1];
    qir_parse_options opts = {.source_dir = argc > 1 ? argv[1] : "."};
    qir_module *again = qir_parse(ctx, "again.qir", printed.data, printed.len, &opts);
    if (!again)
        return 1;
    printf("aligned: %d, equal: %d %d\n", (header + 8) % 64 == 0, same(m, again, "big"),
           same(m, again, "packed"));
    qir_module_destroy(again);
    qir_module_destroy(m);
    qir_strbuf_free(&file);
    qir_strbuf_free(&printed);
    qir_strbuf_free(&path);
    qir_context_destroy(ctx);
    return 0;
}
