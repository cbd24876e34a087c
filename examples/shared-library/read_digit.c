/* The scratch memory is on the stack, 13 KiB here, so that calls share nothing. */
#include "read_digit.h"
#include "digits.h"

int read_digit(const unsigned char pixels[64])
{
    _Alignas(DIGITS_SCRATCH_ALIGN) unsigned char scratch[DIGITS_SCRATCH_BYTES];
    float image[DIGITS_INPUT_IMAGE_ELEMENTS], logits[DIGITS_OUTPUT_LOGITS_ELEMENTS];
    for (int i = 0; i < DIGITS_INPUT_IMAGE_ELEMENTS; i++)
        image[i] = pixels[i] / 16.0f;
    digits_inputs in = {.image = image};
    digits_outputs out = {.logits = logits};
    int code = digits_run(&in, &out, scratch, sizeof scratch), best = 0;
    for (int i = 1; i < DIGITS_OUTPUT_LOGITS_ELEMENTS; i++)
        best = logits[i] > logits[best] ? i : best;
    return code ? code : best;
}
