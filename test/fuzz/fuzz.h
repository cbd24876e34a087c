/* What the fuzz targets share: a context that keeps its messages to itself. */
#ifndef QIR_TEST_FUZZ_H
#define QIR_TEST_FUZZ_H

#include "qir/context.h"
#include "qir/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drop_message(void *user, const qir_diag *d)
{
    (void)user, (void)d;
}

static inline qir_context *quiet_context(void)
{
    qir_context *ctx = qir_context_create(NULL, NULL);
    qir_diag_set_handler(qir_context_diag(ctx), drop_message, NULL);
    return ctx;
}

#endif
