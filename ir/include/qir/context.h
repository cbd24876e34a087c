/* The context owns everything that is uniqued: strings, types, attributes, locations.
 * One context per thread; there is no global state. */
#ifndef QIR_CONTEXT_H
#define QIR_CONTEXT_H

#include "qir/diag.h"
#include "qir/loc.h"
#include "qir/support/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_context qir_context;

/* `oom` as in arena.h; NULL traps.  Caller destroys. */
qir_context *qir_context_create(qir_oom_handler oom, void *user);
/* An empty one that runs out of memory as `ctx` does, with as many threads. */
qir_context *qir_context_create_like(const qir_context *ctx);
void qir_context_destroy(qir_context *ctx);

/* How many threads the evaluator and passes that measure may compute with (support/parallel.h); 1 unless set.
 * They are theirs alone: a context still is one thread's. */
void qir_context_set_threads(qir_context *ctx, unsigned threads);
unsigned qir_context_threads(const qir_context *ctx);

qir_diag_engine *qir_context_diag(qir_context *ctx);
qir_arena *qir_context_arena(qir_context *ctx); /* permanent until destroy */
/* A new arena with the context's handler for running out of memory.  Caller destroys. */
qir_arena *qir_context_new_arena(qir_context *ctx);

/* What a library keeps per context (tables that plugins extend), under a key of its own: the address
 * of a static object.  NULL: nothing there. */
void qir_context_attach(qir_context *ctx, const void *key, void *data);
void *qir_context_attached(const qir_context *ctx, const void *key);

/* Lists kept that way: adds a row that the caller owns, and row `i` in the order of adding; NULL behind
 * the end. */
void qir_context_add_row(qir_context *ctx, const void *key, const void *row);
const void *qir_context_row(const qir_context *ctx, const void *key, size_t i);

/* The unique copy of a string: equal strings have equal pointers. */
const char *qir_intern(qir_context *ctx, const char *s, size_t len);
const char *qir_intern_cstr(qir_context *ctx, const char *s);

const qir_loc *qir_loc_file(qir_context *ctx, const char *file, uint32_t line, uint32_t col);
const qir_loc *qir_loc_offset(qir_context *ctx, const char *file, uint64_t offset);
const qir_loc *qir_loc_name(qir_context *ctx, const char *name);

/* Fuses two locations, flattening and dropping duplicates; NULL operands are ignored.  The first 64
 * parts are kept. */
const qir_loc *qir_loc_fuse(qir_context *ctx, const qir_loc *a, const qir_loc *b);

/* The same location, which stands at this place of a listing of the module. */
const qir_loc *qir_loc_listed(qir_context *ctx, const qir_loc *loc, const char *file, uint32_t line,
                              uint32_t col);
/* The place that debug information names: the one in the listing, else the first that has a line.
 * NULL: none. */
const qir_loc *qir_loc_place(const qir_loc *loc);

/* The first name of the model in a location; NULL if it has none. */
const char *qir_loc_first_name(const qir_loc *loc);

/* The text a person would use for it ("conv1", "model.qir:4:2"), arena (context). */
const char *qir_loc_text(qir_context *ctx, const qir_loc *loc);

#ifdef __cplusplus
}
#endif
#endif
