/* A module's symbol tables and free lists; private to libqir. */
#ifndef QIR_MODULE_PRIV_H
#define QIR_MODULE_PRIV_H

#include "context_priv.h"
#include "qir/ir.h"
#include "qir/support/map.h"

struct qir_module_priv {
    qir_map consts; /* interned name -> qir_const (NULL once erased) */
    qir_map funcs;  /* interned name -> qir_func */
    qir_map params; /* interned name -> qir_params */
    qir_func *last_func;
    qir_params *last_params;
    qir_op *free_ops[4]; /* erased ops with 0..3 results, for reuse */
    uint32_t next_suffix;
};

#endif
