/* A module as parts that LLVM compiles apart.  Private to codegen/. */
#ifndef QIR_CODEGEN_PARTS_H
#define QIR_CODEGEN_PARTS_H

#include "gen.h"

enum { QCG_MOST_PARTS = 8 };

/* Deals the functions of ops out to parts of about the same size and returns how many parts there are; how many
 * depends on the module alone.  The interface is in part 0. */
unsigned qcg_parts_deal(qcg *g, qir_map *part_of);
/* Takes everything out of the module that is not in the part: what it calls there is declared. */
void qcg_parts_keep(qcg *g, const qir_map *part_of, unsigned part);

#endif
