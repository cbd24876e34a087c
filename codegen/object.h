/* From a finished module to the bytes that were asked for.  Private to codegen/. */
#ifndef QIR_CODEGEN_OBJECT_H
#define QIR_CODEGEN_OBJECT_H

#include <llvm-c/TargetMachine.h>
#include "interface/abi.h"
#include "gen.h"

/* Appends them to `out`.  False: diagnosed. */
bool qcg_object(qcg *g, const qcg_abi *abi, LLVMTargetMachineRef tm, qir_strbuf *out);

#endif
