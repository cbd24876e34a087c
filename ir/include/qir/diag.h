/* Diagnostics: every error that an input can cause goes through here, with a location and what was
 * expected.  Libraries never print and never exit. */
#ifndef QIR_DIAG_H
#define QIR_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "qir/loc.h"
#include "qir/support/strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum qir_severity { QIR_NOTE, QIR_REMARK, QIR_WARNING, QIR_ERROR } qir_severity;

/* One message.  Strings are borrowed for the duration of the handler call. */
typedef struct qir_diag {
    qir_severity severity;
    const qir_loc *loc; /* may be NULL: no place known */
    const char *text;   /* lower-case, no final period */
    const char *code;   /* "quant.scale", or a warning flag "W<name>"; NULL if none */
} qir_diag;

typedef void (*qir_diag_handler)(void *user, const qir_diag *d);

typedef struct qir_diag_engine qir_diag_engine;

/* The engine of a context is qir_context_diag(ctx); free-standing ones serve readers and tools. */
qir_diag_engine *qir_diag_engine_create(void);
void qir_diag_engine_destroy(qir_diag_engine *e);

/* The default handler renders to stderr (qir_diag_render).  NULL restores it. */
void qir_diag_set_handler(qir_diag_engine *e, qir_diag_handler fn, void *user);

/* After `limit` errors further ones are counted but not handed on (default 20, 0 = no limit). */
void qir_diag_set_error_limit(qir_diag_engine *e, unsigned limit);

/* Turns a warning on or off, or into an error: name "float-fallback", state as in -W, -Wno-,
 * -Werror=.  Unknown names return false. */
typedef enum qir_warning_state { QIR_WARN_OFF, QIR_WARN_ON, QIR_WARN_ERROR } qir_warning_state;
bool qir_diag_set_warning(qir_diag_engine *e, const char *name, qir_warning_state state);

/* Drops warnings, remarks and notes until it is called with false: for trials whose outcome is thrown
 * away or computed again.  Returns what it was. */
bool qir_diag_set_quiet(qir_diag_engine *e, bool quiet);

/* Turns a remark of warnings.def on or off, as in -R, -Rno-; unknown names return false.  What is costly
 * to find out for a remark may be left out where nobody wants it. */
bool qir_diag_set_remark(qir_diag_engine *e, const char *name, bool on);
bool qir_diag_wants_remark(const qir_diag_engine *e, const char *name);

unsigned qir_diag_error_count(const qir_diag_engine *e);

/* Emit.  `code` may be NULL.  qir_error returns false so that `return qir_error(...)` reads well.
 * Notes belong to the message before them and are dropped with it.  Non-printable bytes in the
 * text are escaped by the renderer. */
#define qir_error(e, loc, code, ...)                                                               \
    (qir_emit_error((e), (loc), (code), __VA_ARGS__), qir_failed())
void qir_emit_error(qir_diag_engine *e, const qir_loc *loc, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void qir_emit_verror(qir_diag_engine *e, const qir_loc *loc, const char *code, const char *fmt,
                     va_list ap) __attribute__((format(printf, 4, 0)));
/* False where the compiler sees it, so that it can follow what is initialised on success. */
static inline bool qir_failed(void)
{
    return false;
}
void qir_note(qir_diag_engine *e, const qir_loc *loc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void qir_remark(qir_diag_engine *e, const qir_loc *loc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* One that was asked for: `flag` is the name in warnings.def, without -R. */
void qir_flagged_remark(qir_diag_engine *e, const qir_loc *loc, const char *flag, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* `flag` is the name in warnings.def, without -W. */
void qir_warning(qir_diag_engine *e, const qir_loc *loc, const char *flag, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Source text for carets: registered by the parser, borrowed until unregistered. */
void qir_diag_add_source(qir_diag_engine *e, const char *file, const char *text, size_t len);
void qir_diag_remove_source(qir_diag_engine *e, const char *file);

/* Readers note each file, and each folder whose files they read; the engine is what all of them have.
 * "-" is none.  NULL behind the last. */
void qir_diag_note_file(qir_diag_engine *e, const char *path);
const char *qir_diag_file(const qir_diag_engine *e, size_t i);

/* Renders `file:line:col: error: text [code]`, the source line and a caret.  `color`: ANSI. */
void qir_diag_render(const qir_diag_engine *e, const qir_diag *d, bool color, qir_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
