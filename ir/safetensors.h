/* Reader of safetensors files; private to libqir.  The writer is declared in qir/params.h. */
#ifndef QIR_SAFETENSORS_H
#define QIR_SAFETENSORS_H

#include <sys/stat.h>
#include "qir/ir.h"
#include "qir/support/map.h"

typedef struct st_tensor {
    const char *key;
    qir_dtype dtype;
    unsigned rank;
    int64_t dims[QIR_MAX_RANK];
    uint64_t begin, end; /* in the payload */
} st_tensor;

typedef struct st_file {
    const char *path;
    struct stat st; /* when it was opened: later reads check that it is the same file */
    uint64_t payload;
    qir_map index; /* key -> st_tensor */
} st_file;

/* Reads and checks the header; everything in `arena`, the index on malloc (st_close).  NULL:
 * diagnosed. */
st_file *st_open(qir_diag_engine *diag, qir_arena *arena, const char *path, const qir_loc *loc);
void st_close(st_file *f);
const st_tensor *st_find(const st_file *f, const char *key);
/* Reads the bytes of `t` to `out`. */
bool st_read(qir_diag_engine *diag, const st_file *f, const st_tensor *t, void *out,
             const qir_loc *loc);
const char *st_dtype_name(qir_dtype t);

#endif
