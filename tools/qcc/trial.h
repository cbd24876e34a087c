/* Trials: the model quantized in some way, measured on the samples of -calibrate against the float
 * model. */
#ifndef QCC_TOOLS_TRIAL_H
#define QCC_TOOLS_TRIAL_H

#include "qcc.h"
#include "qir/fidelity.h"

/* What trials are compared with. */
typedef struct qcc_study {
    qcc_driver *d;    /* its module is the float model, canonical */
    qir_arena *arena; /* until the study ends */
    qcc_accuracy accuracy; /* of the trials */
    int64_t samples;
    double **results; /* of the float model, per sample: all results one after the other */
    const int64_t *labels; /* NULL: none */
    int64_t right;         /* samples that the float model answers as labelled */
} qcc_study;

/* Runs the float model.  False: diagnosed. */
bool qcc_study_open(qcc_study *s, qcc_driver *d);
void qcc_study_close(qcc_study *s);

/* Runs the samples through a module, with `eval` (NULL: none); `fn` gets all results of each. */
typedef void (*qcc_result_fn)(void *user, int64_t sample, const double *values, int64_t n);
bool qcc_run_samples(const qcc_study *s, qir_module *m, const qir_eval_options *eval,
                     qcc_result_fn fn, void *user);

/* What a trial does differently than the options say. */
typedef struct qcc_variant {
    const char *const *floats; /* names of ops that stay in float */
    const char *const *wide;   /* names of ops whose weights get 8 bits */
    const char *const *int16;  /* names of values that get 16 */
    size_t nfloats, nwide, nint16;
    bool all_int16; /* whatever they are called */
} qcc_variant;

typedef struct qcc_trial {
    qir_module *module; /* quantized; NULL: the trial failed */
    qcc_accuracy accuracy; /* that was in force */
    qir_fidelity fidelity;
    double squares[3]; /* sums over samples: signal^2, signal * noise, noise^2 */
    int64_t right;
} qcc_trial;

/* Takes a copy through the phases from prepare to `last` (NULL: to integers), as the options and `v` say.  False: diagnosed. */
bool qcc_trial_phases(const qcc_study *s, const qcc_variant *v, const char *last, qcc_trial *t);
/* Quantizes a copy, and runs it.  False: diagnosed. */
bool qcc_trial_run(const qcc_study *s, const qcc_variant *v, qcc_trial *t);
void qcc_trial_free(qcc_trial *t);

/* An extended regular expression that finds these names and no others, with `also` (NULL: nothing);
 * in `arena`. */
const char *qcc_names_regex(qir_arena *arena, const char *const *names, size_t n, const char *also);

/* Makes a driver follow a variant; texts in `arena`. */
void qcc_follow(qcc_driver *d, const qcc_variant *v, qir_arena *arena);

/* SQNR in dB less three standard errors: what other samples of the kind reach, very likely. */
double qcc_trial_sure_sqnr(const qcc_study *s, const qcc_trial *t);
/* Points of top-1 lost against the float model. */
double qcc_trial_drop(const qcc_study *s, const qcc_trial *t);

#endif
