/* Frontends: exported models to QIR. */
#ifndef QIR_FRONTEND_H
#define QIR_FRONTEND_H

#include "qir/ir.h"
#include "qir/support/file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What became of a node of the model. */
typedef enum qir_import_fate {
    QIR_IMPORT_OPS,       /* ops of QIR */
    QIR_IMPORT_EXPANDED,  /* the nodes of its body, which are reported before it */
    QIR_IMPORT_FOLDED,    /* a constant */
    QIR_IMPORT_FORWARDED, /* another name for its operand */
    QIR_IMPORT_DEAD       /* nothing: no output depends on it */
} qir_import_fate;

typedef struct qir_import_event {
    const char *name, *op; /* the node and its operator */
    const qir_loc *loc;    /* place in the file */
    qir_import_fate fate;
    const char *ops; /* QIR_IMPORT_OPS: "conv, add", in order; else "" */
} qir_import_event;

typedef struct qir_import_options {
    const char *const *bindings; /* "N=1": value of a symbolic dimension */
    size_t nbindings;
    const char *const *const_inputs; /* "name=path.pb" or "name=path.npy": input becomes a constant */
    size_t nconst_inputs;
    const char *const *custom_ops; /* "OPERATOR=SYMBOL[:TYPE,...]": calls of the user's functions */
    size_t ncustom_ops;
    const char *const *inputs; /* tensors that become the function's arguments; none: the model's */
    size_t ninputs;
    const char *const *outputs; /* tensors that become its results */
    size_t noutputs;
    const char *model; /* which program of an archive; NULL: the only one */
    void (*report)(void *user, const qir_import_event *e); /* for every node; strings are borrowed */
    void *report_user;
    bool positions;    /* ops of QIR text remember where they stand (qir_parse_options) */
    bool own_bytes;    /* the bytes are the importer's to change: weights are aligned in place */
    size_t max_source; /* bytes; 0 = 1 GiB */
} qir_import_options;

/* QIR text takes no options of importers.  False: diagnosed for `path`. */
bool qir_import_plain(qir_context *ctx, const char *path, const qir_import_options *opts);

/* Chooses the frontend by content (ONNX, QIR text), not by name.  NULL: diagnosed. */
qir_module *qir_import_file(qir_context *ctx, const char *path, const qir_import_options *opts);

/* The same of a file that is read already ("-": from standard input).  The bytes are the importer's to
 * change; they must outlive the module. */
qir_module *qir_import_bytes(qir_context *ctx, const char *path, qir_bytes bytes,
                             const qir_import_options *opts);

/* ONNX from memory; the bytes are borrowed for the life of the module.  `dir_fd` is the directory for external data (-1: none allowed). */
qir_module *qir_import_onnx(qir_context *ctx, const char *path, const void *data, size_t len,
                            int dir_fd, const qir_import_options *opts);

/* TensorFlow Lite from memory; the bytes are borrowed for the life of the module. */
qir_module *qir_import_tflite(qir_context *ctx, const char *path, const void *data, size_t len,
                              const qir_import_options *opts);

/* A PT2 archive (torch.export.save) from memory; the bytes are borrowed for the life of the module. */
qir_module *qir_import_pt2(qir_context *ctx, const char *path, const void *data, size_t len,
                           const qir_import_options *opts);

/* An operator that an importer takes. */
typedef struct qir_supported_op {
    const char *format; /* "onnx" */
    const char *domain; /* "" if it has none */
    const char *name;
    int since, until; /* versions of it or of its operator set; until 0: no end */
    const char *qir;  /* the op that it becomes, or the main one; NULL: it is resolved at import */
} qir_supported_op;
typedef void (*qir_supported_fn)(void *user, const qir_supported_op *op);

/* Calls `fn` for each operator of all formats, from the tables that import them. */
void qir_supported_ops(qir_supported_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
