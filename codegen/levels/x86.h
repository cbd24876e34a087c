/* What the x86-64 levels share: instructions by the width of a vector, and the steps that consist of them.
 * Vectors of a machine may be several of these wide: they are cut and joined, which costs nothing. */
#ifndef QIR_CODEGEN_LEVELS_X86_H
#define QIR_CODEGEN_LEVELS_X86_H

#include "machine.h"

/* LLVM intrinsics; NULL: a level of that width without them is not known. */
typedef struct qcg_x86 {
    unsigned lanes; /* of i32 */
    const char *madd, *packssdw, *packsswb, *packuswb;
    const char *dpbusd, *dpwssd;
} qcg_x86;

extern const qcg_x86 qcg_x86_128, qcg_x86_256, qcg_x86_512;

/* acc + products of i16 pairs: pmaddwd and an addition, or vpdpwssd. */
llb_val qcg_x86_madd(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w);
llb_val qcg_x86_dpwssd(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w);
/* acc + products of sums: those of the first halves of a and w by those of the others. */
llb_val qcg_x86_madd_sums(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w);
/* acc + products of four u8 of `a` and four i8 of `w`; wraps, as sums of i32 do. */
llb_val qcg_x86_dpbusd(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w);

/* Two taps of a vector of channels, interleaved channel by channel, as the operand of a product of pairs;
 * x1 NULL: 0. */
llb_val qcg_x86_interleave(qcg *g, llb_val x0, llb_val x1);

/* qcg_machine.rne and .narrow (both saturate). */
llb_val qcg_x86_rne_256(qcg *g, llb_val v);
llb_val qcg_x86_narrow(qcg *g, const qcg_x86 *x, const llb_val *v, unsigned n, int zp,
                       bool to_unsigned);

/* The packs of narrow: two or four vectors (the first two again, if there are no others) as bytes, dword by dword
 * within 128 bits. */
llb_val qcg_x86_pack(qcg *g, const qcg_x86 *x, const llb_val *v, unsigned n, int zp, bool to_unsigned);

/* qcg_machine.sum_bytes, with pmaddwd or vpdpwssd. */
llb_val qcg_x86_sum_bytes_128(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b);
llb_val qcg_x86_sum_bytes_256(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b);
llb_val qcg_x86_sum_bytes_vnni_256(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b);
llb_val qcg_x86_sum_bytes_vnni_512(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b);

/* qcg_machine.lookup */
extern const qcg_lookup qcg_x86_lookup_256, qcg_x86_lookup_512;

/* Machines of columns (qcg_machine.columns). */
llb_val qcg_x86_column_bytes(qcg *g, llb_val acc, llb_val a, llb_val w);
llb_val qcg_x86_column_pairs(qcg *g, llb_val acc, llb_val a, llb_val w);
llb_val qcg_x86_narrow_words(qcg *g, llb_val a, llb_val b, int zp);
llb_val qcg_x86_narrow_bytes(qcg *g, llb_val a, llb_val b, bool to_unsigned);
/* With products of bytes, or of pairs of i16. */
#define QCG_X86_COLUMNS(its_lanes, its_positions, products, bytes)                                 \
    {                                                                                              \
        .lanes = its_lanes,                                                                        \
        .kgroup = (bytes) ? 4 : 2,                                                                 \
        .elem_bytes = (bytes) ? 1 : 2,                                                             \
        .dot = products,                                                                           \
        .positions = its_positions,                                                                \
        .narrow_words = qcg_x86_narrow_words,                                                      \
        .narrow_bytes = qcg_x86_narrow_bytes,                                                      \
        .saturates = true,                                                                         \
        .unsigned_operand = true,                                                                  \
    }

#endif
