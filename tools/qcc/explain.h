/* -explain, -min-sqnr, -max-drop: which layers cost accuracy, why, and which of them to leave in float. */
#ifndef QCC_TOOLS_EXPLAIN_H
#define QCC_TOOLS_EXPLAIN_H

#include "evidence.h"

/* Everything that is known about the model's layers. */
typedef struct qcc_findings {
    qcc_trial whole;   /* all layers quantized */
    qcc_layer *layers; /* the costliest first */
    size_t nlayers;
} qcc_findings;

/* Prints the table and the advice to standard output.  False: diagnosed. */
bool qcc_explain(const qcc_study *s, const qcc_findings *f);

/* Finds the layers to leave in float so that -min-sqnr and -max-drop hold, writes the plan and makes
 * the driver follow it.  False: diagnosed. */
bool qcc_choose_plan(qcc_study *s, const qcc_findings *f);

/* The phase between canonicalize and prepare, when one of the options asks for it. */
bool qcc_study_model(qcc_driver *d);

#endif
