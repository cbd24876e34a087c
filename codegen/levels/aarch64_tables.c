/* Tables of 256 bytes in 16 registers (qcg_machine.lookup): tbl finds one of 64 bytes, and 0 for what is not
 * among them.  (tbx, which would keep what was found before, takes longer than tbl and orr.) */
#include "levels/aarch64.h"

enum { REGISTERS = 4, PART = 64 };

static llb_val part_of(qcg *g, const qcg_byte_table *t, unsigned part, llb_val index)
{
    llb_val args[REGISTERS + 1];
    llb_type type = LLVMTypeOf(index);
    for (unsigned i = 0; i < REGISTERS; i++)
        args[i] = t->row[part * REGISTERS + i];
    args[REGISTERS] = LLVMBuildSub(g->b, index, llb_i8s(g, (int)(part * PART), llb_lanes(index)), "");
    return llb_intrinsic(g, "llvm.aarch64.neon.tbl4", &type, 1, args, REGISTERS + 1);
}

static llb_val by_parts(qcg *g, const qcg_byte_table *t, llb_val index)
{
    llb_val found = part_of(g, t, 0, index);
    for (unsigned part = 1; part < QCG_TABLE / PART; part++)
        found = LLVMBuildOr(g->b, found, part_of(g, t, part, index), "");
    return found;
}

const qcg_lookup qcg_aarch64_lookup = {.bytes = 16, .row_bytes = 16, .keep = true, .step = by_parts};
