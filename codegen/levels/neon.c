/* Level `neon`: Armv8.0.  LLVM turns the widened products of the generic level into smlal, except
 * where it widens an operand outside of the loop: depthwise products are named. */
#include "machine.h"
#include "levels/aarch64.h"
#include "qir/support/bug.h"

static llb_val rne4(qcg *g, llb_val v)
{
    llb_type types[] = {llb_vec(llb_int(g, 32), 4), LLVMTypeOf(v)};
    return llb_intrinsic(g, "llvm.aarch64.neon.fcvtns", types, 2, &v, 1);
}

llb_val qcg_aarch64_rne(qcg *g, llb_val v)
{
    return llb_by_width(g, v, 4, rne4);
}

/* acc + x * w, in two halves. */
llb_val qcg_aarch64_pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w)
{
    llb_type t = llb_vec(llb_int(g, 32), 4);
    llb_val half[2];
    (void)x1;
    for (unsigned i = 0; i < 2; i++) {
        llb_val args[] = {llb_slice(g, x0, 4 * i, 4), llb_slice(g, w, QIR_BUG(18) ? 0 : 4 * i, 4)};
        half[i] = llb_intrinsic(g, "llvm.aarch64.neon.smull", &t, 1, args, 2);
    }
    return llb_add(g, acc, llb_concat_all(g, half, 2));
}

static const qcg_tile tiles[] = {{4, 2}, {3, 3}, {2, 4}, {6, 1}, {4, 1}, {3, 2},
                                 {2, 2}, {2, 1}, {1, 4}, {1, 2}, {1, 1}, {0, 0}};

const qcg_machine qcg_machine_neon = {
    .lanes = 8,
    .kgroup = 1,
    .elem_bytes = 2,
    .tiles = tiles,
    .dot = qcg_generic_dot,
    .group = qcg_generic_group,
    .pair = qcg_aarch64_pair,
    .positions = 4,
    .held = 6,
    .rne = qcg_aarch64_rne,
    .narrow = qcg_generic_narrow,
    .wide = &qcg_machine_neon,
    .fuses = true,
};
