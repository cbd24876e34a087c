/* Matrix products. */
#include <inttypes.h>

#include "tflite/import.h"

/* All dimensions but the last become one, unless the options keep them. */
static qir_value *as_matrix(tfl_call *c, qir_value *x, int64_t width)
{
    int64_t total = qir_type_elements(x->type);
    if (tfl_int(c, "keep_num_dims"))
        return x;
    if (width < 1 || total % width) {
        fe_error(c->fe, "shape", "%" PRId64 " inputs do not divide into rows of %" PRId64, total,
                 width);
        return NULL;
    }
    return fe_reshape(c->fe, x, (int64_t[]){total / width, width}, 2);
}

bool tfl_fully_connected(tfl_call *c)
{
    qir_value *w = c->in[1], *bias = tfl_in(c, 2);
    if (tfl_int(c, "weights_format"))
        return fe_error(c->fe, "options", "shuffled weights are not supported");
    if (w->type->rank != 2)
        return fe_error(c->fe, "shape", "weight of rank %u, expected 2", w->type->rank);
    qir_value *x = as_matrix(c, c->in[0], w->type->dims[1]);
    if (!x)
        return false;
    return tfl_set(c, 0, fe_emit(c->fe, QIR_OP_linear, (qir_value *[]){x, w, bias}, bias ? 3 : 2,
                                 QIR_NO_ATTRS, NULL));
}

/* The last two dimensions exchanged. */
static qir_value *adjoint(tfl_call *c, qir_value *x)
{
    int64_t perm[QIR_MAX_RANK];
    unsigned rank = x->type->rank;
    for (unsigned i = 0; i < rank; i++)
        perm[i] = i;
    if (rank < 2)
        return x;
    perm[rank - 2] = rank - 1;
    perm[rank - 1] = rank - 2;
    return fe_is_weight(x) ? fe_transpose_weight(c->fe, x, perm) : fe_transpose(c->fe, x, perm);
}

bool tfl_batch_matmul(tfl_call *c)
{
    qir_value *a = tfl_int(c, "adj_x") ? adjoint(c, c->in[0]) : c->in[0];
    qir_value *b = tfl_int(c, "adj_y") ? adjoint(c, c->in[1]) : c->in[1];
    return tfl_set(c, 0, fe_emit2(c->fe, QIR_OP_matmul, a, b));
}
