/* Objects that LLVM made of parts of a module, and the constants that all of them read, as one object.  Private to
 * codegen/. */
#ifndef QIR_CODEGEN_ELF_JOIN_H
#define QIR_CODEGEN_ELF_JOIN_H

#include "image.h"
#include "qir/support/strbuf.h"

typedef struct qcg_elf_constants {
    const qcg_image *image; /* NULL: none */
    const char *symbol;     /* what the parts call it */
    const char *section;
} qcg_elf_constants;

/* Appends the object to `out`.  Parts are relocatable ELF files of one target. */
void qcg_elf_join(qir_arena *arena, const qir_strbuf *parts, size_t n, const qcg_elf_constants *c, qir_strbuf *out);

#endif
