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

/* --- i32 to bytes ----------------------------------------------------------------------------- */

static llb_val narrow_lanes(qcg *g, const char *name, llb_val v, unsigned bits)
{
    llb_type t = llb_vec(llb_int(g, bits), llb_lanes(v));
    return llb_intrinsic(g, name, &t, 1, &v, 1);
}

llb_val qcg_aarch64_narrow_words(qcg *g, llb_val a, llb_val b, int zp)
{
    llb_val v = llb_concat(g, narrow_lanes(g, "llvm.aarch64.neon.sqxtn", a, 16),
                           narrow_lanes(g, "llvm.aarch64.neon.sqxtn", b, 16));
    llb_type t = LLVMTypeOf(v);
    llb_val args[] = {v, llb_i16s(g, zp, 8)};
    return zp ? llb_intrinsic(g, "llvm.sadd.sat", &t, 1, args, 2) : v;
}

static llb_val eight_bytes(qcg *g, llb_val words, bool to_unsigned)
{
    return narrow_lanes(g, to_unsigned ? "llvm.aarch64.neon.sqxtun" : "llvm.aarch64.neon.sqxtn", words, 8);
}

llb_val qcg_aarch64_narrow_bytes(qcg *g, llb_val a, llb_val b, bool to_unsigned)
{
    return llb_concat(g, eight_bytes(g, a, to_unsigned), eight_bytes(g, b, to_unsigned));
}

/* Of eight values the last four may not matter. */
llb_val qcg_aarch64_narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned)
{
    enum { MOST = 8 };
    llb_val words[MOST], bytes[MOST / 2];
    unsigned pieces = llb_lanes(v[0]) / 4, all = n * pieces;
    for (unsigned i = 0; i < all; i++)
        words[i] = llb_slice(g, v[i / pieces], i % pieces * 4, 4);
    for (unsigned i = 0; i < all; i += 2)
        bytes[i / 2] = eight_bytes(
            g, qcg_aarch64_narrow_words(g, words[i], words[i + 1 < all ? i + 1 : i], zp), to_unsigned);
    return llb_slice(g, llb_concat_all(g, bytes, (all + 1) / 2), 0, 4 * all);
}

static const qcg_tile tiles[] = {{4, 2}, {3, 3}, {2, 4}, {6, 1}, {4, 1}, {3, 2},
                                 {2, 2}, {2, 1}, {1, 4}, {1, 2}, {1, 1}, {0, 0}};

/* With as many float sums beside them. */
static const qcg_tile section_tiles[] = {{3, 2}, {2, 2}, {4, 1}, {3, 1}, {2, 1}, {1, 2}, {1, 1}, {0, 0}};

const qcg_machine qcg_machine_neon = {
    .lanes = 8,
    .kgroup = 1,
    .elem_bytes = 2,
    .registers = 32,
    .tiles = tiles,
    .section_tiles = section_tiles,
    .dot = qcg_generic_dot,
    .group = qcg_generic_group,
    .pair = qcg_aarch64_pair,
    .positions = 4,
    .rne = qcg_aarch64_rne,
    .narrow = qcg_aarch64_narrow,
    .lookup = &qcg_aarch64_lookup,
    .saturates = true,
    .wide = &qcg_machine_neon,
    .fuses = true,
};
