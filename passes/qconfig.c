/* The rules of a configuration: adding them, in order of precedence (qconfig.h). */
#include "qconfig.h"

#include <string.h>
#include "options.h"
#include "qir/diag.h"
#include "qir/ops.h"
#include "qir/support/suggest.h"
#include "qir/support/vec.h"

struct qir_qconfig {
    qir_module *module;
    qir_arena *arena;
    QIR_VEC(qir_qconfig_rule *) rules; /* in order of precedence */
};

qir_qconfig *qir_qconfig_create(qir_module *m)
{
    qir_arena *arena = qir_context_new_arena(m->ctx);
    qir_qconfig *c = QIR_NEW(arena, qir_qconfig);
    c->module = m;
    c->arena = arena;
    return c;
}

void qir_qconfig_destroy(qir_qconfig *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->rules.len; i++)
        if (c->rules.data[i]->match == QIR_MATCH_NAME)
            regfree(&c->rules.data[i]->regex);
    qir_vec_free(&c->rules);
    qir_arena_destroy(c->arena);
}

qir_module *qir_qconfig_module(const qir_qconfig *c)
{
    return c->module;
}

qir_arena *qir_qconfig_arena(const qir_qconfig *c)
{
    return c->arena;
}

static qir_diag_engine *diag_of(const qir_qconfig *c)
{
    return qir_context_diag(c->module->ctx);
}

/* --- adding ---------------------------------------------------------------------------------- */

static bool compile(qir_qconfig *c, qir_qconfig_rule *rule)
{
    char why[128];
    int code = regcomp(&rule->regex, rule->pattern, REG_EXTENDED | REG_NOSUB);
    if (!code)
        return true;
    regerror(code, &rule->regex, why, sizeof why);
    return qir_error(diag_of(c), rule->loc, "qconfig.regex",
                     "bad regular expression '%s': %s", rule->pattern, why);
}

/* Names and modules are one class: PyTorch's set_module_name. */
static int rank_of(qir_match_kind k)
{
    return k == QIR_MATCH_MODULE ? QIR_MATCH_NAME : (int)k;
}

bool qir_qconfig_add(qir_qconfig *c, qir_qconfig_rule *rule)
{
    qir_opcode opcode;
    if (rule->match == QIR_MATCH_NAME && !compile(c, rule))
        return false;
    if (rule->match == QIR_MATCH_OP &&
        !qir_opcode_from_name(rule->pattern, strlen(rule->pattern), &opcode))
        return qir_error(diag_of(c), rule->loc, "qconfig.op",
                         "unknown op '%s'; expected an op of QIR, like conv or linear", rule->pattern);
    qir_vec_push(&c->rules, rule);
    qir_qconfig_rule **v = c->rules.data;
    for (size_t i = c->rules.len - 1; i > 0 && rank_of(v[i - 1]->match) > rank_of(v[i]->match); i--) {
        qir_qconfig_rule *r = v[i];
        v[i] = v[i - 1];
        v[i - 1] = r;
    }
    return true;
}

static void fail_unknown(qir_qconfig *c, const opt_reader *r, opt_word name)
{
    qir_suggestion near = {.name = name.s, .len = name.len};
    qir_strbuf known = {0};
    const qir_quantizer *q;
    for (size_t i = 0; (q = qir_quantizer_at(c->module->ctx, i)); i++) {
        qir_strbuf_printf(&known, "%s%s", i ? ", " : "", q->name);
        qir_suggestion_offer(&near, q->name);
    }
    qir_error(diag_of(c), opt_loc(r, name.s), "quant.quantizer",
              "unknown quantizer '%.*s'; expected float or one of %s", (int)name.len, name.s,
              qir_strbuf_cstr(&known));
    qir_strbuf_free(&known);
    if (near.best)
        qir_note(diag_of(c), NULL, "did you mean '%s'?", near.best);
}

