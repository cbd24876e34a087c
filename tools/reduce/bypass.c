/* Replaces the result of an op by an operand of equal type, so that what follows stays where it is. */
#include "qir/support/vec.h"
#include "strategy.h"

/* The operand that can stand for the result; NULL: none. */
static qir_value *stand_in(const qir_op *op)
{
    for (uint32_t i = 0; op->nresults == 1 && i < op->noperands; i++) {
        qir_value *v = op->operands[i].value;
        if (v && v->kind != QIR_VALUE_CONST && v->type == op->results[0].type)
            return v;
    }
    return NULL;
}

bool reduce_bypass(reduction *r, qir_module *m, qir_func *f)
{
    (void)m;
    QIR_VEC(qir_op *) chosen = {0};
    qir_for_each_op(op, f->body)
        if (stand_in(op) && reduce_take(r))
            qir_vec_push(&chosen, op);
    for (size_t i = 0; i < chosen.len; i++) {
        qir_value_replace_all(&chosen.data[i]->results[0], stand_in(chosen.data[i]));
        qir_op_erase(chosen.data[i]);
    }
    qir_vec_free(&chosen);
    return true;
}
