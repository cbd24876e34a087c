/* What convolutions and linear layers of a float model took and gave on samples: measured while the samples
 * run for another reason, so that a pass that corrects layers need not run them again. */
#ifndef QIR_LAYER_LOG_H
#define QIR_LAYER_LOG_H

#include "qir/eval.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_layer_log qir_layer_log;

/* Of `f`, in which layers read f32.  Of each layer the results of its first samples are kept, a megabyte or
 * eight samples, of large models in a temporary file.  NULL: diagnosed. */
qir_layer_log *qir_layer_log_create(qir_func *f, int64_t samples);
void qir_layer_log_destroy(qir_layer_log *log);

/* qir_eval_options.on_op; `log` is the user. */
void qir_layer_log_add(void *log, const qir_op *op, const qir_tensor *in, const qir_tensor *out);

/* How many samples `op`, a layer, has seen; 0: it is none. */
int64_t qir_layer_log_samples(const qir_layer_log *log, const qir_op *op);
/* The mean of operand 0, element by element; in `arena`. */
double *qir_layer_log_mean(const qir_layer_log *log, const qir_op *op, qir_arena *arena);
/* Of how many of them the results are kept. */
int64_t qir_layer_log_kept(const qir_layer_log *log, const qir_op *op);
/* The result in sample `s`, one of the kept ones. */
const float *qir_layer_log_result(const qir_layer_log *log, const qir_op *op, int64_t s);

#ifdef __cplusplus
}
#endif
#endif
