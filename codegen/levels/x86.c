/* Steps of the x86-64 levels by the width of a vector: see x86.h. */
#include "levels/x86.h"

#include "qir/support/assert.h"
#include "qir/support/bug.h"

const qcg_x86 qcg_x86_128 = {.lanes = 4,
                             .madd = "llvm.x86.sse2.pmadd.wd",
                             .packssdw = "llvm.x86.sse2.packssdw.128",
                             .packsswb = "llvm.x86.sse2.packsswb.128",
                             .packuswb = "llvm.x86.sse2.packuswb.128",

                             .dpbusd = "llvm.x86.avx512.vpdpbusd.128"};
const qcg_x86 qcg_x86_256 = {.lanes = 8,
                             .madd = "llvm.x86.avx2.pmadd.wd",
                             .packssdw = "llvm.x86.avx2.packssdw",
                             .packsswb = "llvm.x86.avx2.packsswb",
                             .packuswb = "llvm.x86.avx2.packuswb",
                             .dpbusd = "llvm.x86.avx512.vpdpbusd.256",
                             .dpwssd = "llvm.x86.avx512.vpdpwssd.256"};
const qcg_x86 qcg_x86_512 = {.lanes = 16,
                             .madd = "llvm.x86.avx512.pmaddw.d.512",
                             .packssdw = "llvm.x86.avx512.packssdw.512",
                             .packsswb = "llvm.x86.avx512.packsswb.512",
                             .packuswb = "llvm.x86.avx512.packuswb.512",
                             .dpbusd = "llvm.x86.avx512.vpdpbusd.512",
                             .dpwssd = "llvm.x86.avx512.vpdpwssd.512"};

enum { MOST_OPERANDS = 3, MOST_VECTORS = 16 };

/* The instruction on each of `pieces` equal parts of its operands. */
static llb_val in_pieces(qcg *g, const char *name, unsigned pieces, const llb_val *args, unsigned n)
{
    llb_val out[MOST_VECTORS], part[MOST_OPERANDS];
    QIR_ASSERT(pieces <= MOST_VECTORS && n <= MOST_OPERANDS, "too many vectors");
    for (unsigned i = 0; i < pieces; i++) {
        for (unsigned j = 0; j < n; j++) {
            unsigned each = llb_lanes(args[j]) / pieces;
            part[j] = llb_slice(g, args[j], i * each, each);
        }
        out[i] = llb_intrinsic(g, name, NULL, 0, part, n);
    }
    return llb_concat_all(g, out, pieces);
}

llb_val qcg_x86_madd(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w)
{
    llb_val args[] = {a, w};
    return llb_add(g, acc, in_pieces(g, x->madd, llb_lanes(acc) / x->lanes, args, 2));
}

llb_val qcg_x86_madd_sums(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w)
{
    llb_val sums = llb_add(g, a, w);
    unsigned half = llb_lanes(sums) / 2;
    return qcg_x86_madd(g, x, acc, llb_slice(g, sums, 0, half), llb_slice(g, sums, half, half));
}

/* The intrinsics of VNNI take all operands as i32. */
static llb_val dot(qcg *g, const qcg_x86 *x, const char *name, llb_val acc, llb_val a, llb_val w)
{
    llb_type t = LLVMTypeOf(acc);
    llb_val args[] = {acc, LLVMBuildBitCast(g->b, a, t, ""), LLVMBuildBitCast(g->b, w, t, "")};
    return in_pieces(g, name, llb_lanes(acc) / x->lanes, args, 3);
}

llb_val qcg_x86_dpwssd(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w)
{
    return dot(g, x, x->dpwssd, acc, a, w);
}

llb_val qcg_x86_dpbusd(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w)
{
    return dot(g, x, x->dpbusd, acc, a, w);
}

