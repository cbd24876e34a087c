/* What a pass won at a layer, in dB: an attribute `gain.pass_name` of the op, which -report prints. */
#ifndef QIR_GAINS_H
#define QIR_GAINS_H

#include "qir/ir.h"
#include "qir/support/strbuf.h"

/* By how much the error of `op` with respect to the float model fell. */
void qir_gain_note(qir_op *op, const char *pass, double decibels);
/* "; correct-bias +1.25 dB" for each. */
void qir_gains_print(const qir_op *op, qir_strbuf *out);

#endif
