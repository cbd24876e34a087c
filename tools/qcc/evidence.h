/* What is wrong with a quantized layer: figures, and the cause that they speak for. */
#ifndef QCC_TOOLS_EVIDENCE_H
#define QCC_TOOLS_EVIDENCE_H

#include "trial.h"

/* An op that computes in integers in the quantized model. */
typedef struct qcc_layer {
    const char *name;        /* what a rule finds it by: the first node of the model that it stands for */
    const qir_op *real;      /* in the float model */
    const qir_op *quantized; /* in the quantized one */
    size_t order;            /* in the program */
    double sqnr;             /* of the results when it alone stays in float, dB */
    int64_t right;

    /* Evidence. */
    double outlier;   /* largest magnitude of its result over the 99.9th percentile of magnitudes */
    double spread;    /* largest magnitude over the median of the channels' largest */
    double growth;    /* largest magnitude of all samples over that of the first half */
    double saturated; /* share of the float result's values beyond the quantized range */
    double bias_step; /* step of the bias over the step of the result */
    unsigned weight_bits; /* 0: it has no weight */
    double weight_spread; /* as spread, of the weight's output channels; 1 when each has a scale */
} qcc_layer;

/* The layers of a trial, in program order; in the study's arena. */
size_t qcc_find_layers(const qcc_study *s, const qcc_trial *t, qcc_layer **out);

/* Fills in the evidence.  False: diagnosed. */
bool qcc_gather_evidence(const qcc_study *s, qcc_layer *layers, size_t n);

typedef struct qcc_cause {
    const char *name;
    bool (*holds)(const qcc_study *s, const qcc_layer *l);
    void (*say)(const qcc_study *s, const qcc_layer *l, qir_strbuf *out); /* the figure */
    const char *(*advice)(const qcc_study *s, const qcc_layer *l);
} qcc_cause;

/* The first cause that holds; the last one always does. */
const qcc_cause *qcc_cause_of(const qcc_study *s, const qcc_layer *l);

#endif
