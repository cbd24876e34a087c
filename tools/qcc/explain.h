/* -explain, -min-sqnr, -max-drop: which layers and values cost accuracy, why, which values to give 16 bits, and which
 * layers to leave in float. */
#ifndef QCC_TOOLS_EXPLAIN_H
#define QCC_TOOLS_EXPLAIN_H

#include "evidence.h"

/* A value of 8 bits that could have 16. */
typedef struct qcc_value {
    const char *name; /* what a rule finds it by: an input, or the first node that it is the result of */
    int64_t id;       /* of its observer */
    size_t order;     /* in the program */
    double noise;     /* squared error of the results when it alone is rounded */
} qcc_value;

/* What is known about the model's layers and values. */
typedef struct qcc_findings {
    qcc_trial whole;   /* all layers quantized */
    qcc_layer *layers; /* in program order; */
    bool ranked;       /* the costliest first */
    size_t nlayers;
    qcc_value *values; /* the costliest first */
    size_t nvalues;
    double noise; /* of all values */
} qcc_findings;

/* A trial for each layer that stays in float alone.  False: diagnosed. */
bool qcc_rank_layers(const qcc_study *s, qcc_findings *f);
/* Finds the values.  False: diagnosed. */
bool qcc_find_values(const qcc_study *s, qcc_findings *f);
/* On a terminal: "trial 3 of 20"; at the end, nothing. */
void qcc_progress(const char *what, size_t done, size_t total);

/* Prints the table and the advice to standard output.  False: diagnosed. */
bool qcc_explain(const qcc_study *s, const qcc_findings *f);

/* Finds the values to give 16 bits, then the layers to leave in float, so that -min-sqnr and -max-drop hold,
 * writes the plan and makes the driver follow it.  False: diagnosed. */
bool qcc_choose_plan(qcc_study *s, qcc_findings *f);

/* The phase between canonicalize and prepare, when one of the options asks for it. */
bool qcc_study_model(qcc_driver *d);

#endif
