/* Level `neon`: Armv8.0.  LLVM turns the widened products of the generic level into smlal; only the
 * conversion needs naming. */
#include "machine.h"
#include "levels/aarch64.h"

static llb_val rne4(qcg *g, llb_val v)
{
    llb_type types[] = {llb_vec(llb_int(g, 32), 4), LLVMTypeOf(v)};
    return llb_intrinsic(g, "llvm.aarch64.neon.fcvtns", types, 2, &v, 1);
}

llb_val qcg_aarch64_rne(qcg *g, llb_val v)
{
    return llb_by_width(g, v, 4, rne4);
}

static const qcg_tile tiles[] = {{4, 2}, {3, 3}, {2, 4}, {6, 1}, {4, 1}, {3, 2},
                                 {2, 2}, {2, 1}, {1, 4}, {1, 2}, {1, 1}, {0, 0}};

const qcg_machine qcg_machine_neon = {
    .name = "neon",
    .lanes = 8,
    .kgroup = 1,
    .elem_bytes = 2,
    .tiles = tiles,
    .dot = qcg_generic_dot,
    .group = qcg_generic_group,
    .pair = qcg_generic_pair,
    .rne = qcg_aarch64_rne,
    .narrow = qcg_generic_narrow,
    .wide = &qcg_machine_neon,
};
