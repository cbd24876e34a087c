/* .qcfg files: the rules of a configuration as JSON.
 *
 *   { "rules": [
 *     { "name": "head", "use": "float" },
 *     { "module": "encoder.0", "use": "xnnpack{per-channel=false}" },
 *     { "module_type": "Linear", "specs": { "weight": "i4 symmetric group=32" } },
 *     { "op": "conv", "use": "default" },
 *     { "use": "default" } ] }
 *
 * A rule has at most one of name, module, module_type, op (none: all ops), and one or several of `use`, `specs` and
 * `result`. */
#include <string.h>
#include "io/json.h"
#include "qconfig.h"
#include "qir/diag.h"
#include "qir/support/file.h"
#include "qir/support/vec.h"

enum { MAX_QCFG = 64 << 20 };

static const char *const matches[] = {"name", "module", "module_type", "op"};
enum { NMATCHES = sizeof matches / sizeof matches[0] };

typedef struct rule_reader {
    qir_qconfig *config;
    qir_qconfig_rule *rule;
    QIR_VEC(qir_qrule_spec) specs;
} rule_reader;

static bool read_spec(void *user, const char *name, const qir_json *value)
{
    rule_reader *r = user;
    const char *text;
    qir_qspec parsed;
    if (!qir_json_string(value, &text))
        return false;
    if (!qir_qspec_parse(qir_qconfig_module(r->config)->ctx, text, NULL, &parsed))
        return qir_json_fail(value, "bad spec of '%s'", name);
    qir_qrule_spec spec = {qir_intern_cstr(qir_qconfig_module(r->config)->ctx, name), text};
    qir_vec_push(&r->specs, spec);
    return true;
}

static bool read_specs(rule_reader *r, const qir_json *specs)
{
    bool ok = qir_json_each(specs, read_spec, r);
    r->rule->nspecs = r->specs.len;
    r->rule->specs = qir_arena_copy(qir_qconfig_arena(r->config), r->specs.data,
                                    r->specs.len * sizeof *r->specs.data);
    qir_vec_free(&r->specs);
    return ok;
}

static bool read_result(rule_reader *r, const qir_json *value)
{
    const char *text;
    if (!qir_json_string(value, &text))
        return false;
    r->rule->result = qir_qconfig_result_spec(r->config, text);
    return r->rule->result ||
           qir_json_fail(value, "bad result; expected \"int16\" or a spec like \"i16 symmetric\"");
}

/* Index in `matches`, NMATCHES for a key that is none. */
static size_t match_of(const char *key)
{
    size_t i = 0;
    while (i < NMATCHES && strcmp(matches[i], key))
        i++;
    return i;
}

static bool read_key(void *user, const char *key, const qir_json *value)
{
    rule_reader *r = user;
    const char *text;
    size_t match = match_of(key);
    if (match < NMATCHES) {
        if (r->rule->pattern)
            return qir_json_fail(value, "a rule has one of name, module, module_type and op");
        r->rule->match = (qir_match_kind)match;
        return qir_json_string(value, &r->rule->pattern);
    }
    if (!strcmp(key, "specs"))
        return read_specs(r, value);
    if (!strcmp(key, "result"))
        return read_result(r, value);
    if (strcmp(key, "use"))
        return qir_json_fail(value, "unknown key '%s'; expected name, module, module_type, op, use, "
                                    "specs or result", key);
    return qir_json_string(value, &text) &&
           (qir_qconfig_read_use(r->config, text, NULL, r->rule) ||
            qir_json_fail(value, "bad quantizer"));
}

static bool read_rule(qir_qconfig *c, const qir_json *json)
{
    rule_reader r = {c, QIR_NEW(qir_qconfig_arena(c), qir_qconfig_rule), {0}};
    r.rule->match = QIR_MATCH_ALL;
    if (!qir_json_each(json, read_key, &r))
        return false;
    if (!r.rule->uses && !r.rule->nspecs && !r.rule->result)
        return qir_json_fail(json, "the rule says nothing; expected 'use', 'specs' or 'result'");
    return qir_qconfig_add(c, r.rule) || qir_json_fail(json, "bad rule");
}

static bool read_rules(qir_qconfig *c, qir_json_file *f)
{
    qir_json root = qir_json_root(f), rules;
    size_t n;
    if (!qir_json_member(&root, "rules", &rules) || !qir_json_count(&rules, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        qir_json rule = qir_json_item(&rules, i);
        if (!read_rule(c, &rule))
            return false;
    }
    return true;
}

bool qir_qconfig_add_file(qir_qconfig *c, const char *path)
{
    qir_context *ctx = qir_qconfig_module(c)->ctx;
    qir_json_file f;
    qir_bytes text;
    if (!qir_read_file(qir_context_diag(ctx), qir_qconfig_arena(c), path, MAX_QCFG, NULL, &text) ||
        !qir_json_open(&f, ctx, path, NULL, "qconfig.file", text))
        return false;
    bool ok = read_rules(c, &f);
    qir_json_close(&f);
    return ok;
}
