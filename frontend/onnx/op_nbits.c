/* Weights of 2, 4 or 8 bits in blocks: MatMulNBits, GatherBlockQuantized.  Packed bytes are
 * unpacked at import, lowest bits first; unsigned values with their middle subtracted become signed
 * ones, whose zero points are usually 0. */
#include <inttypes.h>

#include "core/compose.h"
#include "onnx/import.h"
#include "qir/support/checked.h"

typedef struct nbits {
    int64_t bits, block;
    qir_dtype stored; /* i2, i4 or i8 */
} nbits;

static bool read_nbits(onnx_call *c, int64_t block, nbits *n)
{
    *n = (nbits){.bits = onnx_attr_int(c, "bits", 4),
                 .block = onnx_attr_int(c, "block_size", block)};
    n->stored = n->bits == 2 ? QIR_i2 : n->bits == 4 ? QIR_i4 : QIR_i8;
    if (n->bits != 2 && n->bits != 4 && n->bits != 8)
        return fe_error(c->fe, "attr", "%" PRId64 " bits, expected 2, 4 or 8", n->bits);
    return (n->block >= 16 && !(n->block & (n->block - 1)) && n->block <= 1 << 20) ||
           fe_error(c->fe, "attr", "block_size %" PRId64 ", expected a power of two from 16",
                    n->block);
}

/* [rows, count] values out of rows of `bytes` bytes, minus the middle of their range. */
static qir_value *unpack(onnx_call *c, const nbits *n, qir_value *packed, int64_t rows,
                         int64_t count)
{
    int64_t bytes = rows ? qir_type_elements(packed->type) / rows : 0, mask = (1 << n->bits) - 1;
    const unsigned char *data = qir_const_data(qir_value_const(packed));
    if (packed->type->dtype != QIR_u8 || bytes * rows != qir_type_elements(packed->type) ||
        bytes * 8 < count * n->bits) {
        fe_error(c->fe, "shape", "packed values of type %s, expected %" PRId64 " rows of %" PRId64,
                 qir_type_text(c->fe->ctx, packed->type), rows, count);
        return NULL;
    }
    if (!data)
        return NULL;
    int8_t *out = qir_arena_alloc(c->fe->m->arena, (size_t)(rows * count));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < count; i++) {
            int64_t bit = i * n->bits;
            int byte = data[r * bytes + bit / 8] >> bit % 8;
            out[r * count + i] = (int8_t)((byte & mask) - (1 << (n->bits - 1)));
        }
    const qir_type *t = fe_tensor_type(c->fe, n->stored, (int64_t[]){rows, count}, 2);
    return t ? fe_add_const(c->fe, fe_const_base(c->fe, packed), t, out, false, c->fe->b.loc)
             : NULL;
}

/* Real zero points count from 0, our values from the middle. */
static qir_value *shifted(onnx_call *c, const nbits *n, qir_value *zp)
{
    double middle = (double)(1 << (n->bits - 1));
    return fe_emit2(c->fe, QIR_OP_sub, zp, fe_scalar(c->fe, zp->type->dtype, middle));
}

/* Zero points of [rows, groups]: packed, real, or absent (the middle). */
static bool zero_points(onnx_call *c, const nbits *n, int64_t rows, int64_t groups,
                        qir_value *given, qir_value **out)
{
    *out = NULL;
    if (!given)
        return true;
    *out = given->type->dtype == QIR_u8 ? unpack(c, n, given, rows, groups) : shifted(c, n, given);
    return *out != NULL;
}

/* g_idx, the group of each column: only the natural order. */
static bool natural_order(onnx_call *c, qir_value *order, int64_t block)
{
    size_t count;
    const int64_t *g = order ? fe_const_ints(c->fe, order, &count) : NULL;
    if (order && !g)
        return false;
    for (size_t i = 0; order && i < count; i++)
        if (g[i] != (int64_t)i / block)
            return fe_error(c->fe, "operands",
                            "columns in another order (g_idx) are not supported");
    return true;
}

/* A, B [N, blocks, bytes], scales, zero points, g_idx, bias. */
bool onnx_matmul_nbits(onnx_call *c)
{
    int64_t rows = onnx_attr_int(c, "N", 0), k = onnx_attr_int(c, "K", 0);
    nbits n;
    fe_qparams p;
    qir_value *zp;
    onnx_attr_int(c, "accuracy_level", 0); /* a hint for kernels */
    if (onnx_attr_int(c, "weight_prepacked", 0))
        return fe_error(c->fe, "attr", "weight_prepacked is not supported");
    if (!read_nbits(c, 32, &n) || !natural_order(c, onnx_in(c, 4), n.block))
        return false;
    if (rows < 1 || k < 1 || rows > QIR_MAX_ELEMENTS / k)
        return fe_error(c->fe, "attr", "N = %" PRId64 " and K = %" PRId64, rows, k);
    qir_value *w = unpack(c, &n, c->in[1], rows, k);
    if (!w || !zero_points(c, &n, rows, qir_ceil_div(k, n.block), onnx_in(c, 3), &zp))
        return false;
    fe_qparams_init(&p, c->in[2], zp, n.stored);
    p.block[0] = 1;
    p.block[1] = n.block;
    return onnx_set(c, 0, fe_linear(c->fe, c->in[0], fe_dequantize(c->fe, w, &p), onnx_in(c, 5)));
}

/* Unpacks along the last axis. */
static qir_value *unpack_last(onnx_call *c, const nbits *n, qir_value *v, int64_t count)
{
    int64_t dims[QIR_MAX_RANK], rows = 1;
    unsigned rank = v->type->rank;
    for (unsigned d = 0; d < rank; d++)
        dims[d] = v->type->dims[d];
    dims[rank - 1] = count;
    for (unsigned d = 0; d + 1 < rank; d++)
        rows *= dims[d];
    return fe_reshape(c->fe, unpack(c, n, v, rows, count), dims, rank);
}

/* data, indices, scales, zero points: bytes that hold several values each along the last axis,
 * which is the quantized one, or values of their own type. */
bool onnx_gather_block_quantized(onnx_call *c)
{
    qir_value *x = c->in[0], *zp = onnx_in(c, 3);
    unsigned rank = x->type->rank;
    const qir_type *s = c->in[2]->type;
    int64_t gather_axis, axis;
    nbits n;
    fe_qparams p;
    if (!read_nbits(c, 128, &n) || rank == 0 || s->rank != rank ||
        !fe_axis(c->fe, onnx_attr_int(c, "gather_axis", 0), rank, false, &gather_axis) ||
        !fe_axis(c->fe, onnx_attr_int(c, "quantize_axis", 1), rank, false, &axis))
        return fe_error(c->fe, "shape", "expected data and scales of the same rank");
    if (x->type->dtype == QIR_u8 && axis + 1 == rank) {
        x = unpack_last(c, &n, x, x->type->dims[axis] * 8 / n.bits);
        zp = x && zp ? unpack_last(c, &n, zp, s->dims[axis]) : NULL;
        if (!x || (!zp && onnx_in(c, 3)))
            return false;
    }
    fe_qparams_init(&p, c->in[2], zp, x->type->dtype);
    for (unsigned d = 0; d < rank; d++)
        p.block[d] = d == axis ? n.block : 1;
    return onnx_set(c, 0,
                    fe_emit(c->fe, QIR_OP_gather,
                            QIR_OPERANDS(fe_dequantize(c->fe, x, &p), c->in[1]),
                            QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, gather_axis)}), NULL));
}
