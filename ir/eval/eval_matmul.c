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

/* Operands as stacks of matrices: numpy's rules for rank 1 make a row of `a`, a column of `b`. */
typedef struct matmul {
    const qir_type *a, *b, *y;
    int64_t m, k, n;
    unsigned batch_rank; /* leading dimensions of the result that count matrices */
} matmul;

static matmul get_matmul(const qir_eval_args *args)
{
    const qir_type *a = args->in[0].type, *b = args->in[1].type;
    unsigned rank = a->rank > b->rank ? a->rank : b->rank;
    return (matmul){.a = a,
                    .b = b,
                    .y = args->out[0].type,
                    .m = a->rank > 1 ? a->dims[a->rank - 2] : 1,
                    .k = a->dims[a->rank - 1],
                    .n = b->rank > 1 ? b->dims[b->rank - 1] : 1,
                    .batch_rank = rank > 2 ? rank - 2 : 0};
}

/* The matrix of operand `t` that batch entry `i` of the result uses (numpy broadcasting). */
static int64_t matrix_of(const matmul *p, const qir_type *t, int64_t i)
{
    int64_t index = 0, stride = 1;
    for (unsigned back = 1; back <= p->batch_rank; back++) {
        int64_t dim = p->y->dims[p->batch_rank - back], at = i % dim;
        i /= dim;
        if (back + 2 > t->rank)
            continue;
        int64_t own = t->dims[t->rank - 2 - back];
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
    matmul p = get_matmul(a);
    eval_dot kind = eval_product_kind(p.a, p.b, p.y);
    size_t esize = eval_dot_bytes(kind), rsize = eval_dot_result_bytes(kind);
    const char *as = eval_product_operand(a, &a->in[0], kind);
    const void *bs = eval_product_operand(a, &a->in[1], kind);
    int64_t count = p.b->rank > 2 ? eval_product(p.b->dims, 0, p.b->rank - 2) : 1;
    const char *bt = transposed(a, bs, esize, count, p.k, p.n);
    char *sums = eval_product_out(a, kind);
    int64_t batches = eval_product(p.y->dims, 0, p.batch_rank);
    for (int64_t i = 0; i < batches; i++)
        eval_gemm(kind, p.m, p.n, p.k, as + (size_t)(matrix_of(&p, p.a, i) * p.m * p.k) * esize,
                  bt + (size_t)(matrix_of(&p, p.b, i) * p.k * p.n) * esize,
                  sums + (size_t)(i * p.m * p.n) * rsize, p.n, 1);
    eval_product_finish(a, kind, sums, p.b, false, p.n, 1);
    return true;
}
