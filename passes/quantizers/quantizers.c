/* The quantizers of a context: the built-in ones, and those of plugins. */
#include "quantizers/quantizers.h"

#include <string.h>
#include "qir/diag.h"

static const qir_quantizer *const built_in[] = {
    &qir_quantizer_default, &qir_quantizer_xnnpack,   &qir_quantizer_fbgemm,
    &qir_quantizer_qnnpack, &qir_quantizer_full_int8, &qir_quantizer_dynamic,
    &qir_quantizer_weight_only,
};
enum { BUILT_IN = sizeof built_in / sizeof built_in[0] };

static const char registered_key; /* its address is the key of the context's list */

const qir_quantizer *qir_quantizer_at(qir_context *ctx, size_t i)
{
    return i < BUILT_IN ? built_in[i] : qir_context_row(ctx, &registered_key, i - BUILT_IN);
}

bool qir_quantizer_register(qir_context *ctx, const qir_quantizer *q)
{
    const qir_quantizer *other;
    for (size_t i = 0; (other = qir_quantizer_at(ctx, i)); i++)
        if (!strcmp(other->name, q->name))
            return qir_error(qir_context_diag(ctx), NULL, "quant.name",
                             "a quantizer '%s' exists already; register it under another name",
                             q->name);
    qir_context_add_row(ctx, &registered_key, q);
    return true;
}

const char *qir_quantizer_form(qir_context *ctx, const char *list)
{
    size_t len = strcspn(list, "{,");
    const qir_quantizer *q;
    for (size_t i = 0; (q = qir_quantizer_at(ctx, i)); i++)
        if (strlen(q->name) == len && !memcmp(q->name, list, len))
            return q->form;
    return NULL;
}
