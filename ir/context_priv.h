/* The context's tables; private to libqir. */
#ifndef QIR_CONTEXT_PRIV_H
#define QIR_CONTEXT_PRIV_H

#include "qir/attrs.h"
#include "qir/context.h"
#include "qir/support/map.h"
#include "qir/types.h"

struct qir_context {
    qir_arena *arena;
    qir_diag_engine *diag;
    qir_map strings;  /* interned strings */
    qir_map uniqued;  /* key bytes (see qir_unique_get) -> object */
    qir_map attached; /* see qir_context_attach */
    uint32_t next_type, next_attr;
    unsigned threads;
    qir_oom_handler oom;
    void *oom_user;
};

/* Uniquing by content: `key` is a byte string that spells the object, first byte its class.
 * Returns the stored object, or NULL when it must be created and stored with qir_unique_put. */
void *qir_unique_get(qir_context *ctx, const void *key, size_t len);
void qir_unique_put(qir_context *ctx, const void *key, size_t len, void *object);

#endif
