/* Reads ten digits with a model that is linked in, and prints which they are. */
#include <stdio.h>
#include "digits.h"
#include "ten.h"

static _Alignas(DIGITS_SCRATCH_ALIGN) unsigned char scratch[DIGITS_SCRATCH_BYTES];

/* The digit, or what digits_run returned. */
static int classify(const unsigned char *pixels)
{
    float image[DIGITS_INPUT_IMAGE_ELEMENTS], logits[DIGITS_OUTPUT_LOGITS_ELEMENTS];
    for (int i = 0; i < TEN_PIXELS; i++)
        image[i] = pixels[i] / (float)TEN_BRIGHTEST;
    digits_inputs in = {.image = image};
    digits_outputs out = {.logits = logits};
    int code = digits_run(&in, &out, scratch, sizeof scratch), best = 0;
    for (int i = 1; i < DIGITS_OUTPUT_LOGITS_ELEMENTS; i++)
        best = logits[i] > logits[best] ? i : best;
    return code ? code : best;
}

int main(void)
{
    printf("level %s, answers:", digits_isa());
    for (int i = 0; i < TEN_DIGITS; i++)
        printf(" %d", classify(ten_digits[i]));
    printf("\n");
    return 0;
}
