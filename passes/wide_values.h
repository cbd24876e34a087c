/* Values of 16 bits: what rules of the configuration ask of single values. */
#ifndef QIR_WIDE_VALUES_H
#define QIR_WIDE_VALUES_H

#include "qconfig.h"

/* Gives the values that rules name (key `result`) their spec, in the annotations: where they are made, where
 * they are read, and wherever else their parameters are shared.  What cannot have it is left alone, with a
 * warning (-Wwide-value).  False: diagnosed. */
bool qir_widen_values(qir_pass *pass, qir_module *m, qir_qconfig *config);

#endif
