/* -bench: what was measured, as tables or JSON. */
#include "bench.h"
#include <stdio.h>
#include <string.h>
#include "json.h"
#include "qir/ops.h"

/* 10^9 products per second. */
static double rate(double products, double us)
{
    return us > 0.0 ? 1e-3 * products / us : 0.0;
}

static double share(const bench_result *r)
{
    return r->burst > 0.0 ? rate(r->products, r->min_us) / r->burst : 0.0;
}

/* "16x32x3x3", of the tensor without its type */
static void put_dims(const qir_value *v, qir_strbuf *out)
{
    const qir_type *t = v->type->kind == QIR_PACKED ? v->type->logical : v->type;
    for (unsigned i = 0; i < t->rank; i++)
        qir_strbuf_printf(out, i ? "x%lld" : "%lld", (long long)t->dims[i]);
    if (!t->rank)
        qir_strbuf_puts(out, "1");
}

/* "1x16x8x8 * 32x16x3x3 -> 1x32x8x8" */
static const char *shape_of(qcc_driver *d, const qir_op *op)
{
    qir_strbuf b = {0};
    int weight = qir_op_weight(op);
    if (op->noperands && qir_op_operand(op, 0))
        put_dims(qir_op_operand(op, 0), &b);
    if (weight >= 0) {
        qir_strbuf_puts(&b, " * ");
        put_dims(qir_op_operand(op, (uint32_t)weight), &b);
    }
    if (op->nresults) {
        qir_strbuf_puts(&b, " -> ");
        put_dims(&op->results[0], &b);
    }
    const char *text = qir_arena_printf(qir_context_arena(d->ctx), "%s", qir_strbuf_cstr(&b));
    qir_strbuf_free(&b);
    return text;
}

static const char *name_of(const qir_op *op)
{
    const char *name = qir_loc_first_name(op->loc);
    return name ? name : "";
}

/* ---- tables ----------------------------------------------------------------------------------------- */
/* A number, or a dash where there is none. */
static void put_cell(double v, int width, int digits, qir_strbuf *out)
{
    if (v > 0.0)
        qir_strbuf_printf(out, "  %*.*f", width, digits, v);
    else
        qir_strbuf_printf(out, "  %*s", width, "-");
}

static void put_summary(const bench_result *r, qir_strbuf *out)
{
    qir_strbuf_printf(out, "%-11s", qir_level_get(r->variant->level)->name);
    put_cell(r->min_us, 11, 2, out);
    put_cell(r->median_us, 11, 2, out);
    put_cell(rate(r->products, r->min_us), 8, 1, out);
    put_cell(100.0 * share(r), 8, 1, out);
    qir_strbuf_putc(out, '\n');
}

static void put_layers(qcc_driver *d, const bench_result *r, qir_strbuf *out)
{
    size_t wide = strlen("layer"), wider = strlen("shape");
    for (size_t i = 0; i < r->nlayers; i++) {
        size_t a = strlen(name_of(r->layers[i].op)), b = strlen(shape_of(d, r->layers[i].op));
        wide = a > wide ? a : wide;
        wider = b > wider ? b : wider;
    }
    qir_strbuf_printf(out, "\n%s\n%3s  %-*s  %-14s  %-13s  %-*s  %12s  %12s  %11s  %8s\n",
                      qir_level_get(r->variant->level)->name, "", (int)wide, "layer", "op", "kernel", (int)wider,
                      "shape", "products", "predicted us", "measured us", "GMAC/s");
    for (size_t i = 0; i < r->nlayers; i++) {
        const bench_layer *l = &r->layers[i];
        qir_strbuf_printf(out, "%3zu  %-*s  %-14s  %-13s  %-*s", i, (int)wide, name_of(l->op), qir_op_name(l->op),
                          l->kernel ? l->kernel : "-", (int)wider, shape_of(d, l->op));
        put_cell(l->products, 12, 0, out);
        qir_strbuf_printf(out, "  %12.2f  %11.2f", l->predicted_us, l->measured_us);
        put_cell(rate(l->products, l->measured_us), 8, 1, out);
        qir_strbuf_putc(out, '\n');
    }
}

