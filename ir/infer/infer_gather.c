/* Reading and writing at indices: shapes of the results, and the indices that are known. */
#include <string.h>
#include "infer.h"
#include "qir/codes.h"

static int64_t read_index(const void *data, qir_dtype t, int64_t i)
{
    return t == QIR_i64 ? ((const int64_t *)data)[i] : ((const int32_t *)data)[i];
}

/* Entry j of every tuple of m indices is within -size[j] .. size[j] - 1.  Indices that are known now
 * are looked at; those of a side file when they are used. */
static bool check_known(qir_infer *q, const int64_t *size, int64_t m)
{
    const qir_type *t = infer_type(q, 1);
    qir_const *c = qir_value_const(q->operands[1]);
    if (!c || c->payload == QIR_PAYLOAD_PARAM)
        return true;
    bool splat = c->payload == QIR_PAYLOAD_SPLAT;
    int64_t n = qir_type_elements(t);
    for (int64_t i = 0; i < n && (!splat || i < m); i++) {
        int64_t v = read_index(c->data, t->dtype, splat ? 0 : i), dim = size[i % m];
        if (v < -dim || v >= dim)
            return infer_fail(q, "shape.gather", "index %lld outside a dimension of size %lld",
                              (long long)v, (long long)dim);
    }
    return true;
}

/* Operand 1 holds tuples of m indices into the dimensions size[0 .. m). */
static bool check_indices(qir_infer *q, const int64_t *size, int64_t m)
{
    const qir_type *t = infer_type(q, 1);
    if (t->dtype != QIR_i32 && t->dtype != QIR_i64)
        return infer_fail(q, "type.operand", "indices of type %s, expected i32 or i64",
                          infer_text(q, t));
    for (int64_t j = 0; j < m; j++)
        if (!size[j] && qir_type_elements(t))
            return infer_fail(q, "shape.empty", "indexes an axis without elements");
    return check_known(q, size, m);
}

/* A quantized table whose rows are wanted as real values. */
static bool reads_real(const qir_infer *q, const qir_type *x)
{
    return x->quant && q->results[0] && !q->results[0]->quant;
}

static bool check_real(qir_infer *q, const qir_type *x, unsigned axis)
{
    qir_code_rows rows;
    return (axis == 0 && x->rank == 2 && qir_code_rows_get(x, &rows)) ||
           infer_fail(q, "type.operand",
                      "real values of a table of type %s, expected rows of at most 8 bits that "
                      "express f32, per tensor, per axis 0 or in groups of axis 1, and axis 0",
                      infer_text(q, x));
}

bool qir_infer_gather(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *indices = infer_type(q, 1);
    infer_dims dims = {0};
    unsigned axis;
    if (!infer_axis(q, x->rank, &axis) ||
        !(reads_real(q, x) ? check_real(q, x, axis) : infer_movable(q, x)))
        return false;
    for (unsigned i = 0; i < x->rank; i++) {
        for (unsigned j = 0; i == axis && j < indices->rank; j++)
            if (!infer_push(q, &dims, indices->dims[j]))
                return false;
        if (i != axis && !infer_push(q, &dims, x->dims[i]))
            return false;
    }
    return check_indices(q, &x->dims[axis], 1) &&
           (reads_real(q, x) ? infer_result_plain(q, 0, &dims, QIR_f32)
                             : infer_result(q, 0, &dims, x));
}

/* --- lookup ----------------------------------------------------------------------------------- */

bool qir_infer_lookup(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *table = infer_type(q, 1);
    infer_dims dims = infer_dims_of(x);
    if (x->dtype != QIR_u8 || x->quant)
        return infer_fail(q, "type.operand", "looks up %s, expected u8", infer_text(q, x));
    bool one = table->rank == 1 && table->dims[0] == 256;
    bool rows = table->rank == 2 && table->dims[1] == 256 && x->rank > 0 &&
                table->dims[0] == x->dims[x->rank - 1];
    if (!one && !rows)
        return infer_fail(q, "shape.lookup",
                          "table %s for %s, expected 256 elements, or 256 for each index of the last "
                          "dimension",
                          infer_text(q, table), infer_text(q, x));
    return infer_movable(q, table) && infer_result(q, 0, &dims, table);
}

