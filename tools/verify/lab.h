/* Between the files that run models. */
#ifndef QCC_TOOLS_VERIFY_LAB_H
#define QCC_TOOLS_VERIFY_LAB_H

#include "verify.h"

/* --- in_process.c ------------------------------------------------------------------------------- */
verify_status verify_evaluate(qir_module *m, const verify_values *in, verify_values *out, qir_strbuf *why);
verify_status verify_run_jit(const verify_way *w, qir_module *m, const verify_values *in,
                             verify_values *out, qir_strbuf *why);

/* --- program.c ---------------------------------------------------------------------------------- */
verify_status verify_run_program(verify_lab *lab, const verify_way *w, qir_module *m,
                                 const verify_values *in, verify_values *out, qir_strbuf *why);

/* --- find.c ------------------------------------------------------------------------------------- */
/* Paths, found once; NULL: not installed, `why` names the package. */
const char *verify_linker(verify_lab *lab, qir_strbuf *why);
const char *verify_qemu(verify_lab *lab, const char *arch, qir_strbuf *why);
const char *verify_emulator(verify_lab *lab, qir_strbuf *why);

/* --- run.c -------------------------------------------------------------------------------------- */
/* A copy of `m` that code for the level can be generated from; NULL: diagnosed. */
qir_module *verify_lowered(const verify_way *w, qir_module *m);

#endif
