/* Ops of the text form: names are resolved, attributes converted, the op created. */
#include <string.h>
#include "parse_priv.h"

/* --- names ------------------------------------------------------------------------------------ */
static size_t symbol_of(parser *p, const name_ref *ref)
{
    size_t index = (size_t)(uintptr_t)qir_strmap_get(&p->values, ref->name.s, ref->name.len);
    if (index)
        return index - 1;
    symbol s = {.name = ref->name, .at = ref->at};
    qir_vec_push(&p->symbols, s);
    qir_strmap_put(&p->values, ref->name.s, ref->name.len, (void *)(uintptr_t)p->symbols.len);
    return p->symbols.len - 1;
}

/* Valid until the next name is entered. */
static symbol *lookup(parser *p, const name_ref *ref)
{
    size_t index = symbol_of(p, ref);
    return &p->symbols.data[index];
}

bool parse_define(parser *p, name_ref name, qir_value *value)
{
    symbol *s = lookup(p, &name);
    if (s->defined) {
        parse_error(p, name.at, "ssa.redef", "value '%%%.*s' is defined twice",
                    parse_print_slice(name.name), name.name.s);
        qir_note(p->diag, parse_loc(p, s->at), "first defined here");
        return false;
    }
    *s = (symbol){value, name.name, name.at, true, value == NULL};
    return true;
}

static void poison_results(parser *p)
{
    for (size_t i = 0; i < p->results.len; i++) {
        symbol *s = lookup(p, &p->results.data[i]);
        if (!s->defined)
            *s = (symbol){NULL, p->results.data[i].name, p->results.data[i].at, true, true};
    }
}

void parse_op_failed(parser *p)
{
    poison_results(p);
}

/* --- operands --------------------------------------------------------------------------------- */
static qir_value *const_operand(parser *p, const name_ref *ref, bool *poisoned)
{
    const char *name = parse_intern(p, ref->name);
    qir_const *c = qir_module_const(p->module, name);
    *poisoned |= !c && qir_strmap_has(&p->bad_consts, ref->name.s, ref->name.len);
    return c ? &c->value : NULL;
}

/* Fills values[]; absent and later defined ones stay NULL.  False: an operand's own definition was
 * wrong, which has been reported. */
static bool resolve_operands(parser *p, qir_value **values, bool *complete)
{
    bool poisoned = false;
    for (size_t i = 0; i < p->operands.len; i++) {
        const name_ref *ref = &p->operands.data[i];
        values[i] = NULL;
        if (ref->sigil == '@') {
            values[i] = const_operand(p, ref, &poisoned);
        } else if (ref->sigil == '%') {
            const symbol *s = lookup(p, ref);
            values[i] = s->value;
            poisoned |= s->poisoned;
        }
        *complete &= values[i] || ref->sigil == 'n';
    }
    return !poisoned;
}

static void note_fixups(parser *p, qir_op *op)
{
    for (uint32_t i = 0; i < p->operands.len; i++) {
        const name_ref *ref = &p->operands.data[i];
        if (op->operands[i].value || ref->sigil == 'n')
            continue;
        fixup f = {op, i, 0};
        if (ref->sigil == '%') {
            f.symbol = symbol_of(p, ref);
            qir_vec_push(&p->fixups, f);
        } else {
            f.symbol = p->const_names.len;
            qir_vec_push(&p->const_names, *ref);
            qir_vec_push(&p->const_fixups, f);
        }
    }
}

void parse_resolve_values(parser *p)
{
    for (size_t i = 0; i < p->symbols.len; i++) {
        const symbol *s = &p->symbols.data[i];
        if (!s->defined)
            parse_error(p, s->at, "ssa.undef", "undefined value '%%%.*s'",
                        parse_print_slice(s->name), s->name.s);
    }
    for (size_t i = 0; i < p->fixups.len; i++) {
        const fixup *f = &p->fixups.data[i];
        if (p->symbols.data[f->symbol].value)
            qir_op_set_operand(f->op, f->index, p->symbols.data[f->symbol].value);
    }
    p->fixups.len = 0;
}

