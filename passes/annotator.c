/* Annotations: which op may be annotated by whom, and writing them (qir/quantizer.h). */
#include "annotator.h"

#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "qir/diag.h"
#include "qir/ops.h"
#include "qir/quant.h"

static const char *intern(const qir_annotator *a, const char *s)
{
    return qir_intern_cstr(a->module->ctx, s);
}

qir_arena *qir_annotator_arena(const qir_annotator *a)
{
    return qir_pass_arena(a->pass);
}

/* --- options --------------------------------------------------------------------------------- */

const char *qir_annotator_name(const qir_annotator *a)
{
    return a->rule->quantizer->name;
}

static const char *option(const qir_annotator *a, const char *name, qir_option_kind kind)
{
    return opt_value(a->rule->quantizer->options, a->rule->values, name, kind);
}

const char *qir_annotator_string(const qir_annotator *a, const char *name)
{
    return option(a, name, QIR_OPT_STRING);
}

bool qir_annotator_bool(const qir_annotator *a, const char *name)
{
    return !strcmp(option(a, name, QIR_OPT_BOOL), "true");
}

int64_t qir_annotator_int(const qir_annotator *a, const char *name)
{
    return strtoll(option(a, name, QIR_OPT_INT), NULL, 10);
}

/* --- specs ----------------------------------------------------------------------------------- */

static qir_named_spec *find_spec(const qir_annotator *a, const char *role, const char *text)
{
    for (size_t i = 0; i < a->specs.len; i++)
        if (!strcmp(a->specs.data[i]->role, role) && !strcmp(a->specs.data[i]->text, text))
            return a->specs.data[i];
    return NULL;
}

static qir_named_spec *make_spec(qir_annotator *a, const char *role, const char *text)
{
    qir_named_spec *s = QIR_NEW(qir_annotator_arena(a), qir_named_spec);
    if (!qir_qspec_parse(a->module->ctx, text, a->module->loc, &s->spec))
        return NULL;
    s->role = intern(a, role);
    s->text = intern(a, text);
    qir_vec_push(&a->specs, s);
    return s;
}

static qir_named_spec *spec_of(qir_annotator *a, const char *role, const char *text)
{
    qir_named_spec *s = find_spec(a, role, text);
    s = s ? s : make_spec(a, role, text);
    a->ok = a->ok && s;
    return s;
}

const qir_qspec *qir_annotator_spec(qir_annotator *a, const char *name, const char *text)
{
    qir_named_spec *s = spec_of(a, name, text);
    return s ? &s->spec : NULL;
}

/* The list's entry that `spec` belongs to; NULL: none. */
static qir_named_spec *named(const qir_annotator *a, const qir_qspec *spec)
{
    for (size_t i = 0; i < a->specs.len; i++)
        if (&a->specs.data[i]->spec == spec)
            return a->specs.data[i];
    return NULL;
}

/* Names are given when they are needed first: the role, then role1, role2, ... */
static const char *name_of(qir_annotator *a, qir_named_spec *s)
{
    unsigned taken = 0;
    for (size_t i = 0; i < a->specs.len && !s->used; i++)
        taken += a->specs.data[i]->used && a->specs.data[i]->role == s->role;
    if (!s->used)
        s->name = taken ? intern(a, qir_arena_printf(qir_annotator_arena(a), "%s%u", s->role, taken))
                        : s->role;
    s->used = true;
    return s->name;
}

/* The entry of an annotation: a name, after the rules had their say, or the spec's text. */
static const char *entry_of(qir_annotator *a, const qir_op *op, const qir_qspec *spec)
{
    qir_named_spec *s = named(a, spec);
    if (s) {
        const char *other = qir_qconfig_spec(a->config, s->role, op);
        s = other ? spec_of(a, s->role, other) : s;
        return s ? name_of(a, s) : "float";
    }
    qir_strbuf text = {0};
    qir_qspec_print(spec, &text);
    const char *entry = intern(a, qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return entry;
}

static void write_list(qir_annotator *a)
{
    const char **lines = QIR_NEW_ARRAY(qir_annotator_arena(a), const char *, a->specs.len);
    size_t n = 0;
    for (size_t i = 0; i < a->specs.len; i++)
        if (a->specs.data[i]->used)
            lines[n++] = qir_arena_printf(qir_annotator_arena(a), "%s = %s", a->specs.data[i]->name,
                                          a->specs.data[i]->text);
    a->module->attrs = qir_dict_set(a->module->ctx, a->module->attrs, intern(a, "quant.specs"),
                                    n ? qir_attr_strings(a->module->ctx, lines, n) : NULL);
}

/* --- annotating ------------------------------------------------------------------------------ */

static bool computes(const qir_op *op)
{
    return !qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) && op->opcode != QIR_OP_quantize &&
           op->opcode != QIR_OP_dequantize && op->nresults &&
           qir_type_is_float(op->results[0].type);
}

