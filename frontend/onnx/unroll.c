/* Bodies that are repeated: steps are translated one after the other, their results stacked. */
#include "onnx/control.h"

const onnx_graph *onnx_body_attr(onnx_call *c, const char *name)
{
    const onnx_attr *a = onnx_attr_find(c, name, ONNX_ATTR_GRAPH);
    if (!a && !c->fe->failed)
        fe_error(c->fe, "attr", "attribute '%s' is missing", name);
    return a ? a->g : NULL;
}

bool onnx_check_body(onnx_call *c, const onnx_graph *g, size_t nin, size_t least_out)
{
    return (g->ninputs == nin && g->noutputs >= least_out) ||
           fe_error(c->fe, "arity",
                    "the body has %zu inputs and %zu outputs, expected %zu and at least %zu",
                    g->ninputs, g->noutputs, nin, least_out);
}

onnx_unroll onnx_unroll_begin(onnx_call *c, const onnx_graph *g, unsigned first_out)
{
    onnx_unroll u = {.c = c, .body = g, .nin = (unsigned)g->ninputs, .first_out = first_out};
    u.nout = (unsigned)g->noutputs - first_out;
    u.in = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, g->ninputs);
    u.out = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, g->noutputs);
    return u;
}

bool onnx_unroll_step(onnx_unroll *u)
{
    if (!onnx_body_expand(u->c->imp, u->in, u->nin, u->out))
        return false;
    for (size_t i = 0; i < u->body->noutputs; i++)
        if (!u->out[i])
            return fe_error(u->c->fe, "undef", "the body does not compute '%s'",
                            u->body->outputs[i].name);
    for (unsigned i = 0; i < u->nout; i++)
        qir_vec_push(&u->collected, u->out[u->first_out + i]);
    return true;
}

/* No step was taken: an empty tensor of the declared type. */
static qir_value *nothing(onnx_unroll *u, const onnx_value *v)
{
    int64_t dims[QIR_MAX_RANK] = {0};
    qir_dtype dtype;
    bool known =
        v->has_shape && v->rank < QIR_MAX_RANK && qir_tensorproto_dtype(v->data_type, &dtype);
    for (unsigned i = 0; known && i < v->rank; i++) {
        dims[i + 1] = v->dims[i];
        known = v->dims[i] != QIR_DYNAMIC;
    }
    if (known)
        return fe_const(u->c->fe, dtype, dims, v->rank + 1, "");
    fe_error(u->c->fe, "shape", "no step is taken and the type of '%s' is not known", v->name);
    return NULL;
}

qir_value *onnx_unroll_stack(onnx_unroll *u, unsigned k, int64_t axis, bool backwards)
{
    size_t steps = u->collected.len / u->nout;
    if (!steps)
        return nothing(u, &u->body->outputs[u->first_out + k]);
    qir_value **list = QIR_NEW_ARRAY(u->c->fe->scratch, qir_value *, steps);
    for (size_t i = 0; i < steps; i++)
        list[backwards ? steps - 1 - i : i] = u->collected.data[i * u->nout + k];
    if (!fe_axis(u->c->fe, axis, list[0]->type->rank + 1, false, &axis))
        return NULL;
    return fe_stack(u->c->fe, list, (uint32_t)steps, (unsigned)axis);
}
