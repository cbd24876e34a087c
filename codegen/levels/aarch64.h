/* What the AArch64 levels share. */
#ifndef QIR_CODEGEN_LEVELS_AARCH64_H
#define QIR_CODEGEN_LEVELS_AARCH64_H

#include "llb.h"

llb_val qcg_aarch64_rne(qcg *g, llb_val v);
llb_val qcg_aarch64_narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned);
llb_val qcg_aarch64_pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w);

#endif
