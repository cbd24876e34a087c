/* Hashes of a module (qir/model_hash.h): xxhash64 over a spelling of the graph in which values are
 * numbers, so that the same model has the same hash in whatever file and under whatever names. */
#include "qir/model_hash.h"

#include <string.h>
#include "qir/ops.h"
#include "qir/preprocess.h"
#include "qir/support/map.h"
#include "qir/support/strbuf.h"

typedef struct spelling {
    qir_context *ctx;
    qir_strbuf model, observers;
    qir_map numbers; /* value -> number + 1; of observe: its operand's */
    uintptr_t next;
    bool ok;
} spelling;

static void number(spelling *s, const qir_value *v)
{
    qir_map_put(&s->numbers, v, (void *)++s->next);
}

/* --- attributes ------------------------------------------------------------------------------- */

static void spell_attr(spelling *s, const qir_attr *a)
{
    qir_strbuf *b = &s->model;
    size_t n = a->len;
    qir_strbuf_printf(b, "%d:", (int)a->kind);
    switch (a->kind) {
    case QIR_ATTR_BOOL: qir_strbuf_int(b, a->u.b); break;
    case QIR_ATTR_INT: qir_strbuf_int(b, a->u.i); break;
    case QIR_ATTR_FLOAT: qir_strbuf_float(b, a->u.f); break;
    case QIR_ATTR_STRING: qir_strbuf_quoted(b, a->u.s, n); break;
    case QIR_ATTR_TYPE: qir_strbuf_puts(b, qir_type_text(s->ctx, a->u.type)); break;
    case QIR_ATTR_INTS:
        for (size_t i = 0; i < n; i++)
            qir_strbuf_printf(b, "%lld,", (long long)a->u.ints[i]);
        break;
    case QIR_ATTR_FLOATS:
        for (size_t i = 0; i < n; i++) {
            qir_strbuf_float(b, a->u.floats[i]);
            qir_strbuf_putc(b, ',');
        }
        break;
    case QIR_ATTR_STRINGS:
        for (size_t i = 0; i < n; i++)
            qir_strbuf_quoted(b, a->u.strings[i], strlen(a->u.strings[i]));
        break;
    }
}

/* Annotations (`quant.`) say what is to become of the model, not what it is; a default may be
 * written out or not. */
static void spell_attrs(spelling *s, const qir_op *op)
{
    for (size_t i = 0; op->attrs && i < op->attrs->len; i++) {
        const char *name = op->attrs->entries[i].name;
        const qir_attr *a = op->attrs->entries[i].value;
        if (strncmp(name, "quant.", 6) == 0 || a == qir_op_default_attr(s->ctx, op->opcode, name))
            continue;
        qir_strbuf_printf(&s->model, " %s=", name);
        spell_attr(s, a);
    }
}

/* --- ops -------------------------------------------------------------------------------------- */

static void spell_observers(spelling *s, const qir_op *user, uint32_t operand)
{
    const qir_op *op = qir_value_op(qir_op_operand(user, operand));
    for (; op && op->opcode == QIR_OP_observe; op = qir_value_op(qir_op_operand(op, 0)))
        qir_strbuf_printf(&s->observers, "%lld:%u:%lld\n", (long long)s->next, operand,
                          (long long)qir_op_int(op, "id"));
}

/* Constants get their numbers where they are first used. */
static void spell_const(spelling *s, qir_const *c)
{
    const void *data = qir_const_data(c);
    s->ok = s->ok && data;
    if (!data)
        return;
    qir_strbuf_printf(&s->model, "const %s %016llx\n", qir_type_text(s->ctx, c->value.type),
                      (unsigned long long)qir_hash_bytes(data, qir_type_bytes(c->value.type)));
    number(s, &c->value);
}

static void spell_operand(spelling *s, const qir_op *op, uint32_t i)
{
    const qir_value *v = qir_op_operand(op, i);
    uintptr_t n = 0;
    if (v) {
        spell_observers(s, op, i);
        n = (uintptr_t)qir_map_get(&s->numbers, v);
    }
    qir_strbuf_printf(&s->model, "%llu,", (unsigned long long)n);
}

static void spell_op(spelling *s, const qir_op *op)
{
    qir_strbuf_printf(&s->model, "%s(", qir_op_desc_get(op->opcode)->name);
    for (uint32_t i = 0; i < op->noperands; i++)
        spell_operand(s, op, i);
    spell_attrs(s, op);
    for (uint16_t i = 0; i < op->nresults; i++) {
        qir_strbuf_printf(&s->model, ":%s", qir_type_text(s->ctx, op->results[i].type));
        number(s, &op->results[i]);
    }
    qir_strbuf_putc(&s->model, '\n');
}

/* Ranges hold for one preprocessing only. */
static void spell_preprocess(spelling *s, const qir_func *f, uint32_t arg)
{
    qir_preprocess p;
    if (!qir_func_preprocess(f, arg, &p) || p.raw)
        return;
    qir_preprocess_print(&p, &s->model);
    qir_strbuf_putc(&s->model, '\n');
}

static void spell_func(spelling *s, const qir_func *f)
{
    for (uint32_t i = 0; i < f->body->nargs; i++) {
        qir_strbuf_printf(&s->model, "arg %s\n", qir_type_text(s->ctx, f->body->args[i]->type));
        spell_preprocess(s, f, i);
        number(s, f->body->args[i]);
    }
    qir_for_each_op(op, f->body) {
        for (uint32_t i = 0; i < op->noperands; i++) {
            qir_const *c = qir_value_const(qir_op_operand(op, i));
            if (c && !qir_map_has(&s->numbers, &c->value))
                spell_const(s, c);
        }
        if (op->opcode != QIR_OP_observe)
            spell_op(s, op);
        else
            qir_map_put(&s->numbers, &op->results[0],
                        qir_map_get(&s->numbers, qir_op_operand(op, 0)));
    }
}

bool qir_model_hash_of(qir_module *m, qir_model_hash *out)
{
    spelling s = {.ctx = m->ctx, .ok = true};
    qir_for_each_func(f, m)
        spell_func(&s, f);
    out->model = qir_hash_bytes(qir_strbuf_cstr(&s.model), s.model.len);
    out->observers = qir_hash_bytes(qir_strbuf_cstr(&s.observers), s.observers.len);
    qir_strbuf_free(&s.model);
    qir_strbuf_free(&s.observers);
    qir_map_free(&s.numbers);
    return s.ok;
}
