/* .npz archives: zip files of .npy members. */
#ifndef QIR_IO_NPZ_H
#define QIR_IO_NPZ_H

#include "io/npy.h"

typedef struct qir_npz qir_npz;

/* Opens and checks the member list.  NULL: diagnosed. */
qir_npz *qir_npz_open(qir_context *ctx, const char *path);
void qir_npz_close(qir_npz *z);

size_t qir_npz_count(const qir_npz *z);
/* Name of a member without ".npy". */
const char *qir_npz_name(const qir_npz *z, size_t i);

/* The bytes of a member; closes with the reader, before the archive.  NULL: diagnosed. */
qir_reader *qir_npz_reader(qir_npz *z, size_t i);

#endif
