/* Level `i8mm`: Armv8.6 smmla, two rows times two columns of eight i8 products each; a vector of four
 * columns takes two of them.  A single row stands for both: the other results are not read, and sdot would
 * need as many instructions.  Operands that do not fit i8 run on the neon machine. */
#include "machine.h"
#include "levels/aarch64.h"
#include "qir/support/bug.h"

static llb_val group(qcg *g, llb_val ptr)
{
    return llb_load(g, llb_vec(llb_int(g, 8), 8), ptr, 1);
}

/* A load of 16 bytes holds two groups, which are zipped with those of the other row. */
static llb_val pick(qcg *g, llb_val row, unsigned i)
{
    return llb_slice(g, row, 8 * i, 8);
}

/* Columns 0 and 1 of both rows, then columns 2 and 3. */
static llb_val smmla(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    llb_val half[2];
    llb_type types[] = {llb_vec(llb_int(g, 32), 4), LLVMTypeOf(a)};
    for (unsigned i = 0; i < 2; i++) {
        llb_val args[] = {llb_slice(g, acc, 4 * i, 4), a, llb_slice(g, w, QIR_BUG(19) ? 0 : 16 * i, 16)};
        half[i] = llb_intrinsic(g, "llvm.aarch64.neon.smmla", types, 2, args, 3);
    }
    return llb_concat(g, half[0], half[1]);
}

/* Exchanges columns 2 and 3 of the first row with columns 0 and 1 of the second. */
static llb_val turn(qcg *g, llb_val acc)
{
    static const int order[] = {0, 1, 4, 5, 2, 3, 6, 7};
    llb_val index[8];
    for (unsigned i = 0; i < 8; i++)
        index[i] = llb_i32s(g, order[i], 1);
    return LLVMBuildShuffleVector(g->b, acc, LLVMGetPoison(LLVMTypeOf(acc)),
                                  LLVMConstVector(index, 8), "");
}

/* rows * vectors + rows + 3 <= 32 registers; a single row counts as two. */
static const qcg_tile tiles[] = {{4, 6}, {4, 5}, {4, 4}, {6, 3}, {4, 3}, {8, 2}, {6, 2}, {4, 2}, {12, 1}, {8, 1},
                                 {6, 1}, {4, 1}, {2, 8}, {2, 6}, {2, 4}, {2, 3}, {2, 2}, {2, 1}, {1, 8}, {1, 4},
                                 {1, 2}, {1, 1}, {0, 0}};

/* With as many float sums beside them. */
static const qcg_tile section_tiles[] = {{4, 2}, {8, 1}, {4, 1}, {2, 4}, {2, 3}, {2, 2}, {2, 1}, {1, 8}, {1, 4},
                                         {1, 2}, {1, 1}, {0, 0}};

/* Cut out weights take registers, too. */
static const qcg_tile low_tiles[] = {{4, 3}, {6, 2}, {4, 2}, {8, 1}, {4, 1}, {2, 6}, {2, 4}, {2, 3}, {2, 2},
                                     {2, 1}, {1, 8}, {1, 4}, {1, 2}, {1, 1}, {0, 0}};

#define MACHINE(its_tiles, low_machine)                                                            \
    {                                                                                              \
        .lanes = 4,                                                                                \
        .kgroup = 8,                                                                               \
        .elem_bytes = 1,                                                                           \
        .registers = 32,                                                                           \
        .tiles = its_tiles,                                                                        \
        .section_tiles = section_tiles,                                                            \
        .dot = smmla,                                                                              \
        .group = group,                                                                            \
        .pick = pick,                                                                              \
        .groups = 2,                                                                               \
        .turn = turn,                                                                              \
        .pair = qcg_aarch64_pair,                                                                  \
        .rne = qcg_aarch64_rne,                                                                    \
        .narrow = qcg_aarch64_narrow,                                                              \
        .lookup = &qcg_aarch64_lookup,                                                             \
        .saturates = true,                                                                         \
        .fuses = true,                                                                             \
        .wide = &qcg_machine_neon,                                                                 \
        .columns = &qcg_aarch64_columns,                                                           \
        .low = low_machine,                                                                        \
    }

static const qcg_machine low = MACHINE(low_tiles, NULL);
const qcg_machine qcg_machine_i8mm = MACHINE(tiles, &low);
