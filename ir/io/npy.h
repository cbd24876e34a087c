/* The .npy format (numpy/lib/format.py, versions 1 to 3) and where its bytes come from. */
#ifndef QIR_IO_NPY_H
#define QIR_IO_NPY_H

#include "qir/context.h"
#include "qir/types.h"

/* Bytes by position: a file, or a member of a zip archive (which is read forward and opened again
 * to go back).  read_at: all `n` bytes or false (diagnosed). */
typedef struct qir_reader qir_reader;
struct qir_reader {
    uint64_t size;
    const char *path; /* for messages; of a member: archive:member */
    bool (*read_at)(qir_reader *r, uint64_t offset, void *dst, size_t n);
    void (*close)(qir_reader *r);
};

/* A regular file; NULL: diagnosed.  Caller closes through r->close. */
qir_reader *qir_reader_open_file(qir_context *ctx, const char *path);

enum { QIR_NPY_MAX_RANK = QIR_MAX_RANK + 1, QIR_NPY_MAX_HEADER = 1 << 16 };

typedef struct qir_npy {
    qir_dtype dtype;
    bool swap;    /* stored with the other byte order */
    bool fortran; /* first index innermost (rank 2 and more) */
    unsigned rank;
    int64_t dims[QIR_NPY_MAX_RANK];
    uint64_t offset, bytes; /* of the elements in the reader */
} qir_npy;

/* Reads and checks the header; the elements must fill the rest of the reader exactly.  False:
 * diagnosed. */
bool qir_npy_open(qir_context *ctx, qir_reader *r, qir_npy *out);

/* `n` elements from index `first` in storage order, in the host's byte order. */
bool qir_npy_elements(qir_reader *r, const qir_npy *h, uint64_t first, uint64_t n, void *dst);

#endif
