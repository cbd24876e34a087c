/* weights RAW OUT FILE [BAD]: runs model m, whose weights are in FILE, over RAW; says what every wrong
 * weights pointer gives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "m.h"

static _Alignas(M_SCRATCH_ALIGN) unsigned char scratch[M_SCRATCH_BYTES];
static unsigned char image[M_INPUT_IMAGE_BYTES];
static float y[M_OUTPUT_Y_ELEMENTS];

static int run_at(int level, const void *weights)
{
    m_inputs in = {image, weights};
    m_outputs out = {y};
    return m_run_at(level, &in, &out, scratch, sizeof scratch);
}

static int run(const void *weights)
{
    m_inputs in = {image, weights};
    m_outputs out = {y};
    return m_run(&in, &out, scratch, sizeof scratch);
}

/* All levels that this CPU has give the same bytes. */
static int levels_agree(const void *weights)
{
    static float first[M_OUTPUT_Y_ELEMENTS];
    int tried = 0;
    for (int level = 0; level < M_LEVELS; level++) {
        int code = run_at(level, weights);
        if (code == M_E_CPU)
            continue;
        if (code || (tried++ && memcmp(first, y, sizeof y)))
            return 0;
        memcpy(first, y, sizeof y);
    }
    return tried > 0;
}

static void try_bad(unsigned char *weights)
{
    printf("null %d, misaligned %d\n", run(NULL), run(weights + 8));
    printf("whole %d, short %d, null %d, misaligned %d\n", m_weights_check(weights, M_WEIGHTS_BYTES),
           m_weights_check(weights, M_WEIGHTS_BYTES - 1), m_weights_check(NULL, M_WEIGHTS_BYTES),
           m_weights_check(weights + 8, M_WEIGHTS_BYTES));
    for (size_t at = 0; at < M_WEIGHTS_BYTES; at++) {
        weights[at] ^= 1;
        if (at < 32 || at >= 64) /* the rest of the header says nothing */
            if (m_weights_check(weights, M_WEIGHTS_BYTES) != M_E_WEIGHTS)
                printf("a flip at %zu is not seen\n", at);
        if (at < 16 && run(weights) != M_E_WEIGHTS)
            printf("runs with a flip at %zu\n", at);
        weights[at] ^= 1;
    }
    printf("levels agree %d\n", levels_agree(weights));
}

int main(int argc, char **argv)
{
    unsigned char *weights = aligned_alloc(M_WEIGHTS_ALIGN, (M_WEIGHTS_BYTES + 127) / 64 * 64);
    FILE *raw = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb"), *file = fopen(argv[3], "rb");
    if (!raw || !out || !file || fread(weights, 1, M_WEIGHTS_BYTES, file) != M_WEIGHTS_BYTES)
        return 1;
    while (fread(image, sizeof image, 1, raw) == 1) {
        if (run(weights))
            return 1;
        fwrite(y, sizeof y, 1, out);
    }
    if (argc > 4)
        try_bad(weights);
    return fclose(out) != 0;
}
