/* Between the files of the sample stream: where one input's samples come from, and how stored
 * values become the values of an argument. */
#ifndef QIR_IO_SAMPLES_PRIV_H
#define QIR_IO_SAMPLES_PRIV_H

#include "io/npy.h"
#include "io/zip.h"
#include "qir/samples.h"

/* How samples reach one argument. */
typedef struct qir_feed {
    qir_context *ctx;
    const char *name;          /* of the argument */
    const qir_type *type;      /* of the argument */
    const qir_preprocess *pre; /* NULL: none */
    void *data;                /* the argument's bytes */
} qir_feed;

/* One sample as stored: shape and values. */
typedef struct qir_item {
    const char *path; /* for messages */
    qir_dtype dtype;
    unsigned rank;
    const int64_t *dims;
    const void *data;
    bool hwc; /* image bytes: the channel is innermost */
} qir_item;

/* Does a sample of this shape fill the argument: equal dimensions, or without its leading 1? */
bool qir_feed_matches(const qir_type *type, const int64_t *dims, unsigned rank);
/* The same for bytes with the channel last that go to an argument [1,C,H,W]. */
bool qir_feed_matches_hwc(const qir_type *type, const int64_t *dims, unsigned rank);

/* Checks that values of this type can be given to the argument.  False: diagnosed. */
bool qir_feed_check_dtype(const qir_feed *f, const char *path, qir_dtype dtype);
/* Diagnoses a shape that does not fit; prints both. */
bool qir_feed_shape_error(const qir_feed *f, const char *path, const int64_t *dims, unsigned rank);

/* Converts a sample whose shape and dtype were checked into feed->data. */
void qir_feed_store(const qir_feed *f, const qir_item *item);

/* The samples of one input. */
typedef struct qir_source qir_source;
qir_source *qir_source_open(const qir_feed *f, const char *path);
/* A member of an archive, which must stay open. */
qir_source *qir_source_open_member(const qir_feed *f, qir_zip *z, size_t i);
void qir_source_close(qir_source *s);
int64_t qir_source_count(const qir_source *s);
bool qir_source_read(qir_source *s, const qir_feed *f, int64_t i);

#endif
