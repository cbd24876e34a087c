/* What the plans of the kernels share. */
#ifndef QIR_KERNEL_KERNEL_H
#define QIR_KERNEL_KERNEL_H

#include "qir/kernel_plan.h"
#include "qir/ops.h"

/* Does the kernel take the op?  Fills the plan, whose window is set and everything else 0. */
typedef bool qir_plan_fn(qir_level level, const qir_op *op, qir_kernel_plan *p);
#define KERNEL(name, doc) qir_plan_fn qir_plan_##name;
#include "kernels.def"
#undef KERNEL

/* Type of the weight, packed or not. */
const qir_type *qir_plan_weight(const qir_op *op);
/* A weight that is not packed yet, for kernels with an order of their own; NULL: it is, or not a constant. */
qir_const *qir_plan_weight_const(const qir_op *op);
/* Is it i8 without zero points, an operand of products of bytes? */
bool qir_plan_weight_is_i8(const qir_op *op);
bool qir_plan_is_dynamic(const qir_op *op);
bool qir_plan_is_float(const qir_op *op);
/* Are operand 0 and the result quantized to 8 bits, or the result raw sums? */
bool qir_plan_is_of_bytes(const qir_op *op);
bool qir_plan_is_depthwise(const qir_op *op, const qir_window *w);

/* Integer products with parameters known: sets wide, elem, kgroup, pairs. */
bool qir_plan_products_i8(qir_level level, const qir_op *op, qir_kernel_plan *p);

/* Products of sizes from the model: saturated, for plan-memory to refuse. */
int64_t qir_plan_times(int64_t a, int64_t b);
/* Bytes of `elements`, with the slack, in whole lines. */
size_t qir_plan_buffer(int64_t elements, size_t elem);

/* Output rows whose band takes at most `bytes`. */
int64_t qir_plan_block_in(const qir_kernel_plan *p, int64_t bytes);
/* Of the input, under that many results. */
int64_t qir_plan_span(const qir_window *w, unsigned axis, int64_t results);
/* Size of blocks of at most `most` that cover `size`: of the sizes from half of it on the one with which
 * the last block overlaps least. */
int64_t qir_plan_fitting_blocks(int64_t size, int64_t most);
/* Bands, block by block of `rows` output rows, or of nearly as many, so that the last overlaps least; elem is set. */
void qir_plan_bands_of(qir_kernel_plan *p, int64_t rows);
void qir_plan_bands(qir_kernel_plan *p, int64_t rows);
/* Rows of k values: in place, as panels, or as panels gathered from bands; kgroup, elem and sections are set. */
void qir_plan_panels(qir_kernel_plan *p, const qir_op *op);

/* Counts what the kernel does, for its cost. */
void qir_plan_spend(qir_kernel_plan *p, qir_rate what, double quantity);
/* The same of a usual kernel: its products, bands and panels, and results. */
void qir_plan_spend_all(qir_kernel_plan *p, qir_rate products);
/* Cycles of all that was counted. */
double qir_cycles(qir_level level, const double spent[QIR_NUM_RATES]);

#endif