static void put_tables(qcc_driver *d, const bench_result *r, size_t n, qir_strbuf *out)
{
    qir_strbuf_printf(out, "%-11s  %11s  %11s  %8s  %8s\n", "level", "min us", "median us", "GMAC/s", "% burst");
    for (size_t i = 0; i < n; i++)
        put_summary(&r[i], out);
    for (size_t i = 0; i < n && d->opts->per_layer; i++)
        put_layers(d, &r[i], out);
}

/* ---- JSON ------------------------------------------------------------------------------------------- */
static void put_number(const char *key, double v, qir_strbuf *out)
{
    qir_strbuf_printf(out, ", \"%s\": ", key);
    json_number(out, v);
}

static void put_text(const char *key, const char *v, qir_strbuf *out)
{
    qir_strbuf_printf(out, ", \"%s\": ", key);
    json_string(out, v);
}

/* What the cost model counts, for who fits its rates (bench/rates). */
static void put_spent(const bench_layer *l, qir_strbuf *out)
{
    const char *comma = "";
    qir_strbuf_puts(out, ", \"spent\": {");
    for (unsigned i = 0; i < QIR_NUM_RATES; i++) {
        if (l->spent[i] <= 0.0)
            continue;
        qir_strbuf_printf(out, "%s\"%s\": ", comma, qir_rate_name((qir_rate)i));
        json_number(out, l->spent[i]);
        comma = ", ";
    }
    qir_strbuf_putc(out, '}');
}

static void put_json_layer(qcc_driver *d, const bench_layer *l, size_t number, qir_strbuf *out)
{
    qir_strbuf_printf(out, "%s\n    {\"number\": %zu", number ? "," : "", number);
    put_text("layer", name_of(l->op), out);
    put_text("op", qir_op_name(l->op), out);
    put_text("kernel", l->kernel ? l->kernel : "", out);
    put_text("shape", shape_of(d, l->op), out);
    put_number("products", l->products, out);
    put_number("predicted_us", l->predicted_us, out);
    put_number("measured_us", l->measured_us, out);
    put_spent(l, out);
    qir_strbuf_putc(out, '}');
}

static void put_json(qcc_driver *d, const bench_result *r, size_t n, qir_strbuf *out)
{
    qir_strbuf_puts(out, "[");
    for (size_t i = 0; i < n; i++) {
        qir_strbuf_printf(out, "%s\n {\"level\": \"%s\"", i ? "," : "", qir_level_get(r[i].variant->level)->name);
        put_number("min_us", r[i].min_us, out);
        put_number("median_us", r[i].median_us, out);
        put_number("products", r[i].products, out);
        put_number("burst", r[i].burst, out);
        put_number("gigahertz", r[i].gigahertz, out);
        qir_strbuf_puts(out, ", \"layers\": [");
        for (size_t k = 0; k < r[i].nlayers && d->opts->per_layer; k++)
            put_json_layer(d, &r[i].layers[k], k, out);
        qir_strbuf_puts(out, "]}");
    }
    qir_strbuf_puts(out, "\n]\n");
}

/* ---- all of it -------------------------------------------------------------------------------------- */
static bool runs_here(qcc_driver *d, const qir_variant *v)
{
    const char *here = qir_target_triple(d->ctx, NULL);
    size_t n = here ? strcspn(here, "-") : 0;
    return (here && !strncmp(here, d->codegen.triple, n + 1) && qir_level_runs_here(v->level)) ||
           qir_error(d->diag, NULL, "bench.level",
                     "-bench measures on this machine, which does not run level '%s' for %s; name others with -mlevel",
                     qir_level_get(v->level)->name, d->codegen.triple);
}

bool qcc_bench(qcc_driver *d)
{
    bench_result results[QIR_NUM_LEVELS];
    for (size_t i = 0; i < d->nvariants; i++)
        if (!runs_here(d, &d->variants[i]) || !bench_measure(d, &d->variants[i], &results[i]))
            return false;
    qir_strbuf out = {0};
    (*d->opts->bench ? put_json : put_tables)(d, results, d->nvariants, &out);
    fwrite(out.data, 1, out.len, stdout);
    qir_strbuf_free(&out);
    return tool_flush(d->diag);
}
