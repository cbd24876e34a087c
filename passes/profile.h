/* The observers of a profile, for calibration and application. */
#ifndef QIR_PROFILE_H
#define QIR_PROFILE_H

#include "observer.h"
#include "qir/calibrate.h"
#include "qir/support/map.h"

/* The observer with this id, created empty when absent.  Stays where it is.  NULL: there is one of
 * another kind. */
qir_observer *qir_profile_observer(qir_profile *p, int64_t id, qir_observer_kind kind);
const qir_observer *qir_profile_find(const qir_profile *p, int64_t id); /* NULL if none */
/* The first observer, by id, that is not a key of `used` (observer -> anything); NULL if none. */
const qir_observer *qir_profile_unused(const qir_profile *p, const qir_map *used);

#endif
