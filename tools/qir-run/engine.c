/* The reference evaluator as an engine, and the choice of the engine. */
#include "engine.h"

#include <stdlib.h>

typedef struct eval_engine {
    engine base;
    qir_evaluator *evaluator;
} eval_engine;

static bool eval_run(engine *e, const qir_tensor *in, qir_tensor *out)
{
    return qir_evaluator_run(((eval_engine *)e)->evaluator, in, out);
}

static void eval_destroy(engine *e)
{
    qir_evaluator_destroy(((eval_engine *)e)->evaluator);
    free(e);
}

static engine *create_evaluator(run *r)
{
    eval_engine *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->base = (engine){eval_run, eval_destroy};
    e->evaluator = qir_evaluator_create(r->func, NULL);
    return &e->base;
}

engine *engine_create(run *r)
{
#ifdef QCC_WITH_LLVM
    if (r->opts->jit)
        return engine_create_jit(r);
#endif
    return create_evaluator(r);
}

void engine_destroy(engine *e)
{
    if (e)
        e->destroy(e);
}

bool engine_run(engine *e, const qir_tensor *in, qir_tensor *out)
{
    return e->run(e, in, out);
}
