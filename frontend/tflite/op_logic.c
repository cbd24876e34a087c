/* Comparisons, choices and integer division. */
#include <string.h>

#include "tflite/import.h"

bool tfl_swapped(tfl_call *c)
{
    return tfl_set(c, 0, fe_emit2(c->fe, c->row->opcode, c->in[1], c->in[0]));
}

bool tfl_not_equal(tfl_call *c)
{
    qir_value *same = fe_emit2(c->fe, QIR_OP_equal, c->in[0], c->in[1]);
    return tfl_set(c, 0, fe_emit1(c->fe, QIR_OP_not, same, QIR_NO_ATTRS));
}

/* A vector of conditions chooses along the first dimension; newer versions broadcast as all do. */
bool tfl_select(tfl_call *c)
{
    qir_value *cond = c->in[0], *x = c->in[1];
    int64_t dims[QIR_MAX_RANK] = {cond->type->rank == 1 ? cond->type->dims[0] : 1, 1, 1, 1, 1, 1, 1, 1};
    if (c->row->op == TFL_OP_SELECT && cond->type->rank == 1 && x->type->rank > 1)
        cond = fe_reshape(c->fe, cond, dims, x->type->rank);
    if (!cond)
        return false;
    return tfl_set(c, 0, fe_emit(c->fe, QIR_OP_where, QIR_OPERANDS(cond, x, c->in[2]), QIR_NO_ATTRS,
                                 NULL));
}

/* Rounded down: the quotient of floats, or of what the remainder (of the divisor's sign) leaves. */
bool tfl_floor_div(tfl_call *c)
{
    qir_value *a = c->in[0], *b = c->in[1];
    if (qir_dtype_is_float(a->type->dtype))
        return tfl_set(c, 0, fe_emit1(c->fe, QIR_OP_floor, fe_emit2(c->fe, QIR_OP_div, a, b),
                                      QIR_NO_ATTRS));
    qir_value *rest = fe_emit2(c->fe, QIR_OP_mod, a, b);
    return tfl_set(c, 0, fe_emit2(c->fe, QIR_OP_div, fe_emit2(c->fe, QIR_OP_sub, a, rest), b));
}

bool tfl_gelu(tfl_call *c)
{
    const char *kind = tfl_int(c, "approximate") ? "tanh" : "none";
    qir_named_attr *attrs =
        QIR_ATTRS({"approximate", qir_attr_string(c->fe->ctx, kind, strlen(kind))});
    return tfl_set(c, 0, fe_emit1(c->fe, QIR_OP_gelu, c->in[0], attrs));
}
