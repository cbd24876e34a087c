/* How the errors of the weights of a row are measured, |U (w - q)|^2 with U^T U = H, and what they say about
 * each other, in an order of the columns in which the last is rounded first:
 *
 *     t_k = w_k + gain_k . state / pivot_k
 *
 * is what weight k should be once those behind it are chosen.  With a matrix H the state is their errors
 * w_j - q_j, gain_k = U_k, pivot_k = U_kk.  With few rows x, H = x^T x + d I, it is x times these errors: no
 * matrix of columns is made. */
#ifndef QIR_COUPLING_H
#define QIR_COUPLING_H

#include "hessian.h"

typedef struct qir_coupling {
    int64_t *order;    /* column of the layer */
    float *pivot;      /* per column */
    qir_matrix gain;   /* [columns][length of the state]; of U, what lies above the diagonal */
    qir_matrix inputs; /* few rows: x^T [columns][rows]; else data NULL */
    qir_matrix solver; /* few rows: (x x^T + d I)^-1 */
    unsigned threads;  /* to compute with it, at most */
} qir_coupling;

/* H is that of a group, and `damping` times the mean of its diagonal more on the diagonal.  False: it has
 * no factor. */
bool qir_coupling_make(qir_coupling *f, const qir_hessian *h, int64_t group, double damping,
                     qir_arena *arena);

/* Adds H^-1 x^T (real - x) w to the weights `w` [columns in order][rows]: the least squares of what
 * their results lack. */
void qir_coupling_refit(const qir_coupling *f, const qir_hessian *h, int64_t group, const qir_matrix *w,
                      qir_arena *arena);

#endif
