/* What frontend.c knows of each format besides its importer: which operators its table has. */
#ifndef QIR_FRONTEND_FORMATS_H
#define QIR_FRONTEND_FORMATS_H

#include "qir/frontend.h"

void onnx_supported_ops(qir_supported_fn fn, void *user);
void pt2_supported_ops(qir_supported_fn fn, void *user);
void tfl_supported_ops(qir_supported_fn fn, void *user);

#endif
