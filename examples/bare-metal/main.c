/* Reads ten digits on a machine without an operating system: no libc, no heap, and the model is one
 * more object to link.  start.S calls main and powers the machine off when it returns. */
#include "board.h"
#include "digits.h"
#include "ten.h"

static _Alignas(DIGITS_SCRATCH_ALIGN) unsigned char scratch[DIGITS_SCRATCH_BYTES];

static void print(const char *s)
{
    while (*s)
        board_put(*s++);
}

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
    print("level ");
    print(digits_isa());
    print(", answers:");
    for (int i = 0; i < TEN_DIGITS; i++) {
        int digit = classify(ten_digits[i]);
        print(digit < 0 ? " -" : " ");
        board_put((char)('0' + (digit < 0 ? -digit : digit)));
    }
    print("\n");
    return 0;
}
