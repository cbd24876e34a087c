/* QIR text: what is read prints, and reads back. */
#include <stdlib.h>

#include "fuzz.h"
#include "qir/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qir_context *ctx = quiet_context();
    qir_strbuf text = {0};
    qir_module *m = qir_parse(ctx, "fuzz.qir", (const char *)data, size, NULL);
    if (m && qir_verify(m)) {
        qir_print(m, NULL, &text);
        qir_module *again = qir_parse(ctx, "again.qir", qir_strbuf_cstr(&text), text.len, NULL);
        if (!again)
            abort(); /* what was printed must be valid */
        qir_module_destroy(again);
    }
    qir_module_destroy(m);
    qir_strbuf_free(&text);
    qir_context_destroy(ctx);
    return 0;
}
