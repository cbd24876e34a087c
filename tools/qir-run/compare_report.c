/* What -compare-with prints. */
#include "comparison.h"

#include <stdio.h>
#include <stdlib.h>
#include "json.h"

static int by_sqnr(const void *a, const void *b)
{
    const pair *x = *(const pair *const *)a, *y = *(const pair *const *)b;
    double dx = qir_fidelity_sqnr(&x->fidelity), dy = qir_fidelity_sqnr(&y->fidelity);
    return dx != dy ? (dx > dy) - (dx < dy) : (x > y) - (x < y);
}

static const pair **ordered(const comparison *c)
{
    const pair **list = QIR_NEW_ARRAY(c->arena, const pair *, c->npairs);
    for (size_t i = 0; i < c->npairs; i++)
        list[i] = &c->pairs[i];
    if (c->r->opts->worst_first)
        qsort(list, c->npairs, sizeof *list, by_sqnr);
    return list;
}

static const char *element_type(const comparison *c, const qir_type *t)
{
    return t->quant ? qir_arena_printf(c->arena, "int%u", qir_dtype_bits(t->dtype))
                    : qir_dtype_name(t->dtype);
}

static void text_row(qir_strbuf *b, const char *op, const char *type, const qir_fidelity *f,
                     const char *name)
{
    qir_strbuf_printf(b, "%-14s %-6s %8.2f %12.4g %12.9f %12.4g  %s\n", op, type,
                      qir_fidelity_sqnr(f), qir_fidelity_mse(f), qir_fidelity_cosine(f), f->largest,
                      name);
}

static void json_row(qir_strbuf *b, const char *op, const char *type, const qir_fidelity *f,
                     const char *name)
{
    qir_strbuf_puts(b, b->data[b->len - 1] == '[' ? "\n  {\"op\": " : ",\n  {\"op\": ");
    json_string(b, op);
    qir_strbuf_puts(b, ", \"name\": ");
    json_string(b, name);
    qir_strbuf_printf(b, ", \"type\": \"%s\", \"sqnr\": ", type);
    json_number(b, qir_fidelity_sqnr(f));
    qir_strbuf_puts(b, ", \"mse\": ");
    json_number(b, qir_fidelity_mse(f));
    qir_strbuf_puts(b, ", \"cosine\": ");
    json_number(b, qir_fidelity_cosine(f));
    qir_strbuf_puts(b, ", \"max\": ");
    json_number(b, f->largest);
    qir_strbuf_putc(b, '}');
}

typedef void (*row_fn)(qir_strbuf *b, const char *op, const char *type, const qir_fidelity *f,
                       const char *name);

static void rows(const comparison *c, qir_strbuf *b, row_fn row)
{
    const pair **list = ordered(c);
    for (size_t i = 0; i < c->npairs; i++) {
        const qir_op *op = list[i]->measured;
        row(b, qir_op_name(op), element_type(c, op->results[0].type), &list[i]->fidelity,
            pair_name(c->r->ctx, list[i]));
    }
    for (uint32_t k = 0; k < c->func->nresults; k++)
        row(b, "result", element_type(c, c->r->func->result_types[k]), &c->results[k],
            result_name(c->r, k));
}

bool comparison_report(comparison *c)
{
    qir_strbuf b = {0};
    if (c->r->opts->json) {
        qir_strbuf_printf(&b, "{\"samples\": %lld, \"ops\": [", (long long)c->samples);
        rows(c, &b, json_row);
        qir_strbuf_puts(&b, "\n]}\n");
    } else {
        qir_strbuf_printf(&b, "%-14s %-6s %8s %12s %12s %12s  %s\n", "op", "type", "SQNR dB", "MSE",
                          "cosine", "max error", "name");
        rows(c, &b, text_row);
    }
    fwrite(b.data, 1, b.len, stdout);
    qir_strbuf_free(&b);
    return tool_flush(c->r->diag);
}

