/* What translators use to read a node: operands, results, attributes, constant operands. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"
#include "qir/qmath.h"

qir_value *onnx_in(const onnx_call *c, unsigned i)
{
    return i < c->nin ? c->in[i] : NULL;
}

bool onnx_out_used(const onnx_call *c, unsigned i)
{
    return i < c->node->nout && *c->node->out[i];
}

bool onnx_set(onnx_call *c, unsigned i, qir_value *v)
{
    if (!v)
        return false;
    if (!onnx_out_used(c, i))
        return true;
    return onnx_define(c->imp, c->node->out[i], v);
}

bool onnx_error(const onnx_call *c, const char *code, const char *fmt, ...)
{
    const onnx_node *n = c->node;
    qir_strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    qir_strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    qir_pb_fail(&c->imp->model.file, n->offset, code, "node '%s' (%s): %s",
                *n->name  ? n->name
                : n->nout ? n->out[0]
                          : "",
                n->op, qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return false;
}

const onnx_attr *onnx_attr_find(onnx_call *c, const char *name, onnx_attr_type type)
{
    for (uint32_t i = 0; i < c->node->nattrs; i++) {
        onnx_attr *a = &c->node->attrs[i];
        if (strcmp(a->name, name) != 0)
            continue;
        a->used = true;
        if (a->type == type)
            return a;
        onnx_error(c, "onnx.attr", "attribute '%s' has the wrong type", name);
        return NULL;
    }
    return NULL;
}

int64_t onnx_attr_int(onnx_call *c, const char *name, int64_t dflt)
{
    const onnx_attr *a = onnx_attr_find(c, name, ONNX_ATTR_INT);
    return a ? a->i : dflt;
}

float onnx_attr_float(onnx_call *c, const char *name, float dflt)
{
    const onnx_attr *a = onnx_attr_find(c, name, ONNX_ATTR_FLOAT);
    return a ? a->f : dflt;
}

const char *onnx_attr_string(onnx_call *c, const char *name, const char *dflt)
{
    const onnx_attr *a = onnx_attr_find(c, name, ONNX_ATTR_STRING);
    return a ? a->s : dflt;
}

const int64_t *onnx_attr_ints(onnx_call *c, const char *name, size_t *n)
{
    const onnx_attr *a = onnx_attr_find(c, name, ONNX_ATTR_INTS);
    *n = a ? a->n : 0;
    return a ? a->ints : NULL;
}

bool onnx_axis(const onnx_call *c, int64_t axis, unsigned rank, bool end, int64_t *out)
{
    int64_t limit = (int64_t)rank + (end ? 1 : 0);
    int64_t value = axis < 0 && axis >= -(int64_t)rank ? axis + (int64_t)rank : axis;
    if (value < 0 || value >= limit)
        return onnx_error(c, "onnx.axis", "axis %" PRId64 " is out of range for rank %u", axis,
                          rank);
    *out = value;
    return true;
}

/* Integer element `i`; floats are not accepted. */
static int64_t load_int(qir_dtype t, const unsigned char *p)
{
    size_t size = qir_dtype_bytes(t);
    uint64_t v = 0;
    memcpy(&v, p, size);
    if (qir_dtype_is_signed(t) && size < 8) {
        uint64_t sign = (uint64_t)1 << (8 * size - 1);
        v = (v ^ sign) - sign;
    }
    return (int64_t)v;
}

static float load_float(qir_dtype t, const unsigned char *p)
{
    uint16_t half;
    double d;
    float f;
    memcpy(&half, p, sizeof half);
    if (t == QIR_f16)
        return qir_f16_to_f32(half);
    if (t == QIR_bf16)
        return qir_bf16_to_f32(half);
    if (t == QIR_f64) {
        memcpy(&d, p, sizeof d);
        return (float)d;
    }
    memcpy(&f, p, sizeof f);
    return f;
}

static const unsigned char *const_bytes(onnx_call *c, qir_value *v, size_t *n)
{
    qir_const *k = qir_value_const(v);
    if (!k) {
        onnx_error(c, "onnx.const", "an operand must be a constant");
        return NULL;
    }
    *n = (size_t)qir_type_elements(v->type);
    return qir_const_data(k);
}

const int64_t *onnx_const_ints(onnx_call *c, qir_value *v, size_t *n)
{
    const unsigned char *data = const_bytes(c, v, n);
    if (!data)
        return NULL;
    if (qir_dtype_is_float(v->type->dtype)) {
        onnx_error(c, "onnx.type", "an operand must hold integers");
        return NULL;
    }
    int64_t *out = QIR_NEW_ARRAY(c->imp->scratch, int64_t, *n);
    for (size_t i = 0; i < *n; i++)
        out[i] = load_int(v->type->dtype, data + i * qir_dtype_bytes(v->type->dtype));
    return out;
}

const float *onnx_const_floats(onnx_call *c, qir_value *v, size_t *n)
{
    const unsigned char *data = const_bytes(c, v, n);
    if (!data)
        return NULL;
    qir_dtype t = v->type->dtype;
    float *out = QIR_NEW_ARRAY(c->imp->scratch, float, *n);
    for (size_t i = 0; i < *n; i++) {
        const unsigned char *p = data + i * qir_dtype_bytes(t);
        out[i] = qir_dtype_is_float(t) ? load_float(t, p) : (float)load_int(t, p);
    }
    return out;
}

bool onnx_const_float(onnx_call *c, qir_value *v, float *out)
{
    size_t n;
    const float *values = onnx_const_floats(c, v, &n);
    if (!values)
        return false;
    if (n != 1)
        return onnx_error(c, "onnx.shape", "an operand has %zu elements, expected one", n);
    *out = values[0];
    return true;
}

bool onnx_int_list(onnx_call *c, const char *name, unsigned i, const int64_t **list, size_t *n)
{
    qir_value *v = onnx_in(c, i);
    *list = onnx_attr_ints(c, name, n);
    if (!*list && v)
        *list = onnx_const_ints(c, v, n);
    return !c->imp->model.file.failed;
}
