/* Reads x from standard input and writes the results of every level, and of threads, to standard output;
 * then calls the model with an input that its function refuses. */
#include <stdio.h>
#include <string.h>
#include "model.h"
#include <qir/custom.h> /* the same types, under the same guards */

static _Alignas(MODEL_SCRATCH_ALIGN) unsigned char scratch[MODEL_SCRATCH_BYTES_MT(2)];
static float x[MODEL_INPUT_X_ELEMENTS], y[MODEL_OUTPUT_Y_ELEMENTS];
static int32_t n[1];

/* Tasks in turn: threads are another test's. */
static void in_turn(void *user, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    (void)user;
    for (unsigned i = 0; i < count; i++)
        task(arg, i);
}

static int run(int level)
{
    static const qcc_pool pool = {.threads = 2, .parallel_for = in_turn};
    model_inputs in = {.x = x};
    model_outputs out = {.y = y, .n = n};
    memset(y, 0x5a, sizeof y);
    return level < MODEL_LEVELS ? model_run_at(level, &in, &out, scratch, sizeof scratch)
                                : model_run_mt(&in, &out, scratch, sizeof scratch, &pool);
}

int main(void)
{
    if (fread(x, sizeof x, 1, stdin) != 1)
        return 1;
    for (int i = 0; i <= MODEL_LEVELS; i++) {
        int code = run(i);
        if (code == MODEL_E_CPU)
            continue; /* the other levels tell */
        fprintf(stderr, "code %d\n", code);
        fwrite(y, sizeof y, 1, stdout);
        fwrite(n, sizeof n, 1, stdout);
    }
    memset(x, 0xff, sizeof x); /* NaN */
    fprintf(stderr, "refused %d, on threads %d\n", run(0), run(MODEL_LEVELS));
    return 0;
}
