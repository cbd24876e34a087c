/* Sample inputs for calibration and evaluation: a stream of one tensor per function argument.
 * Sources: .npy (leading sample axis or one sample), .npz (one member per input), ONNX TensorProto
 * .pb, PNG, JPEG, PPM and PGM images with preprocessing, and folders of such files. */
#ifndef QIR_SAMPLES_H
#define QIR_SAMPLES_H

#include "qir/eval.h"
#include "qir/preprocess.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_samples qir_samples;

/* Where samples come from, for whoever has to open them later, or again. */
typedef struct qir_sample_source {
    const char *const *paths; /* as for qir_samples_open */
    size_t npaths;
    int64_t limit; /* the first so many; 0: all */
} qir_sample_source;

/* Opens `paths` (`name=path` binds an input by name, a bare path is for the only input, a .npz for
 * all).  Checks shapes and dtypes against the arguments of `f`: a missing leading batch axis of 1
 * is added; u8 data converts to reals as the function says (preprocess.h; nothing: value as is).
 * NULL: diagnosed. */
qir_samples *qir_samples_open(qir_func *f, const char *const *paths, size_t npaths);
void qir_samples_close(qir_samples *s);
int64_t qir_samples_count(const qir_samples *s);
/* Loads sample `i` into `in` (one tensor per argument, memory owned by the stream until the next
 * call).  False: diagnosed. */
bool qir_samples_read(qir_samples *s, int64_t i, qir_tensor *in);

/* What each byte becomes as an element of type `t` (real, or quantized per tensor): [channels][256]. */
void qir_preprocess_table(const qir_preprocess *pre, const qir_type *t, int64_t channels, void *table);

/* A whole .npy file (arena of `ctx`). */
bool qir_npy_read(qir_context *ctx, const char *path, qir_tensor *out);
/* One serialized ONNX TensorProto (the .pb files of the ONNX test data); data in `arena`. */
bool qir_tensorproto_read(qir_context *ctx, qir_arena *arena, const char *path, const void *data,
                          size_t len, qir_tensor *out);

/* The bytes of a .npy file. */
void qir_npy_write(const qir_tensor *t, qir_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
