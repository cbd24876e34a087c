/* Operators that -custom-op makes calls of the user's functions, which see real values. */
#include "tflite/import.h"

bool tfl_find_custom(const tfl_import *imp, const tfl_operator *n, fe_custom *out)
{
    return imp->fe.opts->ncustom_ops && fe_find_custom(&imp->fe, tfl_operator_name(n), out);
}

/* As the file declares them; of quantized tensors the reals that they stand for. */
static bool result_types(tfl_call *c, const fe_custom *custom, const qir_type **types)
{
    if (custom->types)
        return fe_custom_types(c->fe, custom, c->node->nout, types);
    for (uint32_t i = 0; i < c->node->nout; i++) {
        const tfl_tensor *t = tfl_out_tensor(c, i);
        types[i] = qir_tensor_type(c->fe->ctx, t->quant.n ? QIR_f32 : t->dtype, t->dims, t->rank,
                                   c->fe->node.loc);
        if (!types[i])
            return false;
    }
    return true;
}

bool tfl_custom(tfl_call *c, const fe_custom *custom)
{
    unsigned n = c->node->nout;
    const qir_type **types = QIR_NEW_ARRAY(c->fe->scratch, const qir_type *, n);
    qir_value **out = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, n);
    bool ok = result_types(c, custom, types) &&
              fe_emit_custom(c->fe, custom, c->in, c->nin, NULL, types, n, out);
    for (unsigned i = 0; ok && i < n; i++)
        ok = tfl_set(c, i, out[i]);
    return ok;
}
