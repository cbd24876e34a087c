/* ONNX models: every dynamic dimension is bound to 2, external data are not allowed. */
#include "fuzz.h"
#include "qir/frontend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const bindings[] = {"N=2", "x.0=2", "x.1=2"};
    const qir_import_options opts = {.bindings = bindings, .nbindings = 3};
    qir_context *ctx = quiet_context();
    qir_module *m = qir_import_onnx(ctx, "fuzz.onnx", data, size, -1, &opts);
    qir_module_destroy(m);
    qir_context_destroy(ctx);
    return 0;
}
