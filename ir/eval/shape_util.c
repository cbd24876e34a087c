/* Index arithmetic that several families share: strides, strided copies, broadcasting, bounds and
 * sliding windows. */
#include <math.h>
#include "eval_priv.h"

void eval_row_strides(unsigned rank, const int64_t *dims, int64_t *strides)
{
    int64_t n = 1;
    for (unsigned i = rank; i-- > 0;) {
        strides[i] = n;
        n *= dims[i];
    }
}

int64_t eval_product(const int64_t *dims, unsigned from, unsigned to)
{
    int64_t n = 1;
    for (unsigned i = from; i < to; i++)
        n *= dims[i];
    return n;
}

/* One innermost row; fixed sizes let the compiler use plain loads and stores. */
static void copy_row(int64_t n, size_t esize, char *dst, int64_t ds, const char *src, int64_t ss)
{
    if (ds == 1 && ss == 1) {
        memcpy(dst, src, (size_t)n * esize);
        return;
    }
#define COPY(size)                                                                                 \
    for (int64_t i = 0; i < n; i++)                                                                \
    memcpy(dst + i * ds * (size), src + i * ss * (size), (size))
    switch (esize) {
    case 1: COPY(1); break;
    case 2: COPY(2); break;
    case 4: COPY(4); break;
    default: COPY(8); break;
    }
#undef COPY
}

/* Source rows lie across: a few columns of all of them at a time stay in the cache. */
static void copy_across(const int64_t *dims, size_t esize, char *dst, const int64_t *ds,
                        const char *src, const int64_t *ss)
{
    enum { COLUMNS = 16 };
    int64_t size = (int64_t)esize;
    for (int64_t i = 0; i < dims[0]; i += COLUMNS) {
        int64_t n = dims[0] - i < COLUMNS ? dims[0] - i : COLUMNS;
        for (int64_t j = 0; j < dims[1]; j++)
            copy_row(n, esize, dst + (i * ds[0] + j * ds[1]) * size, ds[0],
                     src + (i * ss[0] + j * ss[1]) * size, ss[0]);
    }
}

void eval_copy_nd(unsigned rank, const int64_t *dims, size_t esize, void *dst, const int64_t *ds,
                  const void *src, const int64_t *ss)
{
    if (rank == 0) {
        memcpy(dst, src, esize);
        return;
    }
    if (rank == 1) {
        if (dims[0] > 0)
            copy_row(dims[0], esize, dst, ds[0], src, ss[0]);
        return;
    }
    if (rank == 2 && ss[0] == 1 && ss[1] > 1) {
        copy_across(dims, esize, dst, ds, src, ss);
        return;
    }
    int64_t size = (int64_t)esize;
    for (int64_t i = 0; i < dims[0]; i++)
        eval_copy_nd(rank - 1, dims + 1, esize, (char *)dst + i * ds[0] * size, ds + 1,
                     (const char *)src + i * ss[0] * size, ss + 1);
}

static void fill_all(int64_t n, size_t esize, char *dst, const void *fill)
{
    for (int64_t i = 0; i < n; i++, dst += esize)
        memcpy(dst, fill, esize);
}

void eval_map_nd(unsigned rank, const int64_t *dims, size_t esize, char *dst, const char *src,
                 const int64_t *ss, int64_t *const *maps, const void *fill)
{
    if (rank == 0) {
        memcpy(dst, src, esize);
        return;
    }
    int64_t inner = eval_product(dims, 1, rank);
    for (int64_t i = 0; i < dims[0]; i++, dst += (size_t)inner * esize) {
        if (maps[0][i] < 0)
            fill_all(inner, esize, dst, fill);
        else
            eval_map_nd(rank - 1, dims + 1, esize, dst, src + maps[0][i] * ss[0] * (int64_t)esize,
                        ss + 1, maps + 1, fill);
    }
}

const void *eval_broadcast(qir_eval_args *a, const void *src, size_t esize, const qir_type *from,
                           const qir_type *to)
{
    if (qir_type_same_shape(from, to))
        return src;
    int64_t own[QIR_MAX_RANK], ss[QIR_MAX_RANK], ds[QIR_MAX_RANK];
    eval_row_strides(from->rank, from->dims, own);
    eval_row_strides(to->rank, to->dims, ds);
    unsigned extra = to->rank - from->rank;
    for (unsigned i = 0; i < to->rank; i++)
        ss[i] = i < extra || from->dims[i - extra] == 1 ? 0 : own[i - extra];
    void *dst = qir_arena_array(a->scratch, (size_t)qir_type_elements(to), esize);
    eval_copy_nd(to->rank, to->dims, esize, dst, ds, src, ss);
    return dst;
}

eval_bounds eval_get_bounds(const qir_op *op)
{
    return (eval_bounds){qir_op_float(op, "min"), qir_op_float(op, "max")};
}

/* Entry i of a list in which a single entry stands for all. */
static int64_t list_at(const int64_t *v, size_t n, size_t i)
{
    return n == 1 ? v[0] : v[i];
}

static void get_axis(const qir_op *op, unsigned spatial, unsigned i, eval_window *w, unsigned at)
{
    size_t n;
    const int64_t *v = qir_op_ints(op, "strides", &n);
    w->stride[at] = list_at(v, n, i);
    v = qir_op_ints(op, "dilations", &n);
    w->dilation[at] = list_at(v, n, i);
    v = qir_op_ints(op, "pads", &n);
    w->pad[at] = list_at(v, n, i);
    w->pad_end[at] = list_at(v, n, spatial + i);
}

void eval_get_window(const qir_eval_args *a, const int64_t *kernel, eval_window *w)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    unsigned spatial = x->rank - 2;
    QIR_ASSERT(spatial <= EVAL_SPATIAL, "rank that infer refuses");
    *w = (eval_window){.batch = x->dims[0], .channels = x->dims[1]};
    for (unsigned at = 0; at < EVAL_SPATIAL; at++) {
        w->in[at] = w->out[at] = w->kernel[at] = w->stride[at] = w->dilation[at] = 1;
        if (at < EVAL_SPATIAL - spatial)
            continue;
        unsigned i = at - (EVAL_SPATIAL - spatial);
        w->in[at] = x->dims[2 + i];
        w->out[at] = y->dims[2 + i];
        w->kernel[at] = kernel[i];
        get_axis(a->op, spatial, i, w, at);
    }
}
