/* Frontends: exported models to QIR. */
#ifndef QIR_FRONTEND_H
#define QIR_FRONTEND_H

#include "qir/ir.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_import_options {
    const char *const *bindings; /* "N=1": value of a symbolic dimension */
    size_t nbindings;
    const char *const *const_inputs; /* "name=path.pb" or "name=path.npy": input becomes a constant */
    size_t nconst_inputs;
    const char *const *inputs; /* tensors that become the function's arguments; none: the model's */
    size_t ninputs;
    const char *const *outputs; /* tensors that become its results */
    size_t noutputs;
    const char *model; /* which program of an archive; NULL: the only one */
    size_t max_source; /* bytes; 0 = 1 GiB */
} qir_import_options;

/* QIR text takes no options of importers.  False: diagnosed for `path`. */
bool qir_import_plain(qir_context *ctx, const char *path, const qir_import_options *opts);

/* Chooses the frontend by content (ONNX, QIR text), not by name.  NULL: diagnosed. */
qir_module *qir_import_file(qir_context *ctx, const char *path, const qir_import_options *opts);

/* ONNX from memory; the bytes are borrowed for the life of the module.  `dir_fd` is the directory for external data (-1: none allowed). */
qir_module *qir_import_onnx(qir_context *ctx, const char *path, const void *data, size_t len,
                            int dir_fd, const qir_import_options *opts);

/* TensorFlow Lite from memory; the bytes are borrowed for the life of the module. */
qir_module *qir_import_tflite(qir_context *ctx, const char *path, const void *data, size_t len,
                              const qir_import_options *opts);

/* A PT2 archive (torch.export.save) from memory; the bytes are borrowed for the life of the module. */
qir_module *qir_import_pt2(qir_context *ctx, const char *path, const void *data, size_t len,
                           const qir_import_options *opts);
void qir_pt2_list_ops(void (*fn)(void *user, const char *target, const char *signature), void *user);

/* The supported operators, from the same table: calls `fn` for each. */
void qir_onnx_list_ops(void (*fn)(void *user, const char *domain, const char *op, int since),
                       void *user);

#ifdef __cplusplus
}
#endif
#endif
