/* SQNR, squared error, cosine and largest error, in double and in the order of the elements. */
#include "qir/fidelity.h"

#include <math.h>
#include "eval_priv.h"

void qir_fidelity_add(qir_fidelity *s, const double *f, const double *q, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (isinf(f[i]) && f[i] == q[i])
            continue; /* a mask */
        double e = f[i] - q[i], size = isnan(e) ? INFINITY : fabs(e);
        s->signal += f[i] * f[i];
        s->noise += e * e;
        s->product += f[i] * q[i];
        s->energy += q[i] * q[i];
        s->largest = size > s->largest ? size : s->largest;
    }
    s->count += n;
}

double qir_fidelity_sqnr(const qir_fidelity *s)
{
    return s->noise == 0.0 ? INFINITY : 10.0 * log10(s->signal / s->noise);
}

double qir_fidelity_mse(const qir_fidelity *s)
{
    return s->count ? s->noise / (double)s->count : 0.0;
}

double qir_fidelity_cosine(const qir_fidelity *s)
{
    double size = sqrt(s->signal) * sqrt(s->energy);
    return size == 0.0 ? s->signal == s->energy : s->product / size;
}

const double *qir_tensor_reals(const qir_tensor *t, qir_arena *arena)
{
    qir_eval_args a = {.scratch = arena};
    return eval_f64(&a, t);
}
