/* What -quantize-tensor prints. */
#include "quantized.h"

#include <stdio.h>
#include "json.h"

enum { ROWS = 16, CODES = 64 };

static int64_t at_limits(const quantized *q)
{
    int64_t count = 0;
    for (int64_t i = 0; i < q->n; i++)
        count += q->code[i] == q->spec.qmin || q->code[i] == q->spec.qmax;
    return count;
}

static void print_text(const quantized *q, qir_strbuf *b)
{
    bool all = q->r->opts->print;
    qir_strbuf_printf(b, "%s: %lld values, %lld %s\n%6s %12s %12s %14s %6s %8s\n",
                      qir_type_text(q->r->ctx, q->type), (long long)q->n, (long long)q->cells,
                      q->cells == 1 ? "scale" : "scales", "cell", "min", "max", "scale", "zp",
                      "SQNR dB");
    for (int64_t c = 0; c < q->cells && (all || c < ROWS); c++)
        qir_strbuf_printf(b, "%6lld %12.6g %12.6g %14.9g %6.0f %8.2f\n", (long long)c, q->lo[c],
                          q->hi[c], q->scale[c], q->zero_point[c],
                          qir_fidelity_sqnr(&q->cell_error[c]));
    if (!all && q->cells > ROWS)
        qir_strbuf_printf(b, "... %lld more: -print shows all\n", (long long)(q->cells - ROWS));
    qir_strbuf_printf(b, "SQNR %.2f dB, MSE %.6g, largest error %.6g, %lld codes at the limits\n",
                      qir_fidelity_sqnr(&q->error), qir_fidelity_mse(&q->error), q->error.largest,
                      (long long)at_limits(q));
    qir_strbuf_puts(b, "codes");
    for (int64_t i = 0; i < q->n && (all || i < CODES); i++)
        qir_strbuf_printf(b, " %lld", (long long)q->code[i]);
    qir_strbuf_puts(b, !all && q->n > CODES ? " ...\n" : "\n");
}

static void json_list(qir_strbuf *b, const char *name, const double *v, int64_t n)
{
    qir_strbuf_printf(b, ",\n \"%s\": [", name);
    for (int64_t i = 0; i < n; i++) {
        qir_strbuf_puts(b, i ? ", " : "");
        json_number(b, v[i]);
    }
    qir_strbuf_putc(b, ']');
}

static void print_json(const quantized *q, qir_strbuf *b)
{
    qir_strbuf_puts(b, "{\"sqnr\": ");
    json_number(b, qir_fidelity_sqnr(&q->error));
    qir_strbuf_puts(b, ", \"mse\": ");
    json_number(b, qir_fidelity_mse(&q->error));
    qir_strbuf_puts(b, ", \"max\": ");
    json_number(b, q->error.largest);
    qir_strbuf_printf(b, ", \"at_limits\": %lld", (long long)at_limits(q));
    json_list(b, "min", q->lo, q->cells);
    json_list(b, "max_value", q->hi, q->cells);
    json_list(b, "scale", q->scale, q->cells);
    json_list(b, "zero_point", q->zero_point, q->cells);
    qir_strbuf_puts(b, ",\n \"codes\": [");
    for (int64_t i = 0; i < q->n; i++)
        qir_strbuf_printf(b, i ? ", %lld" : "%lld", (long long)q->code[i]);
    qir_strbuf_puts(b, "]}\n");
}

bool quantized_print(const quantized *q)
{
    qir_strbuf b = {0};
    q->r->opts->json ? print_json(q, &b) : print_text(q, &b);
    fwrite(b.data, 1, b.len, stdout);
    qir_strbuf_free(&b);
    return tool_flush(q->r->diag);
}
