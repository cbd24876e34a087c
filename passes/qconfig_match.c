/* What the rules of a configuration match, and which of them decides (qconfig.h). */
#include <string.h>
#include "qconfig.h"
#include "qir/diag.h"
#include "qir/ops.h"

static bool is_separator(char c)
{
    return c == '.' || c == '/';
}

/* Is `path` the whole of `name` or the first components of it?  Leading separators do not count. */
static bool encloses(const char *path, const char *name)
{
    if (!*path)
        return true; /* the model itself */
    path += is_separator(*path);
    name += is_separator(*name);
    for (; *path; path++, name++)
        if (*path != *name && !(is_separator(*path) && is_separator(*name)))
            return false;
    return !*name || is_separator(*name);
}

typedef bool (*name_test)(const qir_qconfig *c, const qir_qconfig_rule *rule, const char *name);

/* Does a part of the location have a name that passes? */
static bool any_name(const qir_qconfig *c, const qir_qconfig_rule *rule, const qir_loc *loc,
                     name_test test)
{
    if (!loc)
        return false;
    for (uint32_t i = 0; i < loc->nparts; i++)
        if (any_name(c, rule, loc->parts[i], test))
            return true;
    return loc->kind == QIR_LOC_NAME && test(c, rule, loc->text);
}

static bool found_in(const qir_qconfig *c, const qir_qconfig_rule *rule, const char *name)
{
    (void)c;
    return regexec(&rule->regex, name, 0, NULL, 0) == 0;
}

static bool within(const qir_qconfig *c, const qir_qconfig_rule *rule, const char *name)
{
    (void)c;
    return encloses(rule->pattern, name);
}

/* The module attribute `module.types` lists "path=Class" for models whose format knows it. */
static bool within_type(const qir_qconfig *c, const qir_qconfig_rule *rule, const char *name)
{
    const qir_module *m = qir_qconfig_module(c);
    const qir_attr *types = qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, "module.types"));
    for (size_t i = 0; types && types->kind == QIR_ATTR_STRINGS && i < types->len; i++) {
        const char *entry = types->u.strings[i], *eq = strrchr(entry, '=');
        if (!eq || strcmp(eq + 1, rule->pattern))
            continue;
        if (encloses(qir_arena_strndup(qir_qconfig_arena(c), entry, (size_t)(eq - entry)), name))
            return true;
    }
    return false;
}

static const name_test tests[] = {found_in, within, within_type};

bool qir_qconfig_matches(qir_qconfig *c, qir_qconfig_rule *rule, const qir_op *op)
{
    bool yes = rule->match == QIR_MATCH_ALL  ? true
               : rule->match == QIR_MATCH_OP ? strcmp(rule->pattern, qir_op_name(op)) == 0
                                             : any_name(c, rule, op->loc, tests[rule->match]);
    rule->matched = rule->matched || yes;
    return yes;
}

/* Rules that keep ops in float, and rules for modules before those for ops, leave nothing to others. */
static bool excludes(const qir_qconfig_rule *earlier, const qir_qconfig_rule *rule)
{
    return earlier->uses && (!earlier->quantizer || (earlier->match < QIR_MATCH_OP &&
                                                     rule->match >= QIR_MATCH_OP));
}

bool qir_qconfig_governs_with(qir_qconfig *c, qir_qconfig_rule *rule, const qir_op *op,
                              const qir_op *whole)
{
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(c, &n);
    for (size_t i = 0; i < n && rules[i] != rule; i++)
        if (excludes(rules[i], rule) && qir_qconfig_matches(c, rules[i], op))
            return false;
    return rule->uses && qir_qconfig_matches(c, rule, rule->match == QIR_MATCH_OP ? whole : op);
}

bool qir_qconfig_governs(qir_qconfig *c, qir_qconfig_rule *rule, const qir_op *op)
{
    return qir_qconfig_governs_with(c, rule, op, op);
}

const char *qir_qconfig_spec(qir_qconfig *c, const char *name, const qir_op *op)
{
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(c, &n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->nspecs; k++)
            if (!strcmp(rules[i]->specs[k].name, name) && qir_qconfig_matches(c, rules[i], op))
                return rules[i]->specs[k].text;
    return NULL;
}

static bool matches_argument(const qir_qconfig *c, qir_qconfig_rule *rule, const char *name)
{
    bool yes = rule->match == QIR_MATCH_ALL || (rule->match == QIR_MATCH_NAME && found_in(c, rule, name));
    rule->matched = rule->matched || yes;
    return yes;
}

const char *qir_qconfig_result(qir_qconfig *c, const qir_value *v, const char *name)
{
    const qir_op *op = qir_value_op(v);
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(c, &n);
    for (size_t i = 0; i < n; i++)
        if (rules[i]->result &&
            (op ? qir_qconfig_matches(c, rules[i], op) : matches_argument(c, rules[i], name)))
            return rules[i]->result;
    return NULL;
}

bool qir_qconfig_has_results(const qir_qconfig *c)
{
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(c, &n);
    for (size_t i = 0; i < n; i++)
        if (rules[i]->result)
            return true;
    return false;
}

static const char *const kinds[] = {"name", "module", "module type", "op"};

void qir_qconfig_warn_unmatched(const qir_qconfig *c)
{
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(c, &n);
    for (size_t i = 0; i < n; i++) {
        const qir_qconfig_rule *r = rules[i];
        if (!r->matched && r->match != QIR_MATCH_ALL)
            qir_warning(qir_context_diag(qir_qconfig_module(c)->ctx), r->loc, "qconfig-match",
                        "the rule for %s '%s' matches no op", kinds[r->match], r->pattern);
    }
}
