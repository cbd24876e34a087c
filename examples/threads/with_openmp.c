/* Threads of OpenMP. */
#include "openmp_pool.h"
#include "read_ten.h"

enum { THREADS = 4 };

int main(void)
{
    omp_set_num_threads(THREADS);
    qcc_pool pool = {NULL, THREADS, openmp_for};
    return read_ten(&pool);
}
