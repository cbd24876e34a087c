/* Level `dotprod`: Armv8.2 sdot, four i32 lanes of four i8 products each.  Operands that do not fit
 * i8 (weights with a zero point, u8) run on the neon machine. */
#include "machine.h"
#include "levels/aarch64.h"

/* The last operand may be one of four lanes. */
static llb_val sdot(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    llb_type types[] = {LLVMTypeOf(acc), LLVMTypeOf(a)};
    llb_val args[] = {acc, w, a};
    return llb_intrinsic(g, "llvm.aarch64.neon.sdot", types, 2, args, 3);
}

static llb_val group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 4, 4, 1);
}

/* A load of 16 bytes holds four groups: sdot takes one of them by its lane. */
static llb_val pick(qcg *g, llb_val row, unsigned i)
{
    unsigned groups = llb_lanes(row) / 4;
    llb_val words = LLVMBuildBitCast(g->b, row, llb_vec(llb_int(g, 32), groups), "");
    llb_val index = llb_i32s(g, (int32_t)i, 4);
    words = groups == 1 ? llb_splat(g, words, 4)
                        : LLVMBuildShuffleVector(g->b, words, LLVMGetPoison(LLVMTypeOf(words)), index, "");
    return LLVMBuildBitCast(g->b, words, llb_vec(llb_int(g, 8), 16), "");
}

/* rows * vectors + rows + 2 <= 32 registers. */
static const qcg_tile tiles[] = {{6, 4}, {4, 6}, {5, 4}, {4, 5}, {7, 3}, {6, 3}, {5, 3}, {4, 4}, {10, 2}, {9, 2},
                                 {8, 2}, {7, 2}, {6, 2}, {5, 2}, {4, 2}, {3, 6}, {3, 4}, {3, 2}, {2, 8}, {2, 6},
                                 {2, 4}, {2, 2}, {1, 8}, {1, 4}, {1, 2}, {14, 1}, {8, 1}, {4, 1}, {2, 1}, {1, 1},
                                 {0, 0}};

const qcg_machine qcg_aarch64_columns = {
    .lanes = 4,
    .kgroup = 4,
    .elem_bytes = 1,
    .dot = sdot,
    .positions = 4,
    .narrow_words = qcg_aarch64_narrow_words,
    .narrow_bytes = qcg_aarch64_narrow_bytes,
    .saturates = true,
};

/* With as many float sums beside them. */
static const qcg_tile section_tiles[] = {{6, 2}, {4, 3}, {4, 2}, {2, 4}, {2, 2}, {1, 4}, {1, 2}, {8, 1}, {4, 1},
                                         {2, 1}, {1, 1}, {0, 0}};

const qcg_machine qcg_machine_dotprod = {
    .lanes = 4,
    .kgroup = 4,
    .elem_bytes = 1,
    .registers = 32,
    .tiles = tiles,
    .section_tiles = section_tiles,
    .dot = sdot,
    .group = group,
    .pick = pick,
    .groups = 4,
    .pair = qcg_aarch64_pair,
    .rne = qcg_aarch64_rne,
    .narrow = qcg_aarch64_narrow,
    .lookup = &qcg_aarch64_lookup,
    .saturates = true,
    .wide = &qcg_machine_neon,
    .columns = &qcg_aarch64_columns,
    .fuses = true,
};
