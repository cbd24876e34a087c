/* Replaces arguments: by the first other one of equal type, else by zeros.  Sizes of bounded dimensions
 * stay, what depends on them would mean something else. */
#include "qir/support/vec.h"
#include "strategy.h"

static qir_value *earlier_twin(const qir_func *f, uint32_t k)
{
    qir_value **args = f->body->args;
    for (uint32_t i = 0; i < k; i++)
        if (args[i]->type == args[k]->type && !qir_func_size_limit(f, i))
            return args[i];
    return NULL;
}

bool reduce_arguments(reduction *r, qir_module *m, qir_func *f)
{
    QIR_VEC(uint32_t) chosen = {0};
    for (uint32_t k = 0; k < f->body->nargs; k++)
        if (f->body->args[k]->uses && !qir_func_size_limit(f, k) && reduce_take(r))
            qir_vec_push(&chosen, k);
    for (size_t i = 0; i < chosen.len; i++) {
        qir_value *arg = f->body->args[chosen.data[i]], *twin = earlier_twin(f, chosen.data[i]);
        qir_value_replace_all(arg, twin ? twin : reduce_zero(m, arg->type));
    }
    qir_vec_free(&chosen);
    return true;
}
