/* Threads of POSIX. */
#include "pthread_pool.h"
#include "read_ten.h"

enum { THREADS = 4 };

int main(void)
{
    pthread_pool *threads = pthread_pool_create(THREADS);
    if (!threads)
        return 1;
    qcc_pool pool = {threads, THREADS, pthread_pool_for};
    int code = read_ten(&pool);
    pthread_pool_destroy(threads);
    return code;
}