/* --- gather of elements and tuples ------------------------------------------------------------ */

/* Indices of the rank of x, with no more elements than x in every dimension but `axis`. */
static bool element_indices(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *indices = infer_type(q, 1);
    unsigned axis;
    if (!infer_axis(q, x->rank, &axis) || !infer_movable(q, x))
        return false;
    bool fits = indices->rank == x->rank;
    for (unsigned i = 0; fits && i < x->rank; i++)
        fits = i == axis || indices->dims[i] <= x->dims[i];
    if (!fits)
        return infer_fail(q, "shape.gather",
                          "indices %s for operand %s, expected equal ranks and no more elements in "
                          "dimensions other than %u",
                          infer_text(q, indices), infer_text(q, x), axis);
    return check_indices(q, &x->dims[axis], 1);
}

bool qir_infer_gather_elements(qir_infer *q)
{
    infer_dims dims = infer_dims_of(infer_type(q, 1));
    return element_indices(q) && infer_result(q, 0, &dims, infer_type(q, 0));
}

/* The last dimension of the indices holds tuples for the dimensions of x after the first `batch`;
 * dims: the tuples' shape, then the dimensions of x that they do not index. */
static bool tuple_indices(qir_infer *q, int64_t batch, infer_dims *dims)
{
    const qir_type *x = infer_type(q, 0), *indices = infer_type(q, 1);
    int64_t m = indices->rank ? indices->dims[indices->rank - 1] : -1;
    bool fits = m >= 0 && batch >= 0 && batch < (int64_t)indices->rank && batch + m <= x->rank;
    for (int64_t i = 0; fits && i < batch; i++)
        fits = indices->dims[i] == x->dims[i];
    if (!fits)
        return infer_fail(q, "shape.gather",
                          "indices %s for operand %s, expected %lld equal leading dimensions and a "
                          "last one of at most the dimensions that follow them",
                          infer_text(q, indices), infer_text(q, x), (long long)batch);
    for (unsigned i = 0; i + 1 < indices->rank; i++)
        dims->d[dims->rank++] = indices->dims[i];
    for (unsigned i = (unsigned)(batch + m); i < x->rank; i++)
        if (!infer_push(q, dims, x->dims[i]))
            return false;
    return infer_movable(q, x) && check_indices(q, x->dims + batch, m);
}

bool qir_infer_gather_nd(qir_infer *q)
{
    infer_dims dims = {0};
    return tuple_indices(q, infer_int(q, "batch_dims"), &dims) &&
           infer_result(q, 0, &dims, infer_type(q, 0));
}

/* --- scatter ---------------------------------------------------------------------------------- */

/* Updates of the operand's element type and of shape `dims`; the result is like the operand. */
static bool check_updates(qir_infer *q, const infer_dims *dims)
{
    static const char *const words[] = {"none", "add", "mul", "max", "min", NULL};
    const qir_type *x = infer_type(q, 0), *updates = infer_type(q, 2);
    infer_dims own = infer_dims_of(updates), result = infer_dims_of(x);
    if (own.rank != dims->rank || memcmp(own.d, dims->d, own.rank * sizeof *own.d) != 0)
        return infer_fail(q, "shape.scatter", "updates %s, expected shape %s",
                          infer_text(q, updates), infer_dims_text(q, dims));
    if (!infer_same_element(q, x, updates) || !infer_word(q, "reduction", words))
        return false;
    const char *how = infer_string(q, "reduction");
    bool arithmetic = !strcmp(how, "add") || !strcmp(how, "mul");
    if (arithmetic && (x->quant || x->dtype == QIR_i1))
        return infer_fail(q, "type.operand", "reduction \"%s\" of %s, expected floats or integers",
                          how, infer_text(q, x));
    return infer_result(q, 0, &result, x);
}

bool qir_infer_scatter_elements(qir_infer *q)
{
    infer_dims dims = infer_dims_of(infer_type(q, 1));
    return element_indices(q) && check_updates(q, &dims);
}

bool qir_infer_scatter_nd(qir_infer *q)
{
    infer_dims dims = {0};
    return tuple_indices(q, 0, &dims) && check_updates(q, &dims);
}
