/* Level `avx512vnni`: EVEX vpdpbusd, sixteen i32 lanes, 32 registers.  Operands that are not u8 times i8
 * run on pairs of i16. */
#include "levels/x86.h"

static llb_val dpbusd(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_dpbusd(g, &qcg_x86_512, acc, a, w);
}

static llb_val dpwssd(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_dpwssd(g, &qcg_x86_512, acc, a, w);
}

static llb_val group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 16, 4, 1);
}

static llb_val group_pair(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 16, 2, 2);
}

static llb_val pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w)
{
    return dpwssd(g, acc, qcg_x86_interleave(g, x0, x1), w);
}

static llb_val narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned)
{
    return qcg_x86_narrow(g, &qcg_x86_512, v, n, zp, to_unsigned);
}

/* Rounded as MXCSR says, which is to nearest while generated code runs. */
static llb_val rne16(qcg *g, llb_val v)
{
    enum { ALL = -1, CURRENT = 4 };
    llb_type words = llb_vec(llb_int(g, 32), 16);
    llb_val args[] = {v, LLVMGetPoison(words), llb_i16s(g, ALL, 1), llb_i32s(g, CURRENT, 1)};
    return llb_intrinsic(g, "llvm.x86.avx512.mask.cvtps2dq.512", NULL, 0, args, 4);
}

static llb_val rne(qcg *g, llb_val v)
{
    return llb_lanes(v) > 8 ? llb_by_width(g, v, 16, rne16) : qcg_x86_rne_256(g, v);
}

/* rows * vectors + vectors + 1 <= 31 registers. */
static const qcg_tile tiles[] = {{14, 2}, {12, 2}, {10, 2}, {9, 3}, {8, 3}, {7, 3}, {6, 4}, {5, 4}, {4, 6},
                                 {4, 4},  {8, 2},  {7, 2},  {6, 2}, {5, 2}, {4, 2}, {3, 2}, {2, 2}, {2, 4},
                                 {2, 6},  {3, 6},  {1, 6},  {1, 4}, {1, 3}, {1, 2}, {28, 1}, {16, 1}, {14, 1},
                                 {8, 1},  {7, 1},  {4, 1},  {2, 1}, {1, 1}, {0, 0}};

/* With as many float sums beside them. */
static const qcg_tile section_tiles[] = {{4, 3}, {6, 2}, {5, 2}, {3, 4}, {7, 2}, {4, 2}, {3, 3}, {3, 2}, {2, 4},
                                         {2, 2}, {1, 4}, {1, 3}, {1, 2}, {12, 1}, {8, 1}, {4, 1}, {2, 1},
                                         {1, 1}, {0, 0}};

static const qcg_machine wide = {
    .lanes = 16,
    .kgroup = 2,
    .elem_bytes = 2,
    .in_flight = 12,
    .tiles = tiles,
    .section_tiles = section_tiles,
    .dot = dpwssd,
    .group = group_pair,
    .pair = pair,
    .positions = 8,
    .rne = rne,
    .narrow = narrow,
    .saturates = true,
    .wide = &wide,
};

static const qcg_machine columns = QCG_X86_COLUMNS(16, 6, qcg_x86_column_bytes, true);

const qcg_machine qcg_machine_avx512vnni = {
    .lanes = 16,
    .kgroup = 4,
    .elem_bytes = 1,
    .registers = 32,
    .in_flight = 12,
    .counts = true,
    .straight = true,
    .tiles = tiles,
    .section_tiles = section_tiles,
    .dot = dpbusd,
    .group = group,
    .pair = pair,
    .positions = 8,
    .rne = rne,
    .narrow = narrow,
    .columns = &columns,
    .sum_bytes = qcg_x86_sum_bytes_vnni_512,
    .lookup = &qcg_x86_lookup_512,
    .saturates = true,
    .wide = &wide,
    .low = &qcg_machine_avx512vnni,
    .unsigned_operand = true,
    .fuses = true,
};
