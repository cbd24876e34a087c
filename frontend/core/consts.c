/* Constants: made with the name that they should have, read as integers or floats. */
#include <string.h>

#include "core/fe.h"
#include "qir/qmath.h"

qir_value *fe_add_const(fe_builder *fe, const char *base, const qir_type *type, const void *data,
                        bool copy, const qir_loc *loc)
{
    qir_const *c = qir_const_create(fe->m, base, type, data, copy, loc);
    qir_map_put(&fe->bases, c, (void *)(uintptr_t)base);
    return &c->value;
}

qir_value *fe_const(fe_builder *fe, qir_dtype dtype, const int64_t *dims, unsigned rank,
                    const void *data)
{
    const qir_type *t = fe_tensor_type(fe, dtype, dims, rank);
    const char *name = fe_identifier(fe, fe->node.result);
    return t ? fe_add_const(fe, name, t, data, true, fe->b.loc) : NULL;
}

qir_value *fe_splat(fe_builder *fe, qir_dtype dtype, const int64_t *dims, unsigned rank,
                    const void *element)
{
    const qir_type *t = fe_tensor_type(fe, dtype, dims, rank);
    const char *name = fe_identifier(fe, fe->node.result);
    if (!t)
        return NULL;
    qir_const *k = qir_const_splat(fe->m, name, t, element, fe->b.loc);
    qir_map_put(&fe->bases, k, (void *)(uintptr_t)name);
    return &k->value;
}

qir_value *fe_scalar(fe_builder *fe, qir_dtype dtype, double v)
{
    if (dtype == QIR_f64)
        return fe_const(fe, QIR_f64, NULL, 0, &v);
    float f = (float)v;
    uint16_t half = dtype == QIR_f16 ? qir_f32_to_f16(f) : qir_f32_to_bf16(f);
    if (qir_dtype_is_float(dtype))
        return fe_const(fe, dtype, NULL, 0, dtype == QIR_f32 ? (const void *)&f : &half);
    int64_t i = (int64_t)v;
    return fe_const(fe, dtype, NULL, 0, &i);
}

static const unsigned char *const_bytes(fe_builder *fe, qir_value *v, size_t *n)
{
    qir_const *k = qir_value_const(v);
    if (!k) {
        fe_error(fe, "const", "an operand must be a constant");
        return NULL;
    }
    *n = (size_t)qir_type_elements(v->type);
    return qir_const_data(k);
}

const int64_t *fe_const_ints(fe_builder *fe, qir_value *v, size_t *n)
{
    const unsigned char *data = const_bytes(fe, v, n);
    if (!data)
        return NULL;
    if (qir_dtype_is_float(v->type->dtype)) {
        fe_error(fe, "type", "an operand must hold integers");
        return NULL;
    }
    int64_t *out = QIR_NEW_ARRAY(fe->scratch, int64_t, *n);
    for (size_t i = 0; i < *n; i++)
        out[i] = qir_load_int(v->type->dtype, data + i * qir_dtype_bytes(v->type->dtype));
    return out;
}

const float *fe_const_floats(fe_builder *fe, qir_value *v, size_t *n)
{
    const unsigned char *data = const_bytes(fe, v, n);
    if (!data)
        return NULL;
    qir_dtype t = v->type->dtype;
    float *out = QIR_NEW_ARRAY(fe->scratch, float, *n);
    for (size_t i = 0; i < *n; i++) {
        const unsigned char *p = data + i * qir_dtype_bytes(t);
        out[i] = qir_dtype_is_float(t) ? (float)qir_load_float(t, p) : (float)qir_load_int(t, p);
    }
    return out;
}

static bool is_one(fe_builder *fe, size_t n)
{
    return n == 1 || fe_error(fe, "shape", "an operand has %zu elements, expected one", n);
}

bool fe_const_int(fe_builder *fe, qir_value *v, int64_t *out)
{
    size_t n;
    const int64_t *values = fe_const_ints(fe, v, &n);
    if (!values || !is_one(fe, n))
        return false;
    *out = values[0];
    return true;
}

bool fe_const_float(fe_builder *fe, qir_value *v, float *out)
{
    size_t n;
    const float *values = fe_const_floats(fe, v, &n);
    if (!values || !is_one(fe, n))
        return false;
    *out = values[0];
    return true;
}

void fe_release(fe_builder *fe, const qir_value *v)
{
    if (qir_value_const(v))
        qir_map_put(&fe->spare, qir_value_const(v), fe);
}