/* As i32 lanes: x1 << 16 | x0. */
llb_val qcg_x86_interleave(qcg *g, llb_val x0, llb_val x1)
{
    unsigned n = llb_lanes(x0);
    llb_type words = llb_vec(llb_int(g, 32), n);
    llb_val both = LLVMBuildZExt(g->b, x0, words, "");
    if (x1) {
        llb_val high = LLVMBuildShl(g->b, LLVMBuildZExt(g->b, x1, words, ""), llb_i32s(g, 16, n), "");
        both = LLVMBuildOr(g->b, both, high, "");
    }
    return LLVMBuildBitCast(g->b, both, llb_vec(llb_int(g, 16), 2 * n), "");
}

static llb_val rne8(qcg *g, llb_val v)
{
    if (QIR_BUG(15)) /* ties away from zero */
        v = LLVMBuildFMul(g->b, v, llb_f32s(g, 0x1.000002p0f, 8), "");
    return llb_intrinsic(g, "llvm.x86.avx.cvt.ps2dq.256", NULL, 0, &v, 1);
}

llb_val qcg_x86_rne_256(qcg *g, llb_val v)
{
    return llb_by_width(g, v, 8, rne8);
}

/* --- i32 to bytes ----------------------------------------------------------------------------- */

static llb_val call2(qcg *g, const char *name, llb_val a, llb_val b)
{
    llb_val args[] = {a, b};
    return llb_intrinsic(g, name, NULL, 0, args, 2);
}

static llb_val add_saturated(qcg *g, llb_val v, int zp)
{
    llb_type t = LLVMTypeOf(v);
    llb_val args[] = {v, llb_i16s(g, zp, llb_lanes(v))};
    return zp ? llb_intrinsic(g, "llvm.sadd.sat", &t, 1, args, 2) : v;
}

/* The packs work within 128-bit parts: of four vectors a b c d each part of the result has the dwords
 * a b c d, which one permutation of dwords puts in order. */
static llb_val in_order(qcg *g, llb_val bytes, unsigned lanes)
{
    llb_val index[MOST_VECTORS];
    if (QIR_BUG(16) && lanes == 16)
        return bytes;
    unsigned parts = lanes / 4;
    for (unsigned i = 0; i < lanes; i++)
        index[i] = llb_i32s(g, (int32_t)(i % parts * 4 + i / parts), 1);
    llb_val words = LLVMBuildBitCast(g->b, bytes, llb_vec(llb_int(g, 32), lanes), "");
    words = LLVMBuildShuffleVector(g->b, words, LLVMGetPoison(LLVMTypeOf(words)),
                                   LLVMConstVector(index, lanes), "");
    return LLVMBuildBitCast(g->b, words, llb_vec(llb_int(g, 8), 4 * lanes), "");
}

llb_val qcg_x86_pack(qcg *g, const qcg_x86 *x, const llb_val *v, unsigned n, int zp, bool to_unsigned)
{
    llb_val low = add_saturated(g, call2(g, x->packssdw, v[0], v[n > 1]), zp), high = low;
    if (n == 4)
        high = add_saturated(g, call2(g, x->packssdw, v[2], v[3]), QIR_BUG(17) ? 0 : zp);
    return call2(g, to_unsigned ? x->packuswb : x->packsswb, low, high);
}

/* One, two or four vectors. */
static llb_val pack(qcg *g, const qcg_x86 *x, const llb_val *v, unsigned n, int zp, bool to_unsigned)
{
    llb_val bytes = qcg_x86_pack(g, x, v, n, zp, to_unsigned);
    return llb_slice(g, in_order(g, bytes, x->lanes), 0, n * x->lanes);
}

llb_val qcg_x86_narrow(qcg *g, const qcg_x86 *x, const llb_val *v, unsigned n, int zp,
                       bool to_unsigned)
{
    unsigned pieces = llb_lanes(v[0]) / x->lanes, all = n * pieces, done = 0;
    llb_val piece[MOST_VECTORS], bytes[MOST_VECTORS];
    for (unsigned i = 0; i < all; i++)
        piece[i] = llb_slice(g, v[i / pieces], i % pieces * x->lanes, x->lanes);
    unsigned each = all < 4 ? all : 4;
    for (unsigned i = 0; i < all; i += each)
        bytes[done++] = pack(g, x, piece + i, each, zp, to_unsigned);
    return llb_concat_all(g, bytes, done);
}
