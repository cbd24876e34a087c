/* The caller owns the threads and the memory: every thread but the first needs a workspace of its own. */
#include "read_ten.h"

#include <stdio.h>
#include <stdlib.h>
#include "ten.h"

/* The digit, or what digits_run_mt returned. */
static int classify(const unsigned char *pixels, void *scratch, size_t bytes, const qcc_pool *pool)
{
    float image[DIGITS_INPUT_IMAGE_ELEMENTS], logits[DIGITS_OUTPUT_LOGITS_ELEMENTS];
    for (int i = 0; i < TEN_PIXELS; i++)
        image[i] = pixels[i] / (float)TEN_BRIGHTEST;
    digits_inputs in = {.image = image};
    digits_outputs out = {.logits = logits};
    int code = digits_run_mt(&in, &out, scratch, bytes, pool), best = 0;
    for (int i = 1; i < DIGITS_OUTPUT_LOGITS_ELEMENTS; i++)
        best = logits[i] > logits[best] ? i : best;
    return code ? code : best;
}

int read_ten(const qcc_pool *pool)
{
    size_t bytes = DIGITS_SCRATCH_BYTES_MT(pool->threads);
    size_t whole = (bytes + DIGITS_SCRATCH_ALIGN - 1) / DIGITS_SCRATCH_ALIGN * DIGITS_SCRATCH_ALIGN;
    void *scratch = aligned_alloc(DIGITS_SCRATCH_ALIGN, whole);
    if (!scratch)
        return 1;
    printf("%u threads, answers:", pool->threads);
    for (int i = 0; i < TEN_DIGITS; i++)
        printf(" %d", classify(ten_digits[i], scratch, whole, pool));
    printf("\n");
    free(scratch);
    return 0;
}
