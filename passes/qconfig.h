/* Configuration of quantization: rules that say which quantizer may take which ops, and which specs
 * replace its own.
 *
 * Rules come from a list of quantizers ("xnnpack{per-channel=false},default": rules for all ops),
 * from a .qcfg file (qconfig_json.c), and from -keep-float and -weights.  Precedence is PyTorch's:
 * name, then module type, then op type, then all; rules of one kind in their order.  A rule for an op
 * type or for all does not touch ops that a rule by name or module type matches. */
#ifndef QIR_QCONFIG_H
#define QIR_QCONFIG_H

#include <regex.h>
#include "qir/quantizer.h"

typedef enum qir_match_kind {
    QIR_MATCH_NAME,        /* regular expression found in the op's name (its location) */
    QIR_MATCH_MODULE,      /* path of a module around the op, component by component */
    QIR_MATCH_MODULE_TYPE, /* class of a module around the op */
    QIR_MATCH_OP,          /* name of the op */
    QIR_MATCH_ALL
} qir_match_kind;

typedef struct qir_qrule_spec {
    const char *name, *text;
} qir_qrule_spec;

typedef struct qir_qconfig_rule {
    qir_match_kind match;
    const char *pattern; /* NULL: QIR_MATCH_ALL */
    regex_t regex;       /* QIR_MATCH_NAME */
    const qir_loc *loc;  /* where it was written; NULL: an option */
    bool uses;                      /* says which quantizer: `quantizer`, NULL = none (float) */
    const qir_quantizer *quantizer;
    const char *const *values;      /* its options */
    const qir_qrule_spec *specs;    /* replace the quantizer's of the same name ("act", "weight") */
    size_t nspecs;
    const char *result; /* spec of the values that ops of that name give, and of arguments; NULL: nothing said */
    bool matched; /* some op */
} qir_qconfig_rule;

typedef struct qir_qconfig qir_qconfig;

/* An empty configuration for `m`; destroy it. */
qir_qconfig *qir_qconfig_create(qir_module *m);
void qir_qconfig_destroy(qir_qconfig *c);

/* Add rules; false: diagnosed. */
bool qir_qconfig_add_quantizers(qir_qconfig *c, const char *list);     /* empty: nothing */
bool qir_qconfig_add_file(qir_qconfig *c, const char *path);       /* .qcfg */
bool qir_qconfig_add_keep_float(qir_qconfig *c, const char *regex); /* empty: nothing */
bool qir_qconfig_add_int16(qir_qconfig *c, const char *regex); /* values of that name; empty: nothing */
bool qir_qconfig_add_weights(qir_qconfig *c, const char *list);    /* int4:g32@REGEX,... */

/* For readers of rules: adds one, which lives as long as the configuration (its arena).  A name's
 * expression is compiled here. */
bool qir_qconfig_add(qir_qconfig *c, qir_qconfig_rule *rule);
/* "int16", or a spec of 16 bits, as a rule's `result`.  NULL: neither. */
const char *qir_qconfig_result_spec(qir_qconfig *c, const char *text);
/* "float" or NAME{option=value} into a rule. */
bool qir_qconfig_read_use(qir_qconfig *c, const char *text, const qir_loc *loc,
                          qir_qconfig_rule *rule);
qir_module *qir_qconfig_module(const qir_qconfig *c);
qir_arena *qir_qconfig_arena(const qir_qconfig *c);

/* The rules in order of precedence. */
qir_qconfig_rule *const *qir_qconfig_rules(const qir_qconfig *c, size_t *n);

/* Does the rule itself match, and may it decide about the quantizer of `op`? */
bool qir_qconfig_matches(qir_qconfig *c, qir_qconfig_rule *rule, const qir_op *op);
bool qir_qconfig_governs(qir_qconfig *c, qir_qconfig_rule *rule, const qir_op *op);
/* ... of an op that belongs to `whole`, as a relu to its convolution: a rule for op types means `whole`. */
bool qir_qconfig_governs_with(qir_qconfig *c, qir_qconfig_rule *rule, const qir_op *op,
                              const qir_op *whole);
/* The text that stands for spec `name` at `op`; NULL: the quantizer's own. */
const char *qir_qconfig_spec(qir_qconfig *c, const char *name, const qir_op *op);

/* The spec that a value is to have: `name` of an argument, or the result of an op.  NULL: none. */
const char *qir_qconfig_result(qir_qconfig *c, const qir_value *v, const char *name);
bool qir_qconfig_has_results(const qir_qconfig *c);

/* Warns about rules that matched nothing (-Wqconfig-match). */
void qir_qconfig_warn_unmatched(const qir_qconfig *c);

#endif
