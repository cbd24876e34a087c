/* Calls a model of two inputs in every wrong way, then rightly under odd floating-point settings. */
#include <fenv.h>
#include <stdio.h>
#include <string.h>
#include "pair.h"

static _Alignas(PAIR_SCRATCH_ALIGN) unsigned char scratch[PAIR_SCRATCH_BYTES + 64];
static float a[PAIR_INPUT_A_ELEMENTS], b[PAIR_INPUT_B_ELEMENTS], y[PAIR_OUTPUT_Y_ELEMENTS];

static void codes(void)
{
    pair_inputs in = {.a = a, .b = b}, hole = {.a = a};
    pair_outputs out = {.y = y}, same = {.y = a}, none = {0};
    printf("null structs %d %d\n", pair_run(NULL, &out, scratch, sizeof scratch),
           pair_run(&in, NULL, scratch, sizeof scratch));
    printf("null tensors %d %d\n", pair_run(&hole, &out, scratch, sizeof scratch),
           pair_run(&in, &none, scratch, sizeof scratch));
    printf("null scratch %d\n", pair_run(&in, &out, NULL, sizeof scratch));
    printf("misaligned %d\n", pair_run(&in, &out, scratch + 1, PAIR_SCRATCH_BYTES));
    printf("too small %d %d\n", pair_run(&in, &out, scratch, PAIR_SCRATCH_BYTES - 1),
           pair_run(&in, &out, scratch, 0));
    printf("overlap %d\n", pair_run(&in, &same, scratch, sizeof scratch));
    printf("right %d\n", pair_run(&in, &out, scratch, PAIR_SCRATCH_BYTES));
    printf("again %d\n", pair_run(&in, &out, scratch, PAIR_SCRATCH_BYTES));
}

static void rounding(void)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    float first[PAIR_OUTPUT_Y_ELEMENTS];
    int same = 1, kept = 1;
    for (int i = 0; i < 4; i++) {
        pair_inputs in = {.a = a, .b = b};
        pair_outputs out = {.y = y};
        fesetround(modes[i]);
        pair_run(&in, &out, scratch, sizeof scratch);
        kept = kept && fegetround() == modes[i];
        if (i == 0)
            memcpy(first, y, sizeof y);
        same = same && !memcmp(first, y, sizeof y);
    }
    fesetround(FE_TONEAREST);
    printf("same in every rounding mode %d, mode kept %d\n", same, kept);
}

int main(void)
{
    for (int i = 0; i < PAIR_INPUT_A_ELEMENTS; i++) {
        a[i] = 1.0f / (float)(i + 3);
        b[i] = 0.1f * (float)i;
    }
    codes();
    rounding();
    printf("isa %s, %u inputs, first '%s', run agrees %d\n", pair_isa(),
           (unsigned)pair_info.input_count, pair_info.tensors[0].name,
           pair_info.scratch_bytes == PAIR_SCRATCH_BYTES);
    return 0;
}
