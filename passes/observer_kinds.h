/* The built-in kinds of observers, one file per family (observer_*.c). */
#ifndef QIR_OBSERVER_KINDS_H
#define QIR_OBSERVER_KINDS_H

#include "qir/observer.h"

/* K(identifier): in the order of the documentation. */
#define QIR_OBSERVER_KINDS(K)                                                                      \
    K(minmax)                                                                                      \
    K(moving_average)                                                                              \
    K(histogram)                                                                                   \
    K(histogram_exact)                                                                             \
    K(mse)                                                                                         \
    K(percentile)                                                                                  \
    K(entropy)                                                                                     \
    K(fixed)                                                                                       \
    K(derived)                                                                                     \
    K(placeholder)

#define QIR_OBSERVER_DECLARE(ident) extern const qir_observer_kind qir_observer_##ident;
QIR_OBSERVER_KINDS(QIR_OBSERVER_DECLARE)

#endif
