/* keep-float: ops of a model that arrived quantized stay in float between its dequantize and quantize,
 * because their name was given.  lower-qdq reads the mark.  (Where qcc quantizes itself, the option of
 * the same name is a rule of annotate-quant, which sets the same mark.) */
#include "../qconfig.h"
#include "qir/pass.h"
#include "qir/quant.h"

static void mark(qir_pass *p, qir_qconfig *c, qir_module *m)
{
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(c, &n);
    const char *name = qir_intern_cstr(m->ctx, QIR_ATTR_KEEP_FLOAT);
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            if (!n || !qir_qconfig_matches(c, rules[0], op))
                continue;
            qir_op_set_attr(op, name, qir_attr_bool(m->ctx, true));
            qir_pass_count(p, "marked", 1);
        }
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_qconfig *c = qir_qconfig_create(m);
    bool ok = qir_qconfig_add_keep_float(c, qir_pass_string(p, "ops"));
    if (ok) {
        mark(p, c, m);
        qir_qconfig_warn_unmatched(c);
    }
    qir_qconfig_destroy(c);
    return ok;
}

static const qir_pass_option options[] = {
    {"ops", QIR_OPT_STRING, "", "regular expression: names of the ops"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"marked", NULL};

QIR_PASS(keep_float, .name = "keep-float",
         .summary = "Marks ops of a quantized model that are to stay in float.",
         .doc = "Changes: attribute `quant.keep` of ops whose name matches.\nLeaves: the computation "
                "untouched; lower-qdq makes no integer ops of them.",
         .excludes = QIR_STAGE_QUANTIZED, .options = options, .statistics = statistics, .run = run)