static const qir_quantizer *find_quantizer(qir_qconfig *c, const opt_reader *r, opt_word name)
{
    const qir_quantizer *q;
    for (size_t i = 0; (q = qir_quantizer_at(c->module->ctx, i)); i++)
        if (strlen(q->name) == name.len && !memcmp(q->name, name.s, name.len))
            return q;
    fail_unknown(c, r, name);
    return NULL;
}

/* NAME or NAME{options} at the reader. */
static bool read_quantizer(qir_qconfig *c, opt_reader *r, qir_qconfig_rule *rule)
{
    opt_skip_blanks(r);
    opt_word name = opt_next_word(r);
    if (!name.len)
        return opt_expected(r, "the name of a quantizer");
    rule->uses = true;
    if (name.len == 5 && !memcmp(name.s, "float", 5))
        return true;
    rule->quantizer = find_quantizer(c, r, name);
    if (!rule->quantizer)
        return false;
    const char **values = opt_defaults(c->arena, rule->quantizer->options);
    rule->values = values;
    if (!opt_read(r, rule->quantizer->options, "quantizer", rule->quantizer->name, values))
        return false;
    opt_skip_blanks(r);
    return true;
}

static opt_reader reader_of(qir_qconfig *c, const char *text)
{
    const char *own = qir_arena_strndup(c->arena, text, strlen(text));
    return (opt_reader){c->module->ctx, c->arena, "list of quantizers", "-quantizer", own, own};
}

bool qir_qconfig_read_use(qir_qconfig *c, const char *text, const qir_loc *loc,
                          qir_qconfig_rule *rule)
{
    opt_reader r = reader_of(c, text);
    rule->loc = loc;
    return read_quantizer(c, &r, rule) && (!*r.at || opt_expected(&r, "the end of the text"));
}

bool qir_qconfig_add_quantizers(qir_qconfig *c, const char *list)
{
    opt_reader r = reader_of(c, list);
    qir_diag_add_source(diag_of(c), r.source, r.text, strlen(r.text));
    bool ok = true, more = *list != '\0';
    while (ok && more) {
        qir_qconfig_rule *rule = QIR_NEW(c->arena, qir_qconfig_rule);
        rule->match = QIR_MATCH_ALL;
        ok = read_quantizer(c, &r, rule) && qir_qconfig_add(c, rule);
        more = ok && *r.at == ',';
        r.at += more;
    }
    ok = ok && (!*r.at || opt_expected(&r, "',' between quantizers"));
    qir_diag_remove_source(diag_of(c), r.source);
    return ok;
}

bool qir_qconfig_add_keep_float(qir_qconfig *c, const char *regex)
{
    if (!*regex)
        return true;
    qir_qconfig_rule *rule = QIR_NEW(c->arena, qir_qconfig_rule);
    rule->match = QIR_MATCH_NAME;
    rule->pattern = qir_arena_strndup(c->arena, regex, strlen(regex));
    rule->uses = true;
    return qir_qconfig_add(c, rule);
}

const char *qir_qconfig_result_spec(qir_qconfig *c, const char *text)
{
    const char *spec = strcmp(text, "int16") ? text : "i16<-32767:32767> symmetric";
    qir_qspec s;
    bool ok = qir_qspec_parse(c->module->ctx, spec, NULL, &s) && s.kind == QIR_QSPEC_OWN &&
              s.dtype == QIR_i16 && s.symmetric && !s.dynamic && s.axis == QIR_QSPEC_PER_TENSOR;
    return ok ? spec : NULL;
}

bool qir_qconfig_add_int16(qir_qconfig *c, const char *regex)
{
    if (!*regex)
        return true;
    qir_qconfig_rule *rule = QIR_NEW(c->arena, qir_qconfig_rule);
    rule->match = QIR_MATCH_NAME;
    rule->pattern = qir_arena_strndup(c->arena, regex, strlen(regex));
    rule->result = qir_qconfig_result_spec(c, "int16");
    return qir_qconfig_add(c, rule);
}

qir_qconfig_rule *const *qir_qconfig_rules(const qir_qconfig *c, size_t *n)
{
    *n = c->rules.len;
    return c->rules.data;
}
