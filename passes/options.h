/* Names with options in text, as in pipelines and lists of quantizers: `name{option=value option}`. */
#ifndef QIR_PASSES_OPTIONS_H
#define QIR_PASSES_OPTIONS_H

#include "qir/pass.h"

/* Where the reading stands.  Diagnostics call the text `whole` and its file `source`. */
typedef struct opt_reader {
    qir_context *ctx;
    qir_arena *arena; /* of the values */
    const char *whole, *source, *text, *at;
} opt_reader;

typedef struct opt_word {
    const char *s;
    size_t len;
} opt_word;

const qir_loc *opt_loc(const opt_reader *r, const char *at);
void opt_skip_blanks(opt_reader *r);
/* Letters, digits, '-' and '_'; may be empty. */
opt_word opt_next_word(opt_reader *r);
/* Diagnoses what stands in place of `what`; returns false. */
bool opt_expected(const opt_reader *r, const char *what);

/* The defaults of `options` (ends with name NULL; may be NULL), in their order. */
const char **opt_defaults(qir_arena *arena, const qir_pass_option *options);

/* Sets the values that `{...}` at the reader names, if that stands there.  False: diagnosed; `kind` and
 * `name` say whose options ("pass", "cse"). */
bool opt_read(opt_reader *r, const qir_pass_option *options, const char *kind, const char *name,
              const char **values);

/* "{option=value option=value}" of the values that differ from the defaults, or nothing. */
void opt_print(const qir_pass_option *options, const char *const *values, qir_strbuf *out);

/* The value of an option that must exist. */
const char *opt_value(const qir_pass_option *options, const char *const *values,
                      const char *option, qir_option_kind kind);

#endif
