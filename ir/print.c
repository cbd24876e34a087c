/* The printer.  Deterministic: aliases are numbered by first use, attributes stand in the order of
 * their declaration, names are kept and made unique, unnamed values are numbered. */
#include "print_priv.h"

#include <stdio.h>
#include <string.h>
#include "qir/ops.h"

/* --- names of values -------------------------------------------------------------------------- */
static bool is_number(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == 0;
}

static const char *free_name(printer *p, const char *name)
{
    char buf[300];
    const char *s;
    do {
        snprintf(buf, sizeof buf, "%.250s_%u", name, ++p->suffix);
        s = qir_intern_cstr(p->ctx, buf);
    } while (qir_map_has(&p->taken, s));
    return s;
}

static void name_value(printer *p, const qir_value *v)
{
    if (!v->name || p->opts.generic_names || is_number(v->name)) {
        qir_map_put(&p->numbers, v, (void *)(uintptr_t)(p->numbers.len + 1));
        return;
    }
    const char *name = v->name;
    if (qir_map_has(&p->taken, name)) {
        name = free_name(p, name);
        qir_map_put(&p->renamed, v, (void *)(uintptr_t)name);
    }
    qir_map_put(&p->taken, name, p);
}

static void forget_names(printer *p)
{
    qir_map_free(&p->numbers);
    qir_map_free(&p->renamed);
    qir_map_free(&p->taken);
    p->numbers = p->renamed = p->taken = (qir_map){0};
    p->suffix = 0;
}

static void name_values(printer *p, const qir_func *f)
{
    forget_names(p);
    for (uint32_t i = 0; i < f->body->nargs; i++)
        name_value(p, f->body->args[i]);
    for (const qir_op *op = f->body->first; op; op = op->next)
        for (uint32_t i = 0; i < op->nresults; i++)
            name_value(p, &op->results[i]);
}

static void print_value(printer *p, const qir_value *v)
{
    if (!v) {
        qir_strbuf_puts(p->out, "none");
        return;
    }
    if (v->kind == QIR_VALUE_CONST) {
        print_name(p->out, '@', v->name);
        return;
    }
    size_t number = (size_t)(uintptr_t)qir_map_get(&p->numbers, v);
    if (number) {
        qir_strbuf_putc(p->out, '%');
        qir_strbuf_int(p->out, (int64_t)number - 1);
        return;
    }
    const char *other = p->renamed.len ? qir_map_get(&p->renamed, v) : NULL;
    print_name(p->out, '%', other ? other : v->name ? v->name : "?");
}

/* --- ops -------------------------------------------------------------------------------------- */
static void print_results(printer *p, const qir_op *op)
{
    for (uint32_t i = 0; i < op->nresults; i++) {
        if (i)
            qir_strbuf_puts(p->out, ", ");
        print_value(p, &op->results[i]);
    }
    if (op->nresults)
        qir_strbuf_puts(p->out, " = ");
}

static void print_operands(printer *p, const qir_op *op)
{
    qir_strbuf_putc(p->out, '(');
    for (uint32_t i = 0; i < op->noperands; i++) {
        if (i)
            qir_strbuf_puts(p->out, ", ");
        print_value(p, op->operands[i].value);
    }
    qir_strbuf_putc(p->out, ')');
}

static void print_result_types(printer *p, const qir_op *op)
{
    if (op->nresults)
        qir_strbuf_puts(p->out, op->nresults > 1 ? " : (" : " : ");
    for (uint32_t i = 0; i < op->nresults; i++) {
        if (i)
            qir_strbuf_puts(p->out, ", ");
        print_type(p, op->results[i].type);
    }
    if (op->nresults > 1)
        qir_strbuf_putc(p->out, ')');
}

static void print_op(printer *p, const qir_op *op)
{
    print_results(p, op);
    qir_strbuf_puts(p->out, qir_op_name(op));
    print_operands(p, op);
    print_attrs(p, op->attrs, op->opcode);
    print_result_types(p, op);
    print_loc(p, op->loc);
}

/* --- functions -------------------------------------------------------------------------------- */
static void print_model_name(printer *p, const char *name)
{
    if (!name)
        return;
    qir_strbuf_puts(p->out, " {name = ");
    qir_strbuf_quoted(p->out, name, strlen(name));
    qir_strbuf_putc(p->out, '}');
}

