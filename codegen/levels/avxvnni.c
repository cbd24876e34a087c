/* Level `avxvnni`: VEX vpdpbusd.  Sixteen i32 lanes are two vectors, so that weights are packed as at
 * avx512vnni.  Operands that are not u8 times i8 run on pairs of i16. */
#include "levels/x86.h"

static llb_val dpbusd(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_dpbusd(g, &qcg_x86_256, acc, a, w);
}

static llb_val dpwssd(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_dpwssd(g, &qcg_x86_256, acc, a, w);
}

static llb_val group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 16, 4, 1);
}

static llb_val group_pair(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 8, 2, 2);
}

static llb_val pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w)
{
    return dpwssd(g, acc, qcg_x86_interleave(g, x0, x1), w);
}

static llb_val narrow(qcg *g, const llb_val *v, unsigned n, int zp)
{
    return qcg_x86_narrow(g, &qcg_x86_256, v, n, zp);
}

/* Every vector of columns counts twice; weights may stay in memory. */
static const qcg_tile tiles[] = {{6, 1}, {5, 1}, {4, 1}, {3, 1}, {2, 2}, {2, 1},
                                 {1, 4}, {1, 3}, {1, 2}, {1, 1}, {0, 0}};

static const qcg_tile wide_tiles[] = {{5, 2}, {2, 4}, {3, 3}, {4, 2}, {3, 2}, {2, 2},
                                      {1, 4}, {2, 3}, {1, 3}, {1, 2}, {8, 1}, {7, 1},
                                      {5, 1}, {4, 1}, {2, 1}, {1, 1}, {0, 0}};

static const qcg_machine wide = {
    .lanes = 8,
    .kgroup = 2,
    .elem_bytes = 2,
    .tiles = wide_tiles,
    .dot = dpwssd,
    .group = group_pair,
    .pair = pair,
    .rne = qcg_x86_rne_256,
    .narrow = narrow,
    .saturates = true,
    .wide = &wide,
};

const qcg_machine qcg_machine_avxvnni = {
    .lanes = 16,
    .kgroup = 4,
    .elem_bytes = 1,
    .tiles = tiles,
    .dot = dpbusd,
    .group = group,
    .pair = pair,
    .rne = qcg_x86_rne_256,
    .narrow = narrow,
    .saturates = true,
    .wide = &wide,
    .low = &qcg_machine_avxvnni,
    .unsigned_operand = true,
};
