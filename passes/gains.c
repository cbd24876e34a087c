/* Attributes spell names of passes with underscores. */
#include "gains.h"

#include <math.h>
#include <string.h>
#include "qir/attrs.h"

#define PREFIX "gain."

enum { MOST = 99 }; /* dB: no error is left */

static char *exchanged(char *text, char from, char to)
{
    for (char *c = text; *c; c++)
        *c = *c == from ? to : *c;
    return text;
}

void qir_gain_note(qir_op *op, const char *pass, double decibels)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    qir_arena *arena = qir_context_new_arena(ctx);
    const char *name = exchanged(qir_arena_printf(arena, PREFIX "%s", pass), '-', '_');
    const qir_attr *value = qir_attr_float(ctx, (float)fmin(decibels, MOST));
    qir_op_set_attr(op, qir_intern_cstr(ctx, name), value);
    qir_arena_destroy(arena);
}

void qir_gains_print(const qir_op *op, qir_strbuf *out)
{
    const qir_dict *d = op->attrs;
    qir_arena *arena = qir_context_new_arena(qir_op_module(op)->ctx);
    for (size_t i = 0; d && i < d->len; i++) {
        const char *name = d->entries[i].name;
        const qir_attr *a = d->entries[i].value;
        if (!strncmp(name, PREFIX, strlen(PREFIX)) && a->kind == QIR_ATTR_FLOAT)
            qir_strbuf_printf(out, "; %s %+.2f dB",
                              exchanged(qir_arena_printf(arena, "%s", name + strlen(PREFIX)), '_', '-'),
                              (double)a->u.f);
    }
    qir_arena_destroy(arena);
}
