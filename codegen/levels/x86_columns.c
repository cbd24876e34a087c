/* Channels as interleaved rows leave them, on x86-64: vectors of any width up to the level's.  The packs
 * work within 128-bit parts as the unpacks do, so that the channels come back into order by themselves. */
#include "levels/x86.h"

static const qcg_x86 *width(llb_val words)
{
    unsigned lanes = llb_lanes(words);
    return lanes == 16 ? &qcg_x86_512 : lanes == 8 ? &qcg_x86_256 : &qcg_x86_128;
}

llb_val qcg_x86_column_bytes(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_dpbusd(g, width(acc), acc, a, w);
}

llb_val qcg_x86_column_pairs(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    return qcg_x86_madd(g, width(acc), acc, a, w);
}

llb_val qcg_x86_narrow_words(qcg *g, llb_val a, llb_val b, int zp)
{
    llb_val args[] = {a, b}, words = llb_intrinsic(g, width(a)->packssdw, NULL, 0, args, 2);
    llb_type t = LLVMTypeOf(words);
    llb_val sum[] = {words, llb_i16s(g, zp, llb_lanes(words))};
    return zp ? llb_intrinsic(g, "llvm.sadd.sat", &t, 1, sum, 2) : words;
}

llb_val qcg_x86_narrow_bytes(qcg *g, llb_val a, llb_val b, bool to_unsigned)
{
    unsigned lanes = llb_lanes(a);
    const qcg_x86 *x = lanes == 32 ? &qcg_x86_512 : lanes == 16 ? &qcg_x86_256 : &qcg_x86_128;
    llb_val args[] = {a, b};
    return llb_intrinsic(g, to_unsigned ? x->packuswb : x->packsswb, NULL, 0, args, 2);
}
