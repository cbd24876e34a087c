/* Quantization that an op implies: TorchScript's rules for ops without an observer of their own; bounds of codes. */
#ifndef QIR_VALUE_QDQ_H
#define QIR_VALUE_QDQ_H

#include "qir/rewrite.h"

/* A pattern: the result of an op on dequantized values is quantized too, with the parameters of its operand
 * (average pools, means, interpolation, clamp, leaky_relu) or those that the op implies (sigmoid, hard_sigmoid, tanh).
 * Bounds of a clamp become values of that type.  `pass`: the qir_pass that asks. */
bool qir_quantize_result(qir_rewriter *rw, qir_op *op, void *pass);

/* A pattern: storage_cast(clamp(storage_cast(x))), where x has the type of the result, becomes clamp(x) with real
 * bounds.  PyTorch's exporter writes ranges shorter than the type so: QuantizeLinear, Clip(0, 127). */
bool qir_clamp_quantized(qir_rewriter *rw, qir_op *op, void *pass);

#endif
