/* Quantization parameters as models give them: values, one pair per block of the tensor.  What is
 * constant and has the form of a quantized type becomes one; the rest becomes affine ops. */
#include <string.h>

#include "core/fe.h"
#include "qir/support/checked.h"

/* --- making parameters --------------------------------------------------------------------------
 */

void fe_qparams_init(fe_qparams *p, qir_value *scale, qir_value *zp, qir_dtype storage)
{
    *p = (fe_qparams){.scale = scale, .zp = zp, .storage = storage};
    /* Other types are refused where the parameters are used. */
    bool stores = qir_dtype_is_int(storage);
    p->qmin = stores ? (int32_t)qir_dtype_min(storage) : 0;
    p->qmax = stores ? (int32_t)qir_dtype_max(storage) : 0;
    for (unsigned d = 0; d < QIR_MAX_RANK; d++)
        p->block[d] = QIR_MAX_ELEMENTS;
}

bool fe_qparams_axis(fe_builder *fe, fe_qparams *p, const qir_type *t, int64_t axis)
{
    const qir_value *given = p->scale ? p->scale : p->zp;
    int64_t n = given ? qir_type_elements(given->type) : 1, at;
    if (n == 1)
        return true;
    if (!fe_axis(fe, axis, t->rank, false, &at))
        return false;
    if (n != t->dims[at])
        return fe_error(fe, "quant.count", "%lld scales for axis %lld of size %lld", (long long)n,
                        (long long)at, (long long)t->dims[at]);
    p->block[at] = 1;
    return true;
}

/* --- as a quantized type ------------------------------------------------------------------------
 */

static int64_t block_of(const fe_qparams *p, const qir_type *t, unsigned d)
{
    int64_t dim = t->dims[d];
    return p->block[d] < dim ? p->block[d] : dim ? dim : 1;
}

/* Blocks of dimension d. */
static int64_t count(const fe_qparams *p, const qir_type *t, unsigned d)
{
    return qir_ceil_div(t->dims[d], block_of(p, t, d));
}

/* Largest size that divides both. */
static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Per tensor, per index of an axis, or per group of an axis for each index of dimension 0.  Where the
 * last block is shorter, groups are parts of blocks. */
static bool has_type_form(const fe_qparams *p, const qir_type *t, qir_quant *q)
{
    unsigned cut[2], n = 0;
    for (unsigned d = 0; d < t->rank; d++) {
        if (count(p, t, d) <= 1)
            continue;
        if (n == 2)
            return false;
        cut[n++] = d;
    }
    q->axis = n ? (int32_t)cut[n - 1] : -1;
    if (!n)
        return true;
    int64_t block = block_of(p, t, cut[n - 1]);
    q->group = block > 1 ? common_divisor(t->dims[q->axis], block) : 0;
    if (q->group == 1)
        return false;
    if (n == 2)
        return q->group && cut[0] == 0 && block_of(p, t, 0) == 1;
    return !q->group || q->axis == 0 || t->dims[0] == 1;
}

/* One given value per block becomes one per group. */
static bool read_values(fe_builder *fe, const fe_qparams *p, const qir_type *t, size_t n, qir_quant *q)
{
    size_t nscale = n, nzp = n;
    const float *scale = p->scale ? fe_const_floats(fe, p->scale, &nscale) : NULL;
    const int64_t *zp = p->zp ? fe_const_ints(fe, p->zp, &nzp) : NULL;
    if ((p->scale && !scale) || (p->zp && !zp) || nscale != n || nzp != n)
        return false;
    unsigned axis = q->axis < 0 ? 0 : (unsigned)q->axis;
    size_t blocks = q->group ? (size_t)count(p, t, axis) : n;
    size_t groups = q->group ? (size_t)(t->dims[axis] / q->group) : n;
    size_t block = q->group ? (size_t)(block_of(p, t, axis) / q->group) : 1; /* groups of one */
    q->count = blocks ? n / blocks * groups : 0;
    float *s = QIR_NEW_ARRAY(fe->scratch, float, q->count);
    int32_t *z = QIR_NEW_ARRAY(fe->scratch, int32_t, q->count);
    for (size_t i = 0; i < q->count; i++) {
        size_t from = i / groups * blocks + i % groups / block;
        s[i] = scale ? scale[from] : 1.0f;
        z[i] = zp ? (int32_t)zp[from] : 0;
    }
    q->scale = s;
    q->zero_point = z;
    return true;
}

