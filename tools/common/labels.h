/* Labels of samples, for accuracies. */
#ifndef QCC_TOOLS_LABELS_H
#define QCC_TOOLS_LABELS_H

#include "qir/samples.h"

/* One label for each of `total` samples from a file: .npy integers, or raw bytes or 32-bit words.
 * Memory of the context.  NULL: diagnosed. */
const int64_t *tool_read_labels(qir_context *ctx, const char *path, int64_t total);

/* Index of the largest of n values, the first one of equals. */
int64_t tool_largest(const double *x, int64_t n);

#endif
