/* What translators use: operands, results, fused activations, constant operands, layouts. */
#include <inttypes.h>
#include <math.h>

#include "tflite/import.h"

qir_value *tfl_in(const tfl_call *c, unsigned i)
{
    return i < c->nin ? c->in[i] : NULL;
}

const tfl_tensor *tfl_in_tensor(const tfl_call *c, unsigned i)
{
    return &c->imp->model.tensors[c->node->in[i]];
}

const tfl_tensor *tfl_out_tensor(const tfl_call *c, unsigned i)
{
    return &c->imp->model.tensors[c->node->out[i]];
}

/* --- results ---------------------------------------------------------------------------------- */

qir_value *tfl_clamp(tfl_call *c, qir_value *v, float min, float max)
{
    return fe_emit1(c->fe, QIR_OP_clamp, v,
                    QIR_ATTRS({"min", qir_attr_float(c->fe->ctx, min)},
                              {"max", qir_attr_float(c->fe->ctx, max)}));
}

qir_value *tfl_activate(tfl_call *c, qir_value *v, int64_t activation)
{
    enum { NONE, RELU, RELU_N1_TO_1, RELU6, TANH };
    switch (activation) {
    case NONE: return v;
    case RELU: return tfl_clamp(c, v, 0.0f, INFINITY);
    case RELU_N1_TO_1: return tfl_clamp(c, v, -1.0f, 1.0f);
    case RELU6: return tfl_clamp(c, v, 0.0f, 6.0f);
    case TANH: return fe_emit1(c->fe, QIR_OP_tanh, v, QIR_NO_ATTRS);
    }
    fe_error(c->fe, "options", "fused activation %" PRId64 " is not supported", activation);
    return NULL;
}

/* A dynamic tensor's shape in the file is an example; what is computed holds. */
static bool check_shape(tfl_call *c, const tfl_tensor *t, const qir_type *got)
{
    bool same = t->rank == got->rank;
    for (unsigned i = 0; same && i < t->rank; i++)
        same = t->dims[i] == got->dims[i];
    return same || t->dynamic ||
           fe_error(c->fe, "shape", "its result has type %s, which is not the shape of '%s'",
                    qir_type_text(c->fe->ctx, got), t->name);
}

/* A real value in the form in which the file stores tensor `t`. */
static qir_value *store(tfl_call *c, const tfl_tensor *t, qir_value *v)
{
    const qir_type *type = tfl_stored_type(c->imp, t);
    type = type && v ? fe_shaped(c->fe, type, v->type->dims, v->type->rank) : NULL;
    if (!type || !check_shape(c, t, v->type))
        return NULL;
    if (type->quant && qir_dtype_is_float(v->type->dtype))
        return fe_emit_folded(c->fe, QIR_OP_quantize, &v, 1, QIR_NO_ATTRS, type);
    return fe_cast(c->fe, v, type->dtype);
}

static qir_value *fused_activation(tfl_call *c, qir_value *v)
{
    return v && tfl_has_field(c, "activation") ? tfl_activate(c, v, tfl_int(c, "activation")) : v;
}

static bool set(tfl_call *c, unsigned i, qir_value *v)
{
    return v && tfl_define(c->imp, c->node->out[i], store(c, tfl_out_tensor(c, i), v));
}

bool tfl_set(tfl_call *c, unsigned i, qir_value *v)
{
    return set(c, i, fused_activation(c, v));
}

bool tfl_set_channels_first(tfl_call *c, qir_value *v)
{
    static const int64_t last[] = {0, 2, 3, 1};
    v = fused_activation(c, v); /* where the passes fuse it: next to the op */
    return v && set(c, 0, fe_transpose(c->fe, v, last));
}

bool tfl_set_state(tfl_call *c, unsigned i, qir_value *v)
{
    int32_t tensor = c->node->in[i];
    v = v ? store(c, tfl_in_tensor(c, i), v) : NULL;
    if (!v)
        return false;
    c->imp->stored[tensor] = v;
    c->imp->real[tensor] = NULL;
    return true;
}

/* --- constant operands ------------------------------------------------------------------------ */

const int64_t *tfl_ints(tfl_call *c, unsigned operand, size_t n)
{
    size_t got;
    const int64_t *list = fe_const_ints(c->fe, c->in[operand], &got);
    if (list && got != n)
        fe_error(c->fe, "shape", "operand %u has %zu elements, expected %zu", operand, got, n);
    return list && got == n ? list : NULL;
}

bool tfl_axis_operand(tfl_call *c, unsigned operand, unsigned rank, int64_t *out)
{
    int64_t axis;
    return fe_const_int(c->fe, c->in[operand], &axis) && fe_axis(c->fe, axis, rank, false, out);
}

/* --- layouts ---------------------------------------------------------------------------------- */

qir_value *tfl_channels_first(tfl_call *c, qir_value *v)
{
    static const int64_t first[] = {0, 3, 1, 2};
    if (!v)
        return NULL;
    if (v->type->rank == 4)
        return fe_transpose(c->fe, v, first);
    fe_error(c->fe, "shape", "rank %u, expected 4", v->type->rank);
    return NULL;
}