void parse_resolve_consts(parser *p)
{
    for (size_t i = 0; i < p->const_fixups.len; i++) {
        const fixup *f = &p->const_fixups.data[i];
        const name_ref *ref = &p->const_names.data[f->symbol];
        bool poisoned = false;
        qir_value *v = const_operand(p, ref, &poisoned);
        if (v) {
            qir_op_set_operand(f->op, f->index, v);
        } else if (!poisoned) {
            parse_error(p, ref->at, "ssa.undef", "undefined constant '@%.*s'",
                        parse_print_slice(ref->name), ref->name.s);
            qir_strmap_put(&p->bad_consts, ref->name.s, ref->name.len, p); /* once */
        }
    }
    p->const_fixups.len = p->const_names.len = 0;
}

/* --- ops -------------------------------------------------------------------------------------- */
static bool find_opcode(parser *p, pos at, slice name, qir_opcode *out)
{
    if (qir_opcode_from_name(name.s, name.len, out))
        return true;
    const char *near = qir_opcode_suggest(name.s, name.len);
    return parse_error(p, at, "op.unknown", "unknown op '%.*s'%s%s%s", parse_print_slice(name),
                       name.s, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool wrong_results(parser *p, pos at, const qir_op_desc *desc, size_t got, const char *what)
{
    if (desc->traits & QIR_TRAIT_RESULTS)
        return parse_error(p, at, "op.results", "'%s' has 1 to %d results, and as many types, got %zu "
                           "%s%s", desc->name, QIR_MAX_RESULTS, got, what, got == 1 ? "" : "s");
    return parse_error(p, at, "op.results", "'%s' has %u result%s, got %zu %s%s", desc->name,
                       desc->nresults, desc->nresults == 1 ? "" : "s", got, what, got == 1 ? "" : "s");
}

static bool check_results(parser *p, pos at, const qir_op_desc *desc)
{
    size_t names = p->results.len, types = p->types.len;
    if (!qir_op_takes_results(desc, names))
        return wrong_results(p, at, desc, names, "name");
    return !types || types == names || wrong_results(p, at, desc, types, "type");
}

static bool check_complete(parser *p, qir_value *const *values)
{
    for (size_t i = 0; i < p->operands.len; i++) {
        const name_ref *ref = &p->operands.data[i];
        if (!values[i] && ref->sigil != 'n')
            return parse_error(p, ref->at, "type.infer", "'%c%.*s' is not defined before, so the "
                               "result type cannot be inferred: write ': type' after the operands",
                               ref->sigil, parse_print_slice(ref->name), ref->name.s);
    }
    return true;
}

/* Without result types they are inferred, which needs all operands; with them the verifier checks. */
static qir_op *create(parser *p, qir_opcode opcode, qir_value *const *values, const qir_dict *attrs,
                      bool complete)
{
    const qir_op_desc *desc = qir_op_desc_get(opcode);
    qir_block *body = p->func->body;
    uint32_t n = (uint32_t)p->operands.len;
    uint32_t nresults = (uint32_t)p->results.len;
    if (p->types.len || desc->nresults == 0) {
        qir_op *op = qir_op_create(p->module, opcode, values, n, p->types.data, (uint16_t)nresults,
                                   attrs, p->loc);
        qir_op_append(body, op);
        return op;
    }
    if (!complete && !check_complete(p, values))
        return NULL;
    qir_builder b = qir_builder_at_end(body);
    b.loc = p->loc;
    return qir_build_results(&b, opcode, values, n, attrs, NULL, nresults);
}

static void define_results(parser *p, qir_op *op)
{
    for (uint32_t i = 0; i < p->results.len; i++) {
        name_ref name = p->results.data[i];
        qir_value *v = qir_op_result(op, i);
        if (!parse_is_number(name.name))
            v->name = parse_intern(p, name.name);
        parse_define(p, name, v);
    }
}

void parse_op(parser *p, pos at, slice mnemonic)
{
    qir_opcode opcode;
    qir_op *op = NULL;
    bool complete = true;
    p->values_of_op.len = 0;
    qir_vec_reserve(&p->values_of_op, p->operands.len + 1);
    p->loc = parse_placed_loc(p, p->results.len ? p->results.data[0].at : at);
    bool resolved = resolve_operands(p, p->values_of_op.data, &complete);
    if (find_opcode(p, at, mnemonic, &opcode) && check_results(p, at, qir_op_desc_get(opcode))) {
        const qir_dict *attrs = parse_attrs(p, opcode);
        if (resolved && !p->bad)
            op = create(p, opcode, p->values_of_op.data, attrs, complete);
    }
    if (op) {
        note_fixups(p, op);
        define_results(p, op);
    } else {
        poison_results(p);
    }
    parse_reset_statement(p);
}
