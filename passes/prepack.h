/* Making prepack ops: what the passes that route weights through them share. */
#ifndef QIR_PREPACK_H
#define QIR_PREPACK_H

#include "qir/pass.h"
#include "qir/target_info.h"

/* The pass option `level`, {"level", QIR_OPT_STRING, "generic", ...}.  False: diagnosed. */
bool qir_prepack_level(const qir_pass *p, const qir_module *m, qir_level *level);
#define QIR_PREPACK_LEVEL_OPTION                                                                   \
    {"level", QIR_OPT_STRING, "generic", "instruction set level whose kernels read the weights"}

/* Groups of a convolution; 1 for other ops. */
int64_t qir_groups_of(const qir_op *op);

/* prepack(w) in front of `op`, for its kernel.  NULL: diagnosed. */
qir_op *qir_build_prepack(qir_op *op, qir_value *w, qir_packing packing);

/* The prepack that `w` is the unpacked result of, or NULL. */
qir_op *qir_prepack_behind(const qir_value *w);

/* The packed form hides the kernel's sizes: convolutions carry them as an attribute. */
void qir_keep_kernel(qir_op *op, const qir_type *w);

#endif
