/* The evaluator behind the interface that it shares with the JIT. */
#include "run.h"

#include <stdlib.h>

struct engine {
    qir_evaluator *evaluator;
};

engine *engine_create(run *r)
{
    engine *e = calloc(1, sizeof *e);
    if (e)
        e->evaluator = qir_evaluator_create(r->func, NULL);
    return e;
}

void engine_destroy(engine *e)
{
    if (!e)
        return;
    qir_evaluator_destroy(e->evaluator);
    free(e);
}

bool engine_run(engine *e, const qir_tensor *in, qir_tensor *out)
{
    return qir_evaluator_run(e->evaluator, in, out);
}
