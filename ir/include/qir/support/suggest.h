/* "did you mean": the nearest of several known names. */
#ifndef QIR_SUPPORT_SUGGEST_H
#define QIR_SUPPORT_SUGGEST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise but for `name` and `len`; offer every known name; `best` is then the nearest one
 * by edit distance, the first among equals, or NULL if none is near. */
typedef struct qir_suggestion {
    const char *name;
    size_t len;
    const char *best;
    size_t distance;
} qir_suggestion;

void qir_suggestion_offer(qir_suggestion *s, const char *known);

#ifdef __cplusplus
}
#endif
#endif
