/* Samples that a command line names, for passes that measure. */
#ifndef QCC_TOOLS_SAMPLE_SOURCE_H
#define QCC_TOOLS_SAMPLE_SOURCE_H

#include "cl.h"
#include "qir/samples.h"

typedef struct tool_samples {
    qir_preprocess pre;
    qir_sample_source source;
} tool_samples;

/* `source` gets what to give to qir_pm_options.samples: NULL without paths.  `s` must live as long.
 * False: diagnosed (-preprocess). */
bool tool_sample_source(qir_diag_engine *diag, const cl_list *paths, const char *preprocess,
                        int64_t limit, tool_samples *s, const qir_sample_source **source);

#endif
