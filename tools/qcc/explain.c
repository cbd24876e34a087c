/* -explain: the table of layers and what the figures advise. */
#include "explain.h"

#include <stdio.h>

static void print_head(const qcc_study *s, const qcc_trial *t, qir_strbuf *b)
{
    qir_strbuf_printf(b, "quantized: SQNR %.2f dB over %lld samples", qir_fidelity_sqnr(&t->fidelity),
                      (long long)s->samples);
    if (s->labels)
        qir_strbuf_printf(b, ", top-1 %.2f %% (float %.2f %%)",
                          100.0 * (double)t->right / (double)s->samples,
                          100.0 * (double)s->right / (double)s->samples);
    qir_strbuf_printf(b, "\n%8s %8s  %-15s  %-28s  %s\n", "gain dB", "SQNR dB", "cause", "layer",
                      "evidence");
}

static void print_layer(const qcc_study *s, const qcc_layer *l, double whole, qir_strbuf *b)
{
    const qcc_cause *c = qcc_cause_of(s, l);
    const char *name = qir_arena_printf(s->arena, "%s '%s'", qir_op_name(l->real), l->name);
    qir_strbuf_printf(b, "%+8.2f %8.2f  %-15s  %-28s  ", l->sqnr - whole, l->sqnr, c->name, name);
    c->say(s, l, b);
    qir_strbuf_putc(b, '\n');
}

/* Which values 16 bits would help: until little is left. */
static void print_values(const qcc_findings *f, qir_strbuf *b)
{
    enum { SHOWN = 12 };
    if (f->nvalues)
        qir_strbuf_puts(b, " noise %  value of 8 bits that could have 16\n");
    for (size_t i = 0; i < f->nvalues && i < SHOWN; i++)
        qir_strbuf_printf(b, "%8.1f  '%s'\n", f->noise > 0.0 ? 100.0 * f->values[i].noise / f->noise : 0.0,
                          f->values[i].name);
}

/* What people who do this by hand would try next: the cheapest remedy that can be enough. */
static void print_advice(const qcc_study *s, const qcc_findings *f, qir_strbuf *b)
{
    enum { GOOD_DB = 30 };
    double whole = qir_fidelity_sqnr(&f->whole.fidelity);
    const qcc_layer *worst = f->nlayers ? &f->layers[0] : NULL;
    qir_strbuf_puts(b, "advice: ");
    if (!worst)
        qir_strbuf_puts(b, "no op computes in integers; -report says why\n");
    else if (whole >= GOOD_DB && qcc_trial_drop(s, &f->whole) <= 0.5)
        qir_strbuf_puts(b, "static int8 is good enough\n");
    else if (worst->sqnr - whole < 1.0)
        qir_strbuf_puts(b, "no single layer is to blame: 16 bits for some values (-min-sqnr, -int16), "
                           "quantization-aware training, or wider weights\n");
    else
        qir_strbuf_printf(b, "%s, for '%s' first\n", qcc_cause_of(s, worst)->advice(s, worst),
                          worst->name);
}

bool qcc_explain(const qcc_study *s, const qcc_findings *f)
{
    qir_strbuf b = {0};
    print_head(s, &f->whole, &b);
    for (size_t i = 0; i < f->nlayers; i++)
        print_layer(s, &f->layers[i], qir_fidelity_sqnr(&f->whole.fidelity), &b);
    print_values(f, &b);
    print_advice(s, f, &b);
    fwrite(b.data, 1, b.len, qcc_writes_stdout(s->d) ? stderr : stdout);
    qir_strbuf_free(&b);
    return tool_flush(s->d->diag);
}
