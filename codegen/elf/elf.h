/* A relocatable ELF file that is being made: 64 bits, little-endian.  Private to codegen/elf/. */
#ifndef QIR_CODEGEN_ELF_ELF_H
#define QIR_CODEGEN_ELF_ELF_H

#include <elf.h>
#include "image.h"
#include "qir/support/strbuf.h"
#include "qir/support/vec.h"

typedef struct qcg_elf_section {
    const char *name;
    Elf64_Shdr head;                 /* name, place and size are not known yet */
    qir_strbuf bytes;
    const qcg_image *image;          /* in place of bytes; NULL: these */
    qir_map entries;                 /* of a table of constants: each -> its offset + 1 */
    QIR_VEC(Elf64_Rela) relocations; /* symbols by their number in the file */
    size_t symbol;                   /* its own; 0: it has none */
} qcg_elf_section;

typedef struct qcg_elf_symbol {
    const char *name;
    Elf64_Sym sym; /* the section by its number in the file */
} qcg_elf_symbol;

/* Numbers count from 1, as those in the file: 0 is none. */
typedef struct qcg_elf {
    qir_arena *arena;
    Elf64_Ehdr head;
    QIR_VEC(qcg_elf_section) sections;
    QIR_VEC(qcg_elf_symbol) symbols;
    qir_map globals; /* name -> number */
} qcg_elf;

/* Appends the file to `out`. */
void qcg_elf_write(qcg_elf *e, qir_strbuf *out);

#endif
