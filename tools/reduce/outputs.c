/* Drops results of the function; one stays. */
#include "qir/support/vec.h"
#include "strategy.h"

bool reduce_outputs(reduction *r, qir_module *m, qir_func *f)
{
    (void)m;
    QIR_VEC(qir_value *) kept = {0};
    QIR_VEC(int64_t) from = {0};
    for (uint32_t k = 0; k < f->nresults; k++) {
        if (reduce_take(r))
            continue;
        qir_vec_push(&kept, qir_op_operand(f->body->last, k));
        qir_vec_push(&from, k);
    }
    bool ok = kept.len > 0;
    if (ok && kept.len < f->nresults)
        reduce_set_results(f, kept.data, from.data, (uint32_t)kept.len);
    qir_vec_free(&kept);
    qir_vec_free(&from);
    return ok;
}
