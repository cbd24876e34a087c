/* Tables of bytes. */
#include "eval_priv.h"

bool qir_eval_lookup(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type, *t = a->in[1].type;
    const uint8_t *index = a->in[0].data, *table = a->in[1].data;
    size_t size = qir_dtype_bytes(t->dtype);
    int64_t n = qir_type_elements(x), rows = t->rank == 2 ? t->dims[0] : 1;
    for (int64_t i = 0; i < n; i++)
        memcpy((uint8_t *)a->out[0].data + (size_t)i * size,
               table + (size_t)(i % rows * 256 + index[i]) * size, size);
    return true;
}
