/* About how long a kernel takes: see rates.def. */
#include "kernel/kernel.h"

static const qir_rates rates[] = {
#define RATES(level, ...) [QIR_LEVEL_##level] = {__VA_ARGS__},
#include "rates.def"
#undef RATES
};

const qir_rates *qir_rates_get(qir_level level)
{
    return &rates[level];
}

double qir_plan_cycles(qir_level level, const qir_kernel_plan *p, double rate)
{
    const qir_window *w = &p->w;
    double images = (double)(w->n * w->out[0]), rows = images * (double)w->out[1];
    double positions = rows * (double)w->out[2], results = positions * (double)w->o;
    double products = results * (double)(w->c / w->groups * w->taps);
    double copied = p->has_band ? rows / (double)p->block * (double)p->band_bytes : 0.0;
    if (p->k_stride && !p->in_place)
        copied += positions * (double)(w->groups * p->k_stride) * (double)p->elem;
    const qir_rates *r = qir_rates_get(level);
    return products / rate + copied / r->copied + results / r->stored;
}
