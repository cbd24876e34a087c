/* -accuracy: what is done, and when, against the losses of quantization. */
#include <string.h>
#include "qcc.h"

enum { FEW_SAMPLES = 32 };

/* Passes before observers are placed, for weights once ranges are known, and then for biases.  The first and
 * the last ones serve ranges that samples tell; rows that bring their own at run time do not need them. */
static const struct {
    const char *name, *before, *weights, *biases;
} accuracies[QCC_NUM_ACCURACIES] = {
    [QCC_PLAIN] = {"plain", NULL, NULL, NULL},
    [QCC_FAST] = {"fast", "equalize-channels", NULL, "correct-bias"},
    [QCC_BEST] = {"best", "equalize-channels", "round-weights,refit-weights", "correct-bias"},
};

const char *qcc_accuracy_name(qcc_accuracy a)
{
    return a < QCC_NUM_ACCURACIES ? accuracies[a].name : NULL;
}

/* -accuracy; by default fast where the preset is our own and samples enough are there to tell a mean
 * from noise. */
bool qcc_choose_accuracy(qcc_driver *d, bool measures)
{
    const qcc_options *o = d->opts;
    const qir_sample_source *from = d->samples;
    d->accuracy = QCC_PLAIN;
    while (o->accuracy && strcmp(o->accuracy, accuracies[d->accuracy].name))
        d->accuracy++;
    if (o->accuracy || !from || !measures || o->quantizer)
        return true;
    qir_samples *s =
        qir_samples_open(qir_module_main(d->module), from->paths, from->npaths);
    int64_t n = s ? qir_samples_count(s) : 0;
    qir_samples_close(s);
    bool enough = n >= FEW_SAMPLES && (!from->limit || from->limit >= FEW_SAMPLES);
    d->accuracy = enough ? QCC_FAST : QCC_PLAIN;
    return s != NULL;
}

static bool run_if_any(qcc_driver *d, const char *passes)
{
    return !passes || qcc_run_passes(d, passes);
}

bool qcc_before_ranges(qcc_driver *d, bool measures)
{
    return !measures || d->unequal || run_if_any(d, accuracies[d->accuracy].before);
}

bool qcc_after_ranges(qcc_driver *d, bool measures)
{
    return run_if_any(d, accuracies[d->accuracy].weights) &&
           (!measures || run_if_any(d, accuracies[d->accuracy].biases));
}

bool qcc_refine(qcc_driver *d)
{
    bool integers = d->opts->io && !strcmp(d->opts->io, "int8");
    return !d->accuracy || integers || qcc_run_passes(d, "real-results");
}
