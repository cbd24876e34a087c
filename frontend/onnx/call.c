/* What translators use to read a node: operands, results, attributes, constant operands. */
#include <string.h>

#include "onnx/import.h"

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
    if (c->to && i == 0)
        *c->to = v;
    if (c->to || !onnx_out_used(c, i) ||
        qir_strmap_has(&c->imp->cuts, c->node->out[i], strlen(c->node->out[i])))
        return true;
    return fe_define(c->fe, c->node->out[i], v);
}

qir_value *onnx_translate(onnx_call *c, onnx_fn fn, int64_t opset, qir_value **in, unsigned nin)
{
    qir_value *y = NULL;
    onnx_call inner = *c;
    inner.opset = opset;
    inner.in = in;
    inner.nin = nin;
    inner.to = &y;
    return !c->fe->failed && fn(&inner) ? y : NULL;
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
        fe_error(c->fe, "attr", "attribute '%s' has the wrong type", name);
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

const float *onnx_attr_floats(onnx_call *c, const char *name, size_t *n)
{
    const onnx_attr *a = onnx_attr_find(c, name, ONNX_ATTR_FLOATS);
    *n = a ? a->n : 0;
    return a ? a->floats : NULL;
}

const char *const *onnx_attr_strings(onnx_call *c, const char *name, size_t *n)
{
    const onnx_attr *a = onnx_attr_find(c, name, ONNX_ATTR_STRINGS);
    *n = a ? a->n : 0;
    return a ? a->strings : NULL;
}

bool onnx_int_list(onnx_call *c, const char *name, unsigned i, const int64_t **list, size_t *n)
{
    qir_value *v = onnx_in(c, i);
    *list = onnx_attr_ints(c, name, n);
    if (!*list && v)
        *list = fe_const_ints(c->fe, v, n);
    return !c->fe->failed;
}
