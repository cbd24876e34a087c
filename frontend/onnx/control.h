/* Between the files of control flow: bodies, and what Loop and Scan have in common. */
#ifndef QIR_FRONTEND_ONNX_CONTROL_H
#define QIR_FRONTEND_ONNX_CONTROL_H

#include "onnx/import.h"
#include "qir/support/vec.h"

/* The body under that name.  NULL: diagnosed. */
const onnx_graph *onnx_body_attr(onnx_call *c, const char *name);
/* Does the body take and give as many values as the operator says? */
bool onnx_check_body(onnx_call *c, const onnx_graph *g, size_t nin, size_t least_out);

/* What Loop and Scan have in common: `state` goes in and comes out, further outputs are collected.
 */
typedef struct onnx_unroll {
    onnx_call *c;
    const onnx_graph *body;
    unsigned nin;             /* inputs of the body */
    unsigned first_out, nout; /* of its outputs: what is collected */
    qir_value **in, **out;
    QIR_VEC(qir_value *) collected; /* nout per step */
} onnx_unroll;

/* The first `first_out` outputs of the body are handed on, those after them collected. */
onnx_unroll onnx_unroll_begin(onnx_call *c, const onnx_graph *g, unsigned first_out);
bool onnx_unroll_step(onnx_unroll *u);
/* Collected output k of all steps, along a new axis. */
qir_value *onnx_unroll_stack(onnx_unroll *u, unsigned k, int64_t axis, bool backwards);

#endif
