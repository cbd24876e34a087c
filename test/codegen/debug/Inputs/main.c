/* Runs the model once. */
#include "model.h"

static _Alignas(MODEL_SCRATCH_ALIGN) unsigned char scratch[MODEL_SCRATCH_BYTES];
static float a[MODEL_INPUT_A_ELEMENTS], y[MODEL_OUTPUT_Y_ELEMENTS];

int main(void)
{
    model_inputs in = {.a = a};
    model_outputs out = {.y = y};
    return model_run(&in, &out, scratch, sizeof scratch);
}