static void print_signature(printer *p, const qir_func *f)
{
    qir_strbuf_puts(p->out, "  func ");
    print_name(p->out, '@', f->name);
    qir_strbuf_putc(p->out, '(');
    for (uint32_t i = 0; i < f->body->nargs; i++) {
        qir_strbuf_puts(p->out, i ? ", " : "");
        print_value(p, f->body->args[i]);
        qir_strbuf_puts(p->out, ": ");
        print_type(p, f->body->args[i]->type);
        print_model_name(p, f->arg_names[i]);
    }
    qir_strbuf_puts(p->out, ") -> (");
    for (uint32_t i = 0; i < f->nresults; i++) {
        qir_strbuf_puts(p->out, i ? ", " : "");
        print_type(p, f->result_types[i]);
        print_model_name(p, f->result_names[i]);
    }
    qir_strbuf_putc(p->out, ')');
}

static void print_attributes(printer *p, const qir_dict *attrs)
{
    if (!attrs || attrs->len == 0)
        return;
    qir_strbuf_puts(p->out, " attributes");
    print_attrs(p, attrs, -1);
}

static void print_func(printer *p, const qir_func *f)
{
    name_values(p, f);
    print_signature(p, f);
    print_attributes(p, f->attrs);
    print_loc(p, f->loc);
    qir_strbuf_puts(p->out, " {\n");
    for (const qir_op *op = f->body->first; op; op = op->next) {
        qir_strbuf_puts(p->out, "    ");
        print_op(p, op);
        qir_strbuf_putc(p->out, '\n');
    }
    qir_strbuf_puts(p->out, "  }\n");
}

/* --- modules ---------------------------------------------------------------------------------- */
static void print_params(printer *p, const qir_params *scope)
{
    qir_strbuf_puts(p->out, "  params ");
    print_name(p->out, '@', scope->name);
    qir_strbuf_puts(p->out, " = external<");
    qir_strbuf_quoted(p->out, scope->path, strlen(scope->path));
    qir_strbuf_putc(p->out, '>');
    print_loc(p, scope->loc);
    qir_strbuf_putc(p->out, '\n');
}

static void print_module(printer *p)
{
    const qir_module *m = p->m;
    qir_strbuf_puts(p->out, "module");
    if (m->name) {
        qir_strbuf_putc(p->out, ' ');
        print_name(p->out, '@', m->name);
    }
    print_attributes(p, m->attrs);
    print_loc(p, m->loc);
    qir_strbuf_puts(p->out, " {\n");
    for (const qir_params *s = m->params; s; s = s->next)
        print_params(p, s);
    for (const qir_const *c = m->consts; c; c = c->next)
        print_const(p, c);
    for (const qir_func *f = m->funcs; f; f = f->next)
        print_func(p, f);
    qir_strbuf_puts(p->out, "}\n");
}

static void print_aliases(printer *p)
{
    p->use_aliases = false;
    for (size_t i = 0; i < p->alias_order.len; i++) {
        qir_strbuf_printf(p->out, "!q%zu = ", i);
        print_quant(p, p->alias_order.data[i]);
        qir_strbuf_putc(p->out, '\n');
    }
}

/* Moves the last `n` bytes of `out` to `at`. */
static void move_back(qir_strbuf *out, size_t at, size_t n)
{
    qir_strbuf tail = {0};
    qir_strbuf_write(&tail, out->data + out->len - n, n);
    memmove(out->data + at + n, out->data + at, out->len - n - at);
    memcpy(out->data + at, tail.data, n);
    qir_strbuf_free(&tail);
}

void qir_print(const qir_module *m, const qir_print_options *opts, qir_strbuf *out)
{
    printer p = {.m = m, .ctx = m->ctx, .out = out, .use_aliases = true};
    p.opts = opts ? *opts : (qir_print_options){.locations = true};
    size_t start = out->len;
    print_module(&p);
    size_t end = out->len;
    qir_strbuf_puts(out, "qir 1\n");
    print_aliases(&p); /* known only now */
    move_back(out, start, out->len - end);
    forget_names(&p);
    qir_map_free(&p.aliases);
    qir_vec_free(&p.alias_order);
}
