/* Changes: drops locations and value names.  Requires: nothing.  Leaves: everything else; the names
 * of arguments and results (the model's own tensor names) stay, they are part of the interface. */
#include "qir/pass.h"

static void strip_op(qir_op *op)
{
    op->loc = NULL;
    for (uint32_t i = 0; i < op->nresults; i++)
        op->results[i].name = NULL;
}

static bool run(qir_pass *p, qir_module *m)
{
    (void)p;
    m->loc = NULL;
    qir_for_each_const(c, m)
        c->loc = NULL;
    qir_for_each_func(f, m) {
        f->loc = NULL;
        qir_for_each_op(op, f->body)
            strip_op(op);
    }
    return true;
}

QIR_PASS(strip_debug, .name = "strip-debug", .summary = "Drop locations and value names.",
         .doc = "Messages after this pass cannot say where in the model an op came from.",
         .run = run)
