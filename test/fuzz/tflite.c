/* TensorFlow Lite models: tables, vectors and offsets of a FlatBuffer, and the graphs in them. */
#include "fuzz.h"
#include "qir/frontend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const qir_import_options opts = {0};
    qir_context *ctx = quiet_context();
    qir_module *m = qir_import_tflite(ctx, "fuzz.tflite", data, size, &opts);
    qir_module_destroy(m);
    qir_context_destroy(ctx);
    return 0;
}
