/* Level `avx2`: vpmaddwd on pairs of i16, eight i32 lanes. */
#include "machine.h"

static llb_val pmaddwd(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    llb_val args[] = {a, w};
    return llb_add(g, acc, llb_intrinsic(g, "llvm.x86.avx2.pmadd.wd", NULL, 0, args, 2));
}

static llb_val group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 8, 2, 2);
}

/* Two taps of eight channels, interleaved channel by channel: as i32 lanes (x1 << 16 | x0). */
static llb_val pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w)
{
    llb_type i32x8 = llb_vec(llb_int(g, 32), 8), i16 = llb_int(g, 16);
    llb_val both = LLVMBuildZExt(g->b, x0, i32x8, "");
    if (x1) {
        llb_val high =
            LLVMBuildShl(g->b, LLVMBuildZExt(g->b, x1, i32x8, ""), llb_i32s(g, 16, 8), "");
        both = LLVMBuildOr(g->b, both, high, "");
    }
    return pmaddwd(g, acc, LLVMBuildBitCast(g->b, both, llb_vec(i16, 16), ""), w);
}

static llb_val rne8(qcg *g, llb_val v)
{
    return llb_intrinsic(g, "llvm.x86.avx.cvt.ps2dq.256", NULL, 0, &v, 1);
}

static llb_val rne(qcg *g, llb_val v)
{
    return llb_by_width(g, v, 8, rne8);
}

static llb_val call2(qcg *g, const char *name, llb_val a, llb_val b)
{
    llb_val args[] = {a, b};
    return llb_intrinsic(g, name, NULL, 0, args, 2);
}

/* The packs work within 128-bit halves: of four vectors the dwords come out as
 * a0 b0 c0 d0 | a1 b1 c1 d1, which one vpermd puts in order. */
static llb_val narrow(qcg *g, const llb_val *v, unsigned n, int zp)
{
    const char *pack = "llvm.x86.avx2.packssdw";
    llb_val low = call2(g, pack, v[0], v[n > 1]), high = low;
    if (n == 4)
        high = call2(g, pack, v[2], v[3]);
    if (zp) {
        llb_type t = LLVMTypeOf(low);
        llb_val z = llb_i16s(g, zp, 16), a[] = {low, z}, b[] = {high, z};
        low = llb_intrinsic(g, "llvm.sadd.sat", &t, 1, a, 2);
        high = n == 4 ? llb_intrinsic(g, "llvm.sadd.sat", &t, 1, b, 2) : low;
    }
    llb_val bytes = call2(g, "llvm.x86.avx2.packsswb", low, high);
    static const int order[] = {0, 4, 1, 5, 2, 6, 3, 7};
    llb_val index[8];
    for (unsigned i = 0; i < 8; i++)
        index[i] = llb_i32s(g, order[i], 1);
    llb_val words = LLVMBuildBitCast(g->b, bytes, llb_vec(llb_int(g, 32), 8), "");
    words = LLVMBuildShuffleVector(g->b, words, LLVMGetPoison(LLVMTypeOf(words)),
                                   LLVMConstVector(index, 8), "");
    return llb_slice(g, LLVMBuildBitCast(g->b, words, llb_vec(llb_int(g, 8), 32), ""), 0, 8 * n);
}

/* u8 operands times i8 weights of at most 5 bits: sums of pairs below 2 * 255 * 16 fit i16. */
static llb_val pmaddubsw(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    llb_val pairs = call2(g, "llvm.x86.avx2.pmadd.ub.sw", a, w);
    return pmaddwd(g, acc, pairs, llb_i16s(g, 1, 16));
}

static llb_val group_bytes(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 8, 4, 1);
}

static const qcg_tile tiles[] = {{5, 2}, {2, 4}, {3, 3}, {4, 2}, {3, 2}, {2, 2},
                                 {1, 4}, {2, 3}, {1, 3}, {1, 2}, {8, 1}, {7, 1},
                                 {5, 1}, {4, 1}, {2, 1}, {1, 1}, {0, 0}};

/* Two more registers hold constants, two the cut out weights and the pairs. */
static const qcg_tile low_tiles[] = {{4, 2}, {3, 2}, {2, 3}, {2, 2}, {1, 4}, {1, 3}, {1, 2},
                                     {8, 1}, {6, 1}, {4, 1}, {2, 1}, {1, 1}, {0, 0}};

static const qcg_machine low = {
    .level = QIR_LEVEL_avx2,
    .lanes = 8,
    .kgroup = 4,
    .elem_bytes = 1,
    .tiles = low_tiles,
    .dot = pmaddubsw,
    .group = group_bytes,
    .pair = pair,
    .rne = rne,
    .narrow = narrow,
    .saturates = true,
    .wide = &qcg_machine_avx2,
    .unsigned_operand = true,
};

const qcg_machine qcg_machine_avx2 = {
    .level = QIR_LEVEL_avx2,
    .lanes = 8,
    .kgroup = 2,
    .elem_bytes = 2,
    .tiles = tiles,
    .dot = pmaddwd,
    .group = group,
    .pair = pair,
    .rne = rne,
    .narrow = narrow,
    .saturates = true,
    .wide = &qcg_machine_avx2,
    .low = &low,
};
