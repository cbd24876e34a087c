/* Drops attributes that an op can do without: those with a default, optional ones, notes of passes.
 * Shapes follow: a convolution without padding makes a smaller result. */
#include "qir/ops.h"
#include "qir/support/vec.h"
#include "resize.h"
#include "strategy.h"

static bool is_required(const qir_op *op, const char *name)
{
    const qir_op_desc *d = qir_op_desc_get(op->opcode);
    for (unsigned i = 0; i < d->nattrs; i++)
        if (qir_intern_cstr(qir_op_module(op)->ctx, d->attrs[i].name) == name)
            return !*d->attrs[i].dflt;
    return false;
}

typedef struct spot {
    qir_op *op;
    const char *name;
} spot;

bool reduce_attributes(reduction *r, qir_module *m, qir_func *f)
{
    QIR_VEC(spot) chosen = {0};
    qir_for_each_op(op, f->body)
        for (size_t i = 0; op->attrs && i < op->attrs->len; i++) {
            spot s = {op, op->attrs->entries[i].name};
            if (!is_required(op, s.name) && reduce_take(r))
                qir_vec_push(&chosen, s);
        }
    for (size_t i = 0; i < chosen.len; i++)
        qir_op_set_attr(chosen.data[i].op, chosen.data[i].name, NULL);
    bool ok = !chosen.len || resize_func(m, f, NULL, 0);
    qir_vec_free(&chosen);
    return ok;
}
