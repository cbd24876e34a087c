/* Classifies digits with the compiled model:
 *     app TEST.npy LABELS.npy LOGITS.out
 * prints the number of right answers, the number of digits and the fastest time of one call in
 * microseconds, and writes all logits as raw floats.  This is all that an application needs: the
 * generated header, the object, and memory for its scratch. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "digits.h"

enum { PIXELS = 64, CLASSES = 10, ROUNDS = 5 };

/* The data of a version 1 .npy file of bytes; *count is the number of bytes. */
static uint8_t *read_npy(const char *path, size_t *count)
{
    unsigned char head[10];
    FILE *f = fopen(path, "rb");
    if (!f || fread(head, 1, sizeof head, f) != sizeof head)
        return NULL;
    long data = 10 + head[8] + 256 * head[9];
    fseek(f, 0, SEEK_END);
    *count = (size_t)(ftell(f) - data);
    uint8_t *bytes = malloc(*count);
    fseek(f, data, SEEK_SET);
    if (!bytes || fread(bytes, 1, *count, f) != *count)
        return NULL;
    fclose(f);
    return bytes;
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static int argmax(const float *logits)
{
    int best = 0;
    for (int i = 1; i < CLASSES; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

static _Alignas(DIGITS_SCRATCH_ALIGN) unsigned char scratch[DIGITS_SCRATCH_BYTES];

/* Runs one digit; returns the time of the fastest of ROUNDS calls, or a negative error code. */
static double classify(const uint8_t *pixels, float *logits)
{
    float image[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        image[i] = pixels[i] / 16.0f;
    digits_inputs in = {.image = image};
    digits_outputs out = {.logits = logits};
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_us();
        int code = digits_run(&in, &out, scratch, sizeof scratch);
        double us = now_us() - start;
        if (code)
            return code;
        best = us < best ? us : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    size_t bytes, count;
    uint8_t *pixels = argc == 4 ? read_npy(argv[1], &bytes) : NULL;
    uint8_t *labels = pixels ? read_npy(argv[2], &count) : NULL;
    FILE *out = labels ? fopen(argv[3], "wb") : NULL;
    if (!out || bytes != count * PIXELS) {
        fprintf(stderr, "usage: %s test.npy labels.npy logits.out\n", argv[0]);
        return 2;
    }
    size_t right = 0;
    double best = 1e9;
    for (size_t i = 0; i < count; i++) {
        float logits[CLASSES];
        double us = classify(pixels + i * PIXELS, logits);
        if (us < 0) {
            fprintf(stderr, "digits_run: code %d (%s)\n", (int)us, digits_isa());
            return 1;
        }
        best = us < best ? us : best;
        right += argmax(logits) == labels[i];
        fwrite(logits, sizeof logits, 1, out);
    }
    if (fclose(out))
        return 1;
    printf("%zu %zu %.2f %s\n", right, count, best, digits_isa());
    free(pixels);
    free(labels);
    return 0;
}
