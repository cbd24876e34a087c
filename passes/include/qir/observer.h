/* Observers: running summaries of the values that pass an `observe` op, from which the range to
 * quantize is taken.  How values are summarised is a *kind*, one row of functions; the built-in
 * kinds and those of plugins stand in one table per context.
 *
 * An observer sees one stream of values: all of a tensor, or one of its channels. */
#ifndef QIR_OBSERVER_H
#define QIR_OBSERVER_H

#include "qir/context.h"
#include "qir/qmath.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_observer_kind qir_observer_kind;

/* A kind and the value of its parameter; text "percentile:99.9", or "minmax". */
typedef struct qir_observer_choice {
    const qir_observer_kind *kind;
    double parameter;
} qir_observer_choice;

typedef struct qir_observer {
    qir_observer_choice choice;
    qir_arena *arena; /* where the state may grow */
    int64_t batches;  /* tensors seen, empty ones not counted */
    float lo, hi;     /* range of all values; valid when batches > 0 */
    void *state;      /* the kind's own, state_bytes long, zero at first; NULL before any data */
} qir_observer;

/* What the range is for: the integers that the values will become. */
typedef struct qir_observer_goal {
    qir_qrange range;
    unsigned bits; /* of the storage type */
} qir_observer_goal;

/* --- kinds ------------------------------------------------------------------------------------ */

typedef struct qir_profile_reader qir_profile_reader;

struct qir_observer_kind {
    const char *name, *doc; /* doc: one line */
    const char *parameter;  /* what the number behind ':' means; NULL: there is none */
    double dflt, least, most;
    bool order_free; /* the state depends on the set of samples only: profiles merge exactly */
    bool pytorch;    /* defined by PyTorch: what is measured is summed in the order of its kernels */
    bool passive;    /* records nothing: no samples needed, the parameters come from elsewhere */
    size_t state_bytes;

    /* Adds `n` > 0 finite values within [lo, hi], before the common fields take them in.  False:
     * the state would grow beyond all bounds.  NULL: the common fields suffice. */
    bool (*add)(qir_observer *o, const float *x, int64_t n, float lo, float hi);
    /* The range to quantize to; *lo and *hi hold the range of all values.  NULL: that. */
    void (*range)(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi);
    /* Adds the state of another observer of the same choice, before the common fields take it in;
     * order-free kinds with a state only. */
    void (*merge)(qir_observer *into, const qir_observer *from);
    /* The state as lines of a profile, indented by two spaces, and back.  NULL: no state. */
    void (*print)(const qir_observer *o, qir_strbuf *out);
    bool (*parse)(qir_observer *o, qir_profile_reader *r); /* false: diagnosed */
};

/* Adds a kind to the context's table; the row is borrowed.  False: the name is taken (diagnosed).
 */
bool qir_observer_register(qir_context *ctx, const qir_observer_kind *kind);
/* Row `i` of the table, built-in kinds first; NULL behind the end. */
const qir_observer_kind *qir_observer_kind_at(qir_context *ctx, size_t i);

/* Parses "name" or "name:parameter".  False: diagnosed, with the nearest known name. */
bool qir_observer_choose(qir_context *ctx, const qir_loc *loc, const char *text, size_t len,
                         qir_observer_choice *out);
bool qir_observer_choice_equal(qir_observer_choice a, qir_observer_choice b);
void qir_observer_choice_print(qir_observer_choice c, qir_strbuf *out);

/* --- observers -------------------------------------------------------------------------------- */

void qir_observer_init(qir_observer *o, qir_observer_choice c, qir_arena *arena);

/* Makes the state, if there is none yet. */
void qir_observer_open(qir_observer *o);

/* Adds one tensor's finite values; an empty tensor leaves no trace.  False: see add above. */
bool qir_observer_add(qir_observer *o, const float *x, int64_t n);

/* The range to quantize to.  batches must be > 0. */
void qir_observer_range(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi);

/* Adds what another observer of an order-free kind saw. */
void qir_observer_merge(qir_observer *into, const qir_observer *from);

/* Helper of kinds: range of n > 0 values. */
void qir_minmax(const float *x, int64_t n, float *lo, float *hi);

/* --- reading profiles: the parse functions of kinds ------------------------------------------- */
/* Each reads one word; false: diagnosed, saying what was expected. */
bool qir_profile_word(qir_profile_reader *r, const char *expected);
bool qir_profile_integer(qir_profile_reader *r, int64_t least, int64_t most, int64_t *out);
bool qir_profile_number(qir_profile_reader *r, float *out); /* finite */
/* `n` counts, as qir_profile_print_counts writes them. */
bool qir_profile_floats(qir_profile_reader *r, float *counts, int64_t n);
bool qir_profile_counts(qir_profile_reader *r, int64_t *counts, int64_t n);
/* Announces memory that the state takes beyond state_bytes; all of a profile may take 4 GiB. */
bool qir_profile_reserve(qir_profile_reader *r, int64_t bytes);
bool qir_profile_fail(const qir_profile_reader *r, const char *expected); /* at the current word */

/* `name` and n counts in lines of 16 entries; runs of four or more are one entry, count*times. */
void qir_profile_print_floats(qir_strbuf *out, const char *name, const float *counts, int64_t n);
void qir_profile_print_counts(qir_strbuf *out, const char *name, const int64_t *counts, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
