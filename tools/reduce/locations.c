/* Drops the locations of ops: the text gets shorter, and the ops lose the names of layers. */
#include "qir/support/vec.h"
#include "strategy.h"

bool reduce_locations(reduction *r, qir_module *m, qir_func *f)
{
    (void)m;
    QIR_VEC(qir_op *) chosen = {0};
    qir_for_each_op(op, f->body)
        if (op->loc && reduce_take(r))
            qir_vec_push(&chosen, op);
    for (size_t i = 0; i < chosen.len; i++)
        chosen.data[i]->loc = NULL;
    qir_vec_free(&chosen);
    return true;
}
