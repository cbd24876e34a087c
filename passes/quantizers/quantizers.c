/* The list of built-in quantizers. */
#include "quantizers/quantizers.h"

static const qir_quantizer *const all[] = {
    &qir_quantizer_default, &qir_quantizer_xnnpack,   &qir_quantizer_fbgemm,
    &qir_quantizer_qnnpack, &qir_quantizer_full_int8, &qir_quantizer_dynamic,
    &qir_quantizer_weight_only,
};

const qir_quantizer *const *qir_quantizers(size_t *n)
{
    *n = sizeof all / sizeof all[0];
    return all;
}
