/* How near one set of numbers is to another: what all accuracy tools measure. */
#ifndef QIR_FIDELITY_H
#define QIR_FIDELITY_H

#include "qir/eval.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sums over pairs of a reference `f` and what is measured `q`; zero-initialise, then add. */
typedef struct qir_fidelity {
    int64_t count;
    double signal;  /* sum f^2 */
    double noise;   /* sum (f - q)^2 */
    double product; /* sum f * q */
    double energy;  /* sum q^2 */
    double largest; /* max |f - q| */
} qir_fidelity;

void qir_fidelity_add(qir_fidelity *s, const double *f, const double *q, int64_t n);

/* 10 log10(signal / noise) in dB; infinite where nothing differs. */
double qir_fidelity_sqnr(const qir_fidelity *s);
double qir_fidelity_mse(const qir_fidelity *s);
/* f * q / (|f| |q|); 1 where both are zero. */
double qir_fidelity_cosine(const qir_fidelity *s);

/* The numbers that a tensor stands for: floats, dequantized values, integers as they are.  Borrowed
 * from the tensor or in `arena`. */
const double *qir_tensor_reals(const qir_tensor *t, qir_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
