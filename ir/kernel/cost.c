/* About how long a kernel takes: see rates.def. */
#include "kernel/kernel.h"

static const double rates[][QIR_NUM_RATES] = {
#define RATES(level, ...) [QIR_LEVEL_##level] = {__VA_ARGS__},
#include "rates.def"
};

const char *qir_rate_name(qir_rate r)
{
    static const char *const names[] = {
#define RATE(name, doc) #name,
#include "rates.def"
    };
    return names[r];
}

void qir_plan_spend(qir_kernel_plan *p, qir_rate what, double quantity)
{
    p->spent[what] += quantity;
}

void qir_plan_spend_all(qir_kernel_plan *p, qir_rate products)
{
    const qir_window *w = &p->w;
    double images = (double)(w->n * w->out[0]), rows = images * (double)w->out[1];
    double positions = rows * (double)w->out[2], results = positions * (double)w->o;
    qir_plan_spend(p, products, results * (double)(w->c / w->groups * w->taps));
    qir_plan_spend(p, QIR_RATE_stored, results);
    if (p->has_band)
        qir_plan_spend(p, QIR_RATE_copied, rows / (double)p->block * (double)p->band_bytes);
    if (p->panel_bytes)
        qir_plan_spend(p, QIR_RATE_copied, positions * (double)(w->groups * p->k_stride) * (double)p->elem);
}

double qir_cycles(qir_level level, const double spent[QIR_NUM_RATES])
{
    double cycles = 0.0;
    for (unsigned i = 0; i < QIR_NUM_RATES; i++)
        cycles += spent[i] / rates[level][i];
    return cycles;
}
