/* The textual form: parse, print, verify.  Grammar in docs/langref.md. */
#ifndef QIR_TEXT_H
#define QIR_TEXT_H

#include "qir/ir.h"
#include "qir/support/strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_parse_options {
    size_t max_source;      /* bytes; 0 = 1 GiB (-fmax-source) */
    const char *source_dir; /* for params paths; NULL: directory of `file` */
    uint32_t first_line;    /* line number of the first line, for a part of a source that the caller
                               registered with qir_diag_add_source; 0: the text is the whole source,
                               registered while it is parsed */
    bool no_verify;         /* parse only */
    bool positions;         /* ops with a loc(...) remember where they stand, too (qir_loc_place) */
} qir_parse_options;

/* Parses one module.  `file` is its name for locations.  All errors are reported, several per run;
 * NULL if there was any. */
qir_module *qir_parse(qir_context *ctx, const char *file, const char *text, size_t len,
                      const qir_parse_options *opts);

typedef struct qir_print_options {
    bool locations;       /* loc(...) of names and files: default true through qir_print */
    size_t inline_limit;  /* constants up to this many elements are written as lists; 0 = 64 */
    bool generic_names;   /* %0, %1, ... instead of the given names */
} qir_print_options;

/* Deterministic; print(parse(print(m))) == print(m).  Constants above the limit are written as
 * dense<"0x..."> bytes unless they live in a params file.  NULL options: defaults. */
void qir_print(const qir_module *m, const qir_print_options *opts, qir_strbuf *out);

/* Structure (terminator, dominance, use lists, symbols) then every op by qir_infer_op.  True = ok,
 * else diagnosed at the op's location. */
bool qir_verify(const qir_module *m);

#ifdef __cplusplus
}
#endif
#endif
