/* Zip archives through libzip.  Nothing is ever extracted: members are read as streams, or in place
 * where an archive in memory holds them STORED. */
#ifndef QIR_IO_ZIP_H
#define QIR_IO_ZIP_H

#include "io/npy.h"
#include "qir/support/file.h"

typedef struct qir_zip qir_zip;

/* Opens and checks the member list.  NULL: diagnosed.  The file stays open; the bytes are borrowed
 * for the life of the archive and of all views. */
qir_zip *qir_zip_open_file(qir_context *ctx, const char *path);
qir_zip *qir_zip_open_bytes(qir_context *ctx, const char *path, qir_bytes bytes);
void qir_zip_close(qir_zip *z);

size_t qir_zip_count(const qir_zip *z);
/* Name of a member, interned. */
const char *qir_zip_name(const qir_zip *z, size_t i);
/* True and the index of the member, or false. */
bool qir_zip_find(const qir_zip *z, const char *name, size_t *i);

/* The bytes of a member as a stream; closes with the reader, before the archive.  NULL: diagnosed. */
qir_reader *qir_zip_reader(qir_zip *z, size_t i);

/* The bytes of a STORED member of an archive in memory, where they lie; the checksum was compared.
 * False: diagnosed. */
bool qir_zip_view(qir_zip *z, size_t i, qir_bytes *out);

#endif
