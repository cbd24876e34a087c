/* custom: the user's function, as a plugin brought it. */
#include "eval_priv.h"
#include "qir/custom.h"

bool qir_eval_custom(qir_eval_args *a)
{
    const qir_op *op = a->op;
    qir_custom_fn fn = qir_custom_function(op);
    const void **in = QIR_NEW_ARRAY(a->scratch, const void *, op->noperands);
    void **out = QIR_NEW_ARRAY(a->scratch, void *, op->nresults);
    for (uint32_t i = 0; i < op->noperands; i++)
        in[i] = a->in[i].data;
    for (uint32_t i = 0; i < op->nresults; i++)
        out[i] = a->out[i].data;
    if (!fn)
        return false;
    int code = fn(in, out, qir_custom_describe(op, a->scratch));
    return code >= 0 || qir_error(a->diag, op->loc, "custom.failed", "custom op '%s' returned %d",
                                  qir_op_string(op, "symbol"), code);
}
