/* Identity of the model that a profile belongs to. */
#ifndef QIR_MODEL_HASH_H
#define QIR_MODEL_HASH_H

#include "qir/ir.h"

typedef struct qir_model_hash {
    uint64_t model;     /* ops, attributes, types and constants; no names, places or observers */
    uint64_t observers; /* which operands pass which observers */
} qir_model_hash;

/* False: the bytes of a constant cannot be read (diagnosed). */
bool qir_model_hash_of(qir_module *m, qir_model_hash *out);

#endif
