/* Products with matrices that may or may not be constant. */
#include "core/compose.h"

qir_value *fe_linear(fe_builder *fe, qir_value *x, qir_value *w, qir_value *b)
{
    if (!x || !w)
        return NULL;
    if (fe_is_weight(w) && (!b || fe_is_weight(b)))
        return fe_emit(fe, QIR_OP_linear, (qir_value *[]){x, w, b}, b ? 3 : 2, QIR_NO_ATTRS, NULL);
    qir_value *y = fe_is_weight(w) ? fe_emit2(fe, QIR_OP_linear, x, w)
                                   : fe_emit2(fe, QIR_OP_matmul, x, fe_swap_axes(fe, w, 0, 1));
    return b ? fe_emit2(fe, QIR_OP_add, y, b) : y;
}
