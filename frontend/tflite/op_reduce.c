/* Reductions over axes. */
#include "tflite/import.h"

/* Axes in ascending order, each once; duplicates count once, as in the reference. */
static bool read_axes(tfl_call *c, unsigned rank, int64_t *axes, size_t *n)
{
    size_t given;
    const int64_t *list = fe_const_ints(c->fe, c->in[1], &given);
    bool set[QIR_MAX_RANK] = {false};
    for (size_t i = 0; list && i < given; i++) {
        int64_t axis;
        if (!fe_axis(c->fe, list[i], rank, false, &axis))
            return false;
        set[axis] = true;
    }
    *n = 0;
    for (unsigned i = 0; i < rank; i++)
        if (set[i])
            axes[(*n)++] = i;
    return list;
}

bool tfl_reduce(tfl_call *c)
{
    qir_context *ctx = c->fe->ctx;
    int64_t axes[QIR_MAX_RANK];
    size_t n;
    if (!read_axes(c, c->in[0]->type->rank, axes, &n))
        return false;
    if (!n)
        return tfl_set(c, 0, c->in[0]);
    qir_named_attr *attrs =
        QIR_ATTRS({"axes", qir_attr_ints(ctx, axes, n)},
                  {"keepdims", qir_attr_bool(ctx, tfl_int(c, "keep_dims") != 0)});
    return tfl_set(c, 0, fe_emit1(c->fe, c->row->opcode, c->in[0], attrs));
}
