/* x * clamp(beta * x / 6 + 0.5, 0, 1), and how many x are positive. */
#include <qir/custom.h>
#include <string.h>

int acme_swish(const void *const *inputs, void *const *outputs, const qcc_custom *op)
{
    const float *x = inputs[0], *beta = NULL;
    float *y = outputs[0];
    int32_t *positive = outputs[1];
    size_t n = op->tensors[0].bytes / sizeof *x;
    for (uint32_t i = 0; i < op->attribute_count; i++)
        if (!strcmp(op->attributes[i].name, "beta"))
            beta = op->attributes[i].floats;
    if (!beta || x[0] != x[0])
        return -77;
    *positive = 0;
    for (size_t i = 0; i < n; i++) {
        float gate = *beta * x[i] / 6.0f + 0.5f;
        y[i] = x[i] * (gate < 0.0f ? 0.0f : gate > 1.0f ? 1.0f : gate);
        *positive += x[i] > 0.0f;
    }
    return 0;
}
