/* Default attribute values: the texts of ops.def as attributes. */
#include "qir/ops.h"

#include <stdlib.h>
#include <string.h>
#include "qir/support/assert.h"

static const qir_attr_desc *find(const qir_op_desc *d, const char *name)
{
    for (unsigned i = 0; i < d->nattrs; i++)
        if (!strcmp(d->attrs[i].name, name))
            return &d->attrs[i];
    return NULL;
}

/* "[1, 2]" and "[]"; at most QIR_MAX_RANK entries. */
static const qir_attr *parse_list(qir_context *ctx, qir_attr_kind kind, const char *text)
{
    int64_t ints[QIR_MAX_RANK];
    float floats[QIR_MAX_RANK];
    size_t n = 0;
    char *p = (char *)(uintptr_t)text + 1;
    while (*p != ']') {
        QIR_ASSERT(n < QIR_MAX_RANK, "default list too long");
        if (kind == QIR_ATTR_INTS)
            ints[n++] = strtoll(p, &p, 10);
        else
            floats[n++] = strtof(p, &p);
        p += strspn(p, ", ");
    }
    return kind == QIR_ATTR_INTS ? qir_attr_ints(ctx, ints, n) : qir_attr_floats(ctx, floats, n);
}

static const qir_attr *parse(qir_context *ctx, const qir_attr_desc *d)
{
    const char *text = d->dflt;
    switch (d->kind) {
    case QIR_ATTR_BOOL:
        return qir_attr_bool(ctx, text[0] == 't');
    case QIR_ATTR_INT:
        return qir_attr_int(ctx, strtoll(text, NULL, 10));
    case QIR_ATTR_FLOAT:
        return qir_attr_float(ctx, strtof(text, NULL));
    case QIR_ATTR_STRING:
        return qir_attr_string(ctx, text + 1, strlen(text) - 2);
    case QIR_ATTR_INTS:
    case QIR_ATTR_FLOATS:
        return parse_list(ctx, d->kind, text);
    case QIR_ATTR_STRINGS:
    case QIR_ATTR_TYPE:
        break;
    }
    QIR_UNREACHABLE("attribute kind without default syntax");
}

const qir_attr *qir_op_default_attr(qir_context *ctx, qir_opcode opcode, const char *name)
{
    const qir_attr_desc *d = find(qir_op_desc_get(opcode), name);
    if (!d || !d->dflt[0] || !strcmp(d->dflt, "-"))
        return NULL;
    return parse(ctx, d);
}
