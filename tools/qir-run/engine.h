/* What an engine does; engine.c picks one. */
#ifndef QIR_RUN_ENGINE_H
#define QIR_RUN_ENGINE_H

#include "run.h"

struct engine {
    bool (*run)(engine *e, const qir_tensor *in, qir_tensor *out);
    void (*destroy)(engine *e);
};

/* Code of the code generator, run in this process; NULL: diagnosed. */
engine *engine_create_jit(run *r);

#endif
