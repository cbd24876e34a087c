/* A program without libraries: all of its code is marked for BTI, so the system enforces the marks.  The model is
 * called through a pointer; exits with its code. */
#include "digits.h"

static _Alignas(DIGITS_SCRATCH_ALIGN) unsigned char scratch[DIGITS_SCRATCH_BYTES];
static float image[DIGITS_INPUT_IMAGE_ELEMENTS], logits[DIGITS_OUTPUT_LOGITS_ELEMENTS];

static void leave(long code)
{
    register long x0 __asm__("x0") = code, x8 __asm__("x8") = 93;
    __asm__ volatile("svc 0" : : "r"(x0), "r"(x8));
}

void _start(void)
{
    digits_inputs in = {.image = image};
    digits_outputs out = {.logits = logits};
    int (*volatile run)(const digits_inputs *, const digits_outputs *, void *, size_t) = digits_run;
    leave(run(&in, &out, scratch, sizeof scratch));
}
