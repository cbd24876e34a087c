/* Calibration: runs a module with observers over samples, keeps what they saw as a text profile. */
#ifndef QIR_CALIBRATE_H
#define QIR_CALIBRATE_H

#include <signal.h>
#include "qir/eval.h"
#include "qir/samples.h"
#include "qir/support/strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What observers saw, by observer id. */
typedef struct qir_profile qir_profile;

qir_profile *qir_profile_create(qir_context *ctx);
void qir_profile_destroy(qir_profile *p);

/* Text form (docs/quantization.md): deterministic; floats as shortest decimals. */
void qir_profile_print(const qir_profile *p, qir_strbuf *out);
qir_profile *qir_profile_parse(qir_context *ctx, const char *file, const char *text, size_t len);

/* The first sample not measured by a calibration that was stopped; 0: it is complete. */
int64_t qir_profile_next(const qir_profile *p);

/* Adds what another profile of the same model saw.  Observers of order-free kinds only: then the
 * result is that of one run, byte for byte.  False: diagnosed. */
bool qir_profile_merge(qir_profile *into, const qir_profile *from);

enum { QIR_MAX_SHARDS = 1024 };

typedef struct qir_calibrate_options {
    int64_t limit;                                             /* samples; 0 = all */
    void (*progress)(void *user, int64_t done, int64_t total); /* total 0: unknown */
    void *user;
    int64_t shard, nshards; /* only samples i with i % nshards == shard; nshards 0: all */
    void (*on_op)(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out); /* as of qir_eval_options */
    void *on_op_user;
    const volatile sig_atomic_t *stop; /* not 0: stop after the sample at work; may be NULL */
} qir_calibrate_options;

/* Runs every sample through `m` (stage OBSERVED), feeding the observers of computed values
 * (constants are measured by qir_profile_apply).  Goes on where an interrupted profile ends.
 * Non-finite values are an error that names sample, tensor and index.  False: diagnosed. */
bool qir_calibrate(qir_module *m, qir_samples *samples, const qir_calibrate_options *opts,
                   qir_profile *profile);

/* Writes lo/hi of every observer into the observe ops' attributes; the body of the pass
 * apply-calibration.  Observers without data: weights are measured here, others are warned about.
 */
bool qir_profile_apply(const qir_profile *p, qir_module *m);

#ifdef __cplusplus
}
#endif
#endif
