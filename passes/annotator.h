/* The run of quantizers over a module: what qir_annotator holds. */
#ifndef QIR_PASSES_ANNOTATOR_H
#define QIR_PASSES_ANNOTATOR_H

#include "qconfig.h"
#include "qir/support/vec.h"

/* A spec that the module's list names. */
typedef struct qir_named_spec {
    qir_qspec spec;
    const char *role; /* the name that was asked for: "weight" */
    const char *name; /* its name in the list: "weight", "weight1", ... */
    const char *text;
    bool used;
} qir_named_spec;

struct qir_annotator {
    qir_pass *pass;
    qir_module *module;
    qir_qconfig *config;
    qir_qconfig_rule *rule; /* that runs now; of a quantizer */
    QIR_VEC(qir_named_spec *) specs; /* arena */
    bool ok;
};

/* Runs the quantizers of the rules; then each one's propagation; then writes quant.specs.  False: diagnosed. */
bool qir_annotate_module(qir_pass *pass, qir_module *m, qir_qconfig *config);

#endif
