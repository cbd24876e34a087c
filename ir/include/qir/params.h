/* Weights in safetensors side files: `params @w = external<"f.safetensors">`, `@w["key"]`. */
#ifndef QIR_PARAMS_H
#define QIR_PARAMS_H

#include "qir/ir.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Finds `key`, checks dtype and shape against `type` and returns the bytes (arena of the module).
 * Opens and checks the file on first use.  NULL: diagnosed at `loc`. */
const void *qir_params_load(qir_params *p, const char *key, const qir_type *type,
                            const qir_loc *loc);

/* Rebinds `-params scope=file`. */
void qir_params_bind(qir_params *p, const char *path);

/* One tensor to write.  `dtype` as stored; sub-byte types are stored as I8/U8. */
typedef struct qir_safetensor {
    const char *key;
    qir_dtype dtype;
    const int64_t *dims;
    unsigned rank;
    const void *data;
} qir_safetensor;

/* The bytes of a safetensors file: payload 64-byte aligned, entries in the given order. */
bool qir_safetensors_write(qir_diag_engine *diag, const qir_safetensor *tensors, size_t n,
                           qir_strbuf *out);

/* Moves every constant of at least `min_elements` elements into `@scope` = `path`: turns them into
 * params references and appends the file's bytes to `out`. */
bool qir_params_extract(qir_module *m, const char *scope, const char *path, int64_t min_elements,
                        qir_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