static bool is_open(const qir_annotator *a, const qir_op *op)
{
    return computes(op) && !qir_dict_get(op->attrs, intern(a, "quant.in"));
}

bool qir_annotator_takes(qir_annotator *a, const qir_op *op)
{
    return is_open(a, op) && qir_qconfig_governs(a->config, a->rule, op);
}

bool qir_annotator_takes_with(qir_annotator *a, const qir_op *op, const qir_op *whole)
{
    return is_open(a, op) && qir_qconfig_governs_with(a->config, a->rule, op, whole);
}

static bool kept_float(qir_annotator *a, const qir_op *op)
{
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(a->config, &n);
    for (size_t i = 0; i < n; i++)
        if (rules[i]->uses && !rules[i]->quantizer && qir_qconfig_governs(a->config, rules[i], op))
            return true;
    return false;
}

bool qir_annotator_may_follow(qir_annotator *a, const qir_op *op)
{
    return is_open(a, op) && !kept_float(a, op);
}

void qir_annotate(qir_annotator *a, qir_op *op, const qir_qspec *const *in, const qir_qspec *out)
{
    if (!qir_pass_may_transform(a->pass))
        return;
    qir_context *ctx = a->module->ctx;
    const char **entries = QIR_NEW_ARRAY(qir_annotator_arena(a), const char *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        entries[i] = entry_of(a, op, in[i]);
    const char *result = entry_of(a, op, out);
    qir_op_set_attr(op, intern(a, "quant.in"), qir_attr_strings(ctx, entries, op->noperands));
    qir_op_set_attr(op, intern(a, "quant.out"), qir_attr_string(ctx, result, strlen(result)));
    qir_op_set_attr(op, intern(a, QIR_ATTR_FLOAT_REASON), NULL);
    qir_pass_count(a->pass, "annotated", 1);
}

void qir_annotate_operand(qir_annotator *a, qir_op *op, uint32_t i, const qir_qspec *spec)
{
    const qir_attr *in = qir_dict_get(op->attrs, intern(a, "quant.in"));
    const char **entries = QIR_NEW_ARRAY(qir_annotator_arena(a), const char *, in->len);
    memcpy(entries, in->u.strings, in->len * sizeof *entries);
    entries[i] = entry_of(a, op, spec);
    qir_op_set_attr(op, intern(a, "quant.in"),
                    qir_attr_strings(a->module->ctx, entries, op->noperands));
}

void qir_annotate_float(qir_annotator *a, qir_op *op, const char *why)
{
    qir_op_set_attr(op, intern(a, QIR_ATTR_FLOAT_REASON),
                    qir_attr_string(a->module->ctx, why, strlen(why)));
}

bool qir_is_annotated(const qir_value *v)
{
    qir_op *op = v ? qir_value_op(v) : NULL;
    const qir_attr *out =
        op ? qir_dict_get(op->attrs, qir_intern_cstr(qir_op_module(op)->ctx, "quant.out")) : NULL;
    return out && out->kind == QIR_ATTR_STRING && strcmp(out->u.s, "float") != 0;
}

/* --- running --------------------------------------------------------------------------------- */

/* Marked too, so that it does not become integer between values that are quantized for others' sake. */
static void keep_float(qir_annotator *a)
{
    qir_for_each_func(f, a->module)
        qir_for_each_op(op, f->body) {
            if (!qir_annotator_takes(a, op))
                continue;
            qir_annotate_float(a, op, "a rule keeps it in float");
            qir_op_set_attr(op, intern(a, QIR_ATTR_KEEP_FLOAT), qir_attr_bool(a->module->ctx, true));
        }
}

static bool run_table(qir_annotator *a, const qir_quantizer *q, int step)
{
    qir_quant_table t = {0};
    return q->table(a, &t) && (step == 0 ? qir_annotate_table(a, a->module, &t)
                                         : qir_propagate_table(a, a->module, &t));
}

/* Step 0 annotates, step 1 propagates. */
static bool run_rule(qir_annotator *a, int step)
{
    const qir_quantizer *q = a->rule->quantizer;
    if (!a->rule->uses)
        return true;
    if (!q && step == 0)
        keep_float(a);
    if (!q)
        return true;
    if (q->table)
        return run_table(a, q, step);
    bool (*fn)(qir_annotator *, qir_module *) = step == 0 ? q->annotate : q->propagate;
    return !fn || fn(a, a->module);
}

bool qir_annotate_module(qir_pass *pass, qir_module *m, qir_qconfig *config)
{
    qir_annotator a = {.pass = pass, .module = m, .config = config, .ok = true};
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(config, &n);
    for (int step = 0; step < 2; step++)
        for (size_t i = 0; i < n && a.ok; i++) {
            a.rule = rules[i];
            a.ok = run_rule(&a, step) && a.ok;
        }
    write_list(&a);
    qir_vec_free(&a.specs);
    return a.ok;
}
