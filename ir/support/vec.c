/* Growth of typed arrays. */
#include "qir/support/vec.h"

#include <stdlib.h>
#include "qir/support/checked.h"

void *qir_vec_grow(void *data, size_t *cap, size_t want, size_t size)
{
    size_t n = *cap ? *cap : 8, bytes;
    while (n < want) {
        if (!qir_mul_size(n, 2, &n))
            __builtin_trap();
    }
    if (!qir_mul_size(n, size, &bytes))
        __builtin_trap();
    void *p = realloc(data, bytes);
    if (!p)
        __builtin_trap();
    *cap = n;
    return p;
}

void qir_free(void *p)
{
    free(p);
}
