/* Level `dotprod`: Armv8.2 sdot, four i32 lanes of four i8 products each.  Operands that do not fit
 * i8 (weights with a zero point, u8) run on the neon machine. */
#include "machine.h"
#include "levels/aarch64.h"

static llb_val sdot(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    llb_type types[] = {LLVMTypeOf(acc), LLVMTypeOf(a)};
    llb_val args[] = {acc, a, w};
    return llb_intrinsic(g, "llvm.aarch64.neon.sdot", types, 2, args, 3);
}

static llb_val group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 4, 4, 1);
}

static const qcg_tile tiles[] = {{4, 4}, {8, 2}, {6, 2}, {4, 2}, {2, 4}, {1, 4}, {3, 4},
                                 {2, 2}, {1, 2}, {8, 1}, {4, 1}, {2, 1}, {1, 1}, {0, 0}};

const qcg_machine qcg_machine_dotprod = {
    .lanes = 4,
    .kgroup = 4,
    .elem_bytes = 1,
    .tiles = tiles,
    .dot = sdot,
    .group = group,
    .pair = qcg_aarch64_pair,
    .rne = qcg_aarch64_rne,
    .narrow = qcg_generic_narrow,
    .wide = &qcg_machine_neon,
    .fuses = true,
};
