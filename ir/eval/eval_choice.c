/* Comparisons and choice.  Floats compare as IEEE says, so NaN is in no order; integers compare by
 * value; quantized operands of equal parameters compare as they are stored. */
#include "eval_priv.h"

static bool comes_before(qir_opcode op, bool less, bool equal)
{
    return (less && op != QIR_OP_equal) || (equal && op != QIR_OP_less);
}

/* One operand as `type`, repeated to the result's shape. */
#define BROADCAST(i, load)                                                                         \
    eval_broadcast(a, load(a, &a->in[i]), sizeof *load(a, &a->in[i]), a->in[i].type, a->out[0].type)

#define COMPARE(type, load)                                                                        \
    do {                                                                                           \
        const type *p = (const type *)BROADCAST(0, load), *q = (const type *)BROADCAST(1, load);   \
        for (int64_t i = 0; i < n; i++)                                                            \
            out[i] = comes_before(a->op->opcode, p[i] < q[i], p[i] == q[i]);                       \
    } while (0)

bool qir_eval_compare(qir_eval_args *a)
{
    int64_t n = qir_type_elements(a->out[0].type);
    uint8_t *out = a->out[0].data;
    const qir_type *x = a->in[0].type;
    if (eval_class_of(x) == EVAL_F32)
        COMPARE(float, eval_f32);
    else if (eval_class_of(x) == EVAL_F64)
        COMPARE(double, eval_f64);
    else if (x->dtype == QIR_u64)
        COMPARE(uint64_t, eval_i64);
    else
        COMPARE(int64_t, eval_i64);
    return true;
}

bool qir_eval_where(qir_eval_args *a)
{
    const qir_type *t = a->out[0].type;
    size_t size = qir_dtype_bytes(t->dtype);
    const char *cond = eval_broadcast(a, a->in[0].data, 1, a->in[0].type, t);
    const char *x = eval_broadcast(a, a->in[1].data, size, a->in[1].type, t);
    const char *y = eval_broadcast(a, a->in[2].data, size, a->in[2].type, t);
    char *out = a->out[0].data;
    int64_t n = qir_type_elements(t);
    for (int64_t i = 0; i < n; i++)
        memcpy(out + (size_t)i * size, (cond[i] ? x : y) + (size_t)i * size, size);
    return true;
}
