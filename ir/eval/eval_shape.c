/* Ops that only move elements; they work on stored bytes of any type. */
#include "eval_priv.h"

static size_t element_size(const qir_type *t)
{
    return qir_dtype_bytes(t->dtype);
}

bool qir_eval_transpose(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    size_t n;
    const int64_t *perm = qir_op_ints(a->op, "perm", &n);
    int64_t own[QIR_MAX_RANK], ss[QIR_MAX_RANK], ds[QIR_MAX_RANK];
    eval_row_strides(x->rank, x->dims, own);
    eval_row_strides(y->rank, y->dims, ds);
    for (unsigned i = 0; i < y->rank; i++)
        ss[i] = own[perm[i]];
    if (qir_type_elements(y))
        eval_copy_nd(y->rank, y->dims, element_size(y), a->out[0].data, ds, a->in[0].data, ss);
    return true;
}

bool qir_eval_concat(qir_eval_args *a)
{
    const qir_type *y = a->out[0].type;
    unsigned axis = (unsigned)qir_op_int(a->op, "axis");
    size_t inner = (size_t)eval_product(y->dims, axis + 1, y->rank) * element_size(y);
    size_t step = (size_t)y->dims[axis] * inner;
    int64_t outer = eval_product(y->dims, 0, axis);
    char *dst = a->out[0].data;
    for (uint32_t k = 0; k < a->op->noperands; k++) {
        size_t part = (size_t)a->in[k].type->dims[axis] * inner;
        const char *src = a->in[k].data;
        for (int64_t o = 0; o < outer && part; o++)
            memcpy(dst + (size_t)o * step, src + (size_t)o * part, part);
        dst += part;
    }
    return true;
}

bool qir_eval_slice(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    size_t n;
    const int64_t *starts = qir_op_ints(a->op, "starts", &n);
    const int64_t *steps = qir_op_ints(a->op, "steps", &n);
    int64_t own[QIR_MAX_RANK], ss[QIR_MAX_RANK], ds[QIR_MAX_RANK], offset = 0;
    eval_row_strides(x->rank, x->dims, own);
    eval_row_strides(y->rank, y->dims, ds);
    for (unsigned i = 0; i < x->rank; i++) {
        ss[i] = y->dims[i] > 1 ? own[i] * steps[n == 1 ? 0 : i] : 0; /* else any step is valid */
        offset += own[i] * starts[i];
    }
    if (qir_type_elements(y))
        eval_copy_nd(y->rank, y->dims, element_size(y), a->out[0].data, ds,
                     (const char *)a->in[0].data + (size_t)offset * element_size(y), ss);
    return true;
}

bool qir_eval_expand(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    size_t bytes = qir_type_bytes(y);
    if (bytes)
        memcpy(a->out[0].data, eval_broadcast(a, a->in[0].data, element_size(y), x, y), bytes);
    return true;
}

/* --- pad -------------------------------------------------------------------------------------- */
int64_t qir_pad_source(int64_t i, int64_t dim, const char *mode)
{
    if (i >= 0 && i < dim)
        return i;
    if (dim == 0 || mode[0] == 'c')
        return -1;
    if (mode[0] == 'e')
        return i < 0 ? 0 : dim - 1;
    int64_t period = dim > 1 ? 2 * (dim - 1) : 1; /* reflect: the border is not repeated */
    i = (i % period + period) % period;
    return i < dim ? i : period - i;
}

/* The value of the attribute as one stored element. */
static void store_fill(qir_eval_args *a, const qir_type *t, void *element)
{
    float v = qir_op_float(a->op, "value");
    qir_type scalar = *t;
    scalar.rank = 0;
    qir_tensor dst = {&scalar, element};
    if (t->dtype == QIR_f64)
        *(double *)element = (double)v;
    else if (t->quant || qir_dtype_is_float(t->dtype))
        eval_put_f32(&dst, &v);
    else
        eval_put_i64(&dst, &(int64_t){v > -0x1p62f && v < 0x1p62f ? (int64_t)v : 0});
}

bool qir_eval_pad(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    size_t n;
    const int64_t *pads = qir_op_ints(a->op, "pads", &n);
    const char *mode = qir_op_string(a->op, "mode");
    int64_t ss[QIR_MAX_RANK], *maps[QIR_MAX_RANK];
    eval_row_strides(x->rank, x->dims, ss);
    for (unsigned d = 0; d < y->rank; d++) {
        maps[d] = QIR_NEW_ARRAY(a->scratch, int64_t, (size_t)y->dims[d]);
        for (int64_t i = 0; i < y->dims[d]; i++)
            maps[d][i] = qir_pad_source(i - pads[d], x->dims[d], mode);
    }
    char fill[8];
    store_fill(a, y, fill);
    eval_map_nd(y->rank, y->dims, element_size(y), a->out[0].data, a->in[0].data, ss, maps, fill);
    return true;
}
