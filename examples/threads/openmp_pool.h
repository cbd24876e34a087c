/* OpenMP as the pool of a compiled model: qcc_pool pool = {NULL, omp_get_max_threads(), openmp_for}.
 * Compile with -fopenmp. */
#ifndef OPENMP_POOL_H
#define OPENMP_POOL_H

#include <omp.h>

static inline void openmp_for(void *user, void (*task)(void *arg, unsigned index), void *arg,
                              unsigned count)
{
    (void)user;
#pragma omp parallel for schedule(static, 1)
    for (unsigned i = 0; i < count; i++)
        task(arg, i);
}

#endif
