/* update_slice: a copy of x, then the elements of u that lie inside it. */
#include "eval_priv.h"

bool qir_eval_update_slice(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type, *u = a->in[1].type;
    int64_t strides[QIR_MAX_RANK], axis = qir_op_int(a->op, "axis"), n = qir_type_elements(u);
    int64_t start = *eval_i64(a, &a->in[2]);
    size_t nat, size = qir_dtype_bytes(x->dtype);
    const int64_t *at = qir_op_ints(a->op, "at", &nat);
    memcpy(a->out[0].data, a->in[0].data, qir_type_bytes(x));
    eval_row_strides(x->rank, x->dims, strides);
    for (int64_t i = 0; i < n; i++) {
        int64_t to = 0, rest = i;
        bool inside = true;
        for (unsigned d = x->rank; d-- > 0; rest /= u->dims[d]) {
            int64_t first = rest % u->dims[d] + at[nat == 1 ? 0 : d];
            int64_t room = x->dims[d] - first; /* first may lie beyond already */
            inside = inside && (d != axis ? room > 0 : start >= -first && start < room);
            to += inside ? (first + (d == axis ? start : 0)) * strides[d] : 0;
        }
        if (inside)
            memcpy((char *)a->out[0].data + (size_t)to * size,
                   (const char *)a->in[1].data + (size_t)i * size, size);
    }
    return true;
}
