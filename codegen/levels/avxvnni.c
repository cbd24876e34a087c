/* Level `avxvnni`: VEX vpdpbusd.  Sixteen i32 lanes are two vectors, so that weights are packed as at
 * avx512vnni.  Other operands than u8 times i8, and depthwise convolutions, run as at avx2. */
#include "levels/x86.h"

static llb_val dpbusd(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_dpbusd(g, &qcg_x86_256, acc, a, w);
}

static llb_val group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 16, 4, 1);
}

static llb_val narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned)
{
    return qcg_x86_narrow(g, &qcg_x86_256, v, n, zp, to_unsigned);
}

/* Every vector of columns counts twice; weights may stay in memory. */
static const qcg_tile tiles[] = {{6, 1}, {5, 1}, {4, 1}, {3, 1}, {2, 2}, {2, 1},
                                 {1, 4}, {1, 3}, {1, 2}, {1, 1}, {0, 0}};

static const qcg_machine columns = QCG_X86_COLUMNS(8, 3, qcg_x86_column_bytes, true);

/* With as many float sums beside them. */
static const qcg_tile section_tiles[] = {{3, 1}, {2, 1}, {1, 4}, {1, 3}, {1, 2}, {1, 1}, {0, 0}};

const qcg_machine qcg_machine_avxvnni = {
    .lanes = 16,
    .kgroup = 4,
    .elem_bytes = 1,
    .registers = 16,
    .counts = true,
    .tiles = tiles,
    .section_tiles = section_tiles,
    .dot = dpbusd,
    .group = group,
    .rne = qcg_x86_rne_256,
    .narrow = narrow,
    .columns = &columns,
    .sum_bytes = qcg_x86_sum_bytes_vnni_256,
    .lookup = &qcg_x86_lookup_256,
    .saturates = true,
    .wide = &qcg_machine_avx2,
    .low = &qcg_machine_avxvnni,
    .unsigned_operand = true,
    .fuses = true,
};
