/* The container of exported programs: which of the many things that are zip files it is, its members,
 * the list of payloads.  Pickle is never read, nothing is extracted. */
#ifndef QIR_FRONTEND_PT2_ARCHIVE_H
#define QIR_FRONTEND_PT2_ARCHIVE_H

#include "io/zip.h"
#include "pt2/program.h"

/* PayloadMeta: where the bytes of a parameter lie and how to read them. */
typedef struct pt2_payload {
    const char *member; /* under data/weights or data/constants */
    bool pickled;
    bool has_meta;
    pt2_meta meta;
} pt2_payload;

typedef struct pt2_archive {
    qir_context *ctx;
    qir_arena *arena;
    const char *path;
    qir_zip *zip;
    const char *root;         /* "name/" or "" */
    qir_map weights, constants; /* qualified name -> pt2_payload */
    qir_map views;            /* member name -> qir_bytes, once checked */
} pt2_archive;

/* Opens it and says what it is if it cannot be imported.  False: diagnosed. */
bool pt2_archive_open(pt2_archive *a, qir_context *ctx, qir_arena *arena, const char *path,
                      qir_bytes bytes);
void pt2_archive_close(pt2_archive *a);

/* The program to import: `wanted`, or the only one if NULL.  False: diagnosed. */
bool pt2_archive_choose(pt2_archive *a, const char *wanted, const char **out);

/* A member below the root, in place.  False: diagnosed. */
bool pt2_archive_view(pt2_archive *a, const char *member, qir_bytes *out);

/* Reads the lists of weights and constants of a program. */
bool pt2_archive_payloads(pt2_archive *a, const char *program);

bool pt2_archive_fail(const pt2_archive *a, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
