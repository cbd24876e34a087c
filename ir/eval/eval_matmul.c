/* linear and matmul: dot products of rows. */
#include "eval_priv.h"

bool qir_eval_linear(qir_eval_args *a)
{
    qir_tensor w = eval_weight(a, 1);
    const qir_type *x = a->in[0].type;
    eval_dot kind = eval_product_kind(x, w.type, a->out[0].type);
    int64_t k = w.type->dims[1], n = w.type->dims[0];
    int64_t m = eval_product(x->dims, 0, x->rank - 1);
    const void *xs = eval_product_operand(a, &a->in[0], kind);
    const void *ws = eval_product_operand(a, &w, kind);
    void *sums = eval_product_out(a, kind);
    eval_gemm(kind, m, n, k, xs, ws, sums, n, 1);
    eval_product_finish(a, kind, sums, w.type, eval_has(a, 2), n, 1);
    return true;
}

/* The matrix of operand `t` that batch entry `i` of result `y` uses (numpy broadcasting). */
static int64_t matrix_of(const qir_type *t, const qir_type *y, int64_t i)
{
    int64_t index = 0, stride = 1;
    for (unsigned back = 3; back <= y->rank; back++) {
        int64_t dim = y->dims[y->rank - back], at = i % dim;
        i /= dim;
        if (back > t->rank)
            continue;
        int64_t own = t->dims[t->rank - back];
        index += (own == 1 ? 0 : at) * stride;
        stride *= own;
    }
    return index;
}

/* Matrices [K][N] to [N][K]. */
static const char *transposed(qir_eval_args *a, const void *b, size_t esize, int64_t count,
                              int64_t k, int64_t n)
{
    int64_t dims[3] = {count, n, k}, ds[3] = {n * k, k, 1}, ss[3] = {n * k, 1, n};
    char *dst = qir_arena_array(a->scratch, (size_t)(count * n * k), esize);
    eval_copy_nd(3, dims, esize, dst, ds, b, ss);
    return dst;
}

bool qir_eval_matmul(qir_eval_args *a)
{
    const qir_type *ta = a->in[0].type, *tb = a->in[1].type, *y = a->out[0].type;
    eval_dot kind = eval_product_kind(ta, tb, y);
    size_t esize = eval_dot_bytes(kind), rsize = eval_dot_result_bytes(kind);
    int64_t m = ta->dims[ta->rank - 2], k = ta->dims[ta->rank - 1], n = tb->dims[tb->rank - 1];
    const char *as = eval_product_operand(a, &a->in[0], kind);
    const void *bs = eval_product_operand(a, &a->in[1], kind);
    const char *bt = transposed(a, bs, esize, eval_product(tb->dims, 0, tb->rank - 2), k, n);
    char *sums = eval_product_out(a, kind);
    int64_t batches = eval_product(y->dims, 0, y->rank - 2);
    for (int64_t i = 0; i < batches; i++)
        eval_gemm(kind, m, n, k, as + (size_t)(matrix_of(ta, y, i) * m * k) * esize,
                  bt + (size_t)(matrix_of(tb, y, i) * k * n) * esize,
                  sums + (size_t)(i * m * n) * rsize, n, 1);
    eval_product_finish(a, kind, sums, tb, false, n, 1);
    return true;
}