bool fe_qparams_type(fe_builder *fe, const fe_qparams *p, const qir_type *t, qir_dtype expressed,
                     qir_quant *q)
{
    *q = (qir_quant){
        .storage = p->storage, .expressed = expressed, .qmin = p->qmin, .qmax = p->qmax};
    bool constant = (!p->scale || qir_value_const(p->scale)) && (!p->zp || qir_value_const(p->zp));
    bool real = p->zp && qir_dtype_is_float(p->zp->type->dtype);
    if (!constant || real || !has_type_form(p, t, q))
        return false;
    int64_t n = 1;
    for (unsigned d = 0; d < t->rank; d++)
        n *= count(p, t, d) + !t->dims[d];
    return read_values(fe, p, t, (size_t)n, q);
}

/* --- as ops -------------------------------------------------------------------------------------
 */

/* `v` with one element per block. */
static qir_value *per_block(fe_builder *fe, const fe_qparams *p, const qir_type *t, qir_value *v)
{
    int64_t dims[QIR_MAX_RANK], n = 1;
    for (unsigned d = 0; d < t->rank; d++)
        n *= dims[d] = count(p, t, d);
    if (v && qir_type_elements(v->type) != n) {
        fe_error(fe, "quant.count", "%lld scales or zero points, expected %lld",
                 (long long)qir_type_elements(v->type), (long long)n);
        return NULL;
    }
    return fe_reshape(fe, v, dims, t->rank);
}

static const qir_attr *block_attr(fe_builder *fe, const fe_qparams *p, const qir_type *t)
{
    int64_t block[QIR_MAX_RANK];
    for (unsigned d = 0; d < t->rank; d++)
        block[d] = block_of(p, t, d);
    return qir_attr_ints(fe->ctx, block, t->rank);
}

static qir_value *affine(fe_builder *fe, qir_opcode opcode, qir_value *x, const fe_qparams *p,
                         const qir_named_attr *attrs)
{
    static const float one = 1.0f;
    qir_value *scale = p->scale ? p->scale : fe_const(fe, QIR_f32, NULL, 0, &one);
    if (!scale || !x)
        return NULL;
    if (opcode == QIR_OP_quantize_affine || scale->type->dtype == QIR_f64)
        scale = fe_cast(fe, scale, QIR_f32);
    qir_value *operands[] = {x, per_block(fe, p, x->type, scale),
                             p->zp ? per_block(fe, p, x->type, p->zp) : NULL};
    if (!operands[1] || (p->zp && !operands[2]))
        return NULL;
    return fe_emit(fe, opcode, operands, p->zp ? 3 : 2, attrs, NULL);
}

qir_value *fe_quantize(fe_builder *fe, qir_value *x, const fe_qparams *p)
{
    qir_quant q;
    const char *name = qir_dtype_name(p->storage);
    if (!x || !fe_can_store(fe, p->storage))
        return NULL;
    if (fe_qparams_type(fe, p, x->type, x->type->dtype, &q)) {
        const qir_type *t = fe_quant_type(fe, &q, x->type->dims, x->type->rank);
        qir_value *y = t ? fe_emit_folded(fe, QIR_OP_quantize, &x, 1, QIR_NO_ATTRS, t) : NULL;
        return fe_to_plain(fe, y);
    }
    x = fe_cast(fe, x, QIR_f32);
    return x ? affine(fe, QIR_OP_quantize_affine, x, p,
                      QIR_ATTRS({"block", block_attr(fe, p, x->type)},
                                {"dtype", qir_attr_string(fe->ctx, name, strlen(name))},
                                {"qmin", qir_attr_int(fe->ctx, p->qmin)},
                                {"qmax", qir_attr_int(fe->ctx, p->qmax)},
                                {"divide", qir_attr_bool(fe->ctx, p->divide)}))
             : NULL;
}

qir_value *fe_dequantize(fe_builder *fe, qir_value *x, const fe_qparams *p)
{
    qir_quant q;
    if (!x || !fe_can_store(fe, x->type->dtype))
        return NULL;
    qir_dtype expressed = p->scale ? p->scale->type->dtype : QIR_f32;
    if (fe_qparams_type(fe, p, x->type, expressed, &q))
        return fe_emit1(fe, QIR_OP_dequantize, fe_to_quantized(fe, x, &q), QIR_NO_ATTRS);
    return affine(fe, QIR_OP_dequantize_affine, x, p,
                  QIR_ATTRS({"block", block_attr(fe, p, x->type)}));
}
