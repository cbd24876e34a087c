/* Level `avx2`: vpmaddwd on pairs of i16, eight i32 lanes. */
#include "levels/x86.h"

static llb_val pmaddwd(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_madd(g, &qcg_x86_256, acc, a, w);
}

static llb_val group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 8, 2, 2);
}

static llb_val pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w)
{
    return pmaddwd(g, acc, qcg_x86_interleave(g, x0, x1), w);
}

static llb_val narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned)
{
    return qcg_x86_narrow(g, &qcg_x86_256, v, n, zp, to_unsigned);
}

static llb_val pmaddubsw(qcg *g, llb_val a, llb_val w)
{
    llb_val args[] = {a, w};
    return llb_intrinsic(g, "llvm.x86.avx2.pmadd.ub.sw", NULL, 0, args, 2);
}

/* u8 operands times i8 weights of at most 5 bits: sums of pairs below 2 * 255 * 16 fit i16. */
static llb_val dot_bytes(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return pmaddwd(g, acc, pmaddubsw(g, a, w), llb_i16s(g, 1, 16));
}

static llb_val group_bytes(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 8, 4, 1);
}

static const qcg_tile tiles[] = {{5, 2}, {2, 4}, {3, 3}, {4, 2}, {3, 2}, {2, 2},
                                 {1, 4}, {2, 3}, {1, 3}, {1, 2}, {8, 1}, {7, 1},
                                 {5, 1}, {4, 1}, {2, 1}, {1, 1}, {0, 0}};

/* With as many float sums beside them. */
static const qcg_tile section_tiles[] = {{6, 1}, {5, 1}, {2, 2}, {4, 1}, {3, 1}, {2, 1}, {1, 4}, {1, 3}, {1, 2},
                                         {1, 1}, {0, 0}};

/* Two more registers hold constants, two the cut out weights and the pairs. */
static const qcg_tile low_tiles[] = {{4, 2}, {3, 2}, {2, 3}, {2, 2}, {1, 4}, {1, 3}, {1, 2},
                                     {8, 1}, {6, 1}, {4, 1}, {2, 1}, {1, 1}, {0, 0}};

static const qcg_machine low = {
    .lanes = 8,
    .kgroup = 4,
    .elem_bytes = 1,
    .registers = 16,
    .tiles = low_tiles,
    .section_tiles = section_tiles,
    .dot = dot_bytes,
    .pairs = pmaddubsw,
    .group = group_bytes,
    .pair = pair,
    .positions = 4,
    .rne = qcg_x86_rne_256,
    .narrow = narrow,
    .saturates = true,
    .wide = &qcg_machine_avx2,
    .unsigned_operand = true,
};

static const qcg_machine columns = QCG_X86_COLUMNS(8, 3, qcg_x86_column_pairs, false);

/* Sums of i16 beside those of i32, one register of ones. */
static const qcg_tile chain_tiles[] = {{3, 2}, {2, 2}, {1, 2}, {6, 1}, {4, 1}, {2, 1}, {1, 1}, {0, 0}};

static const qcg_machine chains = {
    .lanes = 8,
    .kgroup = 4,
    .elem_bytes = 1,
    .tiles = chain_tiles,
    .group = group_bytes,
    .pairs = pmaddubsw,
    .rne = qcg_x86_rne_256,
    .narrow = narrow,
    .saturates = true,
    .wide = &qcg_machine_avx2,
};

static llb_val dot_sums(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_madd_sums(g, &qcg_x86_256, acc, a, w);
}

/* Both halves of weights and of a group are in registers, and two sums of them. */
static const qcg_tile inner_tiles[] = {{4, 2}, {3, 2}, {2, 2}, {4, 1}, {2, 1}, {1, 1}, {0, 0}};

static const qcg_machine inner = {
    .lanes = 8,
    .kgroup = 4,
    .elem_bytes = 2,
    .registers = 16,
    .tiles = inner_tiles,
    .dot = dot_sums,
    .group = group,
    .rne = qcg_x86_rne_256,
    .narrow = narrow,
    .saturates = true,
    .wide = &qcg_machine_avx2,
    .fuses = true,
};

const qcg_machine qcg_machine_avx2 = {
    .lanes = 8,
    .kgroup = 2,
    .elem_bytes = 2,
    .registers = 16,
    .tiles = tiles,
    .section_tiles = section_tiles,
    .dot = pmaddwd,
    .group = group,
    .pair = pair,
    .positions = 4,
    .rne = qcg_x86_rne_256,
    .narrow = narrow,
    .columns = &columns,
    .sum_bytes = qcg_x86_sum_bytes_256,
    .lookup = &qcg_x86_lookup_256,
    .saturates = true,
    .wide = &qcg_machine_avx2,
    .low = &low,
    .fuses = true,
    .chains = &chains,
    .inner = &inner,
};
