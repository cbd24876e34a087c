/* The parts of the generated header.  Private to codegen/. */
#ifndef QIR_CODEGEN_HEADER_H
#define QIR_CODEGEN_HEADER_H

#include "interface/abi.h"

/* Types that do not depend on the model, each under a guard of its own. */
void qcg_header_types(const qcg_abi *abi, qir_strbuf *out);
/* Prototypes, the macros that add the interface's hash to them, the table of the model. */
void qcg_header_functions(const qcg_abi *abi, qir_strbuf *out);

#endif
