/* What the AArch64 levels share. */
#ifndef QIR_CODEGEN_LEVELS_AARCH64_H
#define QIR_CODEGEN_LEVELS_AARCH64_H

#include "machine.h"

llb_val qcg_aarch64_rne(qcg *g, llb_val v);
llb_val qcg_aarch64_narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned);
/* Its halves: two vectors of i32 to i16, two of those to bytes. */
llb_val qcg_aarch64_narrow_words(qcg *g, llb_val a, llb_val b, int zp);
llb_val qcg_aarch64_narrow_bytes(qcg *g, llb_val a, llb_val b, bool to_unsigned);
/* Columns (qcg_machine.columns) by sdot, of all levels that have it. */
extern const struct qcg_machine qcg_aarch64_columns;
/* qcg_machine.lookup */
extern const qcg_lookup qcg_aarch64_lookup;
llb_val qcg_aarch64_pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w);

#endif
