/* Runs a model at the level it chooses, at each by number, and at two that do not exist. */
#include <stdio.h>
#include <string.h>
#include "pair.h"

static _Alignas(PAIR_SCRATCH_ALIGN) unsigned char scratch[PAIR_SCRATCH_BYTES];
static float a[PAIR_INPUT_A_ELEMENTS], b[PAIR_INPUT_B_ELEMENTS];
static float first[PAIR_OUTPUT_Y_ELEMENTS], y[PAIR_OUTPUT_Y_ELEMENTS];

static void run_at(const char *what, int level)
{
    pair_inputs in = {.a = a, .b = b};
    pair_outputs out = {.y = y};
    memset(y, 0, sizeof y);
    int code = pair_run_at(level, &in, &out, scratch, sizeof scratch);
    const char *name = pair_level_name(level);
    printf("%s %s %d%s\n", what, *name ? name : "''", code,
           code ? "" : memcmp(first, y, sizeof y) ? " differs" : " same");
}

int main(void)
{
    pair_inputs in = {.a = a, .b = b};
    pair_outputs out = {.y = first};
    for (int i = 0; i < PAIR_INPUT_A_ELEMENTS; i++) {
        a[i] = 1.0f / (float)(i + 3);
        b[i] = 0.1f * (float)i;
    }
    printf("isa %s\n", pair_isa());
    printf("run %d\n", pair_run(&in, &out, scratch, sizeof scratch));
    printf("again %d\n", pair_run(&in, &out, scratch, sizeof scratch));
    for (int level = 0; level < PAIR_LEVELS; level++)
        run_at("at", level);
    run_at("at", PAIR_LEVELS);
    run_at("below", -1);
#ifdef __aarch64__
    printf("for %s %s %s\n", pair_level_name(pair_level_for(0, 0)),
           pair_level_name(pair_level_for(1u << 20, 0)),
           pair_level_name(pair_level_for(1u << 20, 1u << 13)));
#endif
    return 0;
}
