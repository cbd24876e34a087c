/* A module under test: what the generator wrote, inputs drawn from its seed, and the evaluator's
 * results, which everything else has to give too. */
#ifndef QCC_DIFFER_SUBJECT_H
#define QCC_DIFFER_SUBJECT_H

#include "qir/eval.h"
#include "qir/text.h"

typedef struct subject {
    char name[48]; /* kind and seed: float17 */
    bool integer, paired; /* kinds: integer arithmetic, quantize/dequantize pairs */
    uint64_t seed;
    qir_context *ctx;
    qir_module *module;
    qir_tensor *in, *want; /* of the arguments and results of main */
    qir_strbuf said;       /* diagnostics */
    unsigned failures;
} subject;

/* Parses and evaluates.  False: failed, printed. */
bool subject_open(subject *s, const char *kind, uint64_t seed, const char *text, size_t len);
void subject_close(subject *s);

/* Results of `m`, a form of the subject's module: one tensor per result, memory of the subject.
 * NULL: failed, printed. */
qir_tensor *subject_evaluate(subject *s, const char *what, qir_module *m);

/* Do they hold the same bytes?  All NaN are one; with `any_zero` both zeros too.  False: printed. */
bool subject_same(subject *s, const char *what, const qir_tensor *got, const qir_tensor *want,
                  bool any_zero);

/* Prints "FAIL kind seed: ..." with the diagnostics so far.  Returns false. */
bool subject_fail(subject *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

uint32_t subject_results(const subject *s);

#endif
