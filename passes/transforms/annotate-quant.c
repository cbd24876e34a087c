/* annotate-quant: decides which operands and results are quantized and which share parameters, by running
 * quantizers (qir/quantizer.h) under the rules of a configuration (qconfig.h).
 *
 * The decision is written onto the ops, readable and editable, and consumed by insert-observers. */
#include <string.h>
#include "annotator.h"
#include "qir/diag.h"
#include "qir/pass.h"
#include "wide_values.h"

static bool read_options(qir_pass *p, qir_qconfig *c)
{
    const char *file = qir_pass_string(p, "config");
    return qir_qconfig_add_keep_float(c, qir_pass_string(p, "keep-float")) &&
           qir_qconfig_add_int16(c, qir_pass_string(p, "int16")) &&
           qir_qconfig_add_weights(c, qir_pass_string(p, "weights")) &&
           (!*file || qir_qconfig_add_file(c, file)) &&
           qir_qconfig_add_quantizers(c, qir_pass_string(p, "quantizer"));
}

/* Presets are made for the kernels of one architecture: on others they waste range or accuracy. */
static void warn_target(const qir_pass *p, const qir_module *m, const qir_qconfig *c)
{
    const char *arch = qir_pass_string(p, "arch");
    size_t n;
    qir_qconfig_rule *const *rules = qir_qconfig_rules(c, &n);
    for (size_t i = 0; i < n && *arch; i++) {
        const qir_quantizer *q = rules[i]->quantizer;
        if (q && q->target && strcmp(q->target, arch))
            qir_warning(qir_context_diag(m->ctx), rules[i]->loc, "preset-target",
                        "quantizer '%s' is made for %s, the target is %s; 'default' is exact on all",
                        q->name, q->target, arch);
    }
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_qconfig *c = qir_qconfig_create(m);
    bool ok = read_options(p, c) && qir_annotate_module(p, m, c) && qir_widen_values(p, m, c);
    if (ok) {
        warn_target(p, m, c);
        qir_qconfig_warn_unmatched(c);
    }
    qir_qconfig_destroy(c);
    return ok;
}

static const qir_pass_option options[] = {
    {"quantizer", QIR_OPT_STRING, "default",
     "which ops and how: a list of NAME or NAME{option=value}; the first that takes an op decides"},
    {"config", QIR_OPT_STRING, "", "rules by name, module, op: a .qcfg file"},
    {"keep-float", QIR_OPT_STRING, "", "regular expression; ops whose name it matches stay in float"},
    {"weights", QIR_OPT_STRING, "",
     "widths of weights: int8, int4:g32, int4:tensor, ... or a spec, each with @REGEX for some ops"},
    {"int16", QIR_OPT_STRING, "", "regular expression; values whose name it matches are stored in 16 bits"},
    {"arch", QIR_OPT_STRING, "",
     "architecture of the target: quantizers made for another one are warned about (-Wpreset-target)"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"annotated", NULL};

QIR_PASS(
    annotate_quant, .name = "annotate-quant",
    .summary = "Marks which operands and results are quantized and which share parameters.",
    .doc = "Changes: attributes `quant.in`, `quant.out`, `quant.float` of ops, `quant.specs` of the "
           "module.\nRequires: fused activations, folded batch norms (else relu and batch "
           "norm are separate ops).\nLeaves: the computation untouched.\nQuantizers, rules and specs: "
           "docs/quantizers.md.",
    .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QDQ | QIR_STAGE_QUANTIZED, .options = options,
    .statistics = statistics, .run = run)
