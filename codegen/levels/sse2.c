/* Level `sse2`: pmaddwd on pairs of i16; eight i32 lanes are two vectors.  What every x86-64 CPU has. */
#include "levels/x86.h"

static llb_val dot(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_madd(g, &qcg_x86_128, acc, a, w);
}

static llb_val group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 8, 2, 2);
}

static llb_val pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w)
{
    return dot(g, acc, qcg_x86_interleave(g, x0, x1), w);
}

static llb_val rne4(qcg *g, llb_val v)
{
    return llb_intrinsic(g, "llvm.x86.sse2.cvtps2dq", NULL, 0, &v, 1);
}

static llb_val rne(qcg *g, llb_val v)
{
    return llb_by_width(g, v, 4, rne4);
}

static llb_val narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned)
{
    return qcg_x86_narrow(g, &qcg_x86_128, v, n, zp, to_unsigned);
}

/* Every vector counts twice, and pmaddwd overwrites an operand. */
static const qcg_tile tiles[] = {{2, 2}, {5, 1}, {4, 1}, {3, 1}, {2, 1}, {1, 2}, {1, 1}, {0, 0}};

/* With as many float sums beside them. */
static const qcg_tile section_tiles[] = {{1, 1}, {0, 0}};

/* Cut out weights take registers, too. */
static const qcg_tile low_tiles[] = {{2, 1}, {1, 1}, {0, 0}};

static const qcg_machine columns = QCG_X86_COLUMNS(4, 2, qcg_x86_column_pairs, false);

#define MACHINE(its_tiles, low_machine)                                                            \
    {                                                                                              \
        .lanes = 8,                                                                                \
        .kgroup = 2,                                                                               \
        .elem_bytes = 2,                                                                           \
        .registers = 16,                                                                           \
        .tiles = its_tiles,                                                                        \
        .section_tiles = section_tiles,                                                            \
        .dot = dot,                                                                                \
        .group = group,                                                                            \
        .pair = pair,                                                                              \
        .positions = 1,                                                                            \
        .rne = rne,                                                                                \
        .narrow = narrow,                                                                          \
        .columns = &columns,                                                                       \
        .sum_bytes = qcg_x86_sum_bytes_128,                                                        \
        .saturates = true,                                                                         \
        .wide = &qcg_machine_sse2,                                                                 \
        .low = low_machine,                                                                        \
    }

static const qcg_machine low = MACHINE(low_tiles, NULL);
const qcg_machine qcg_machine_sse2 = MACHINE(tiles, &low);
