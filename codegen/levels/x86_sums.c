/* Sums of quantized bytes (qcg_machine.sum_bytes), a register of each at a time.
 *
 * Factors have 21 bits, products of pairs of i16 take 15: a factor is low + 128 * high, and both values of a
 * pair are multiplied by their low parts, then 128 times the values by the high ones.  Bytes are unpacked
 * within 128 bits and packed there again, so that they stay in order. */
#include "levels/x86.h"

/* acc + products of pairs; `few`: of bytes and factors that are bytes, too */
typedef struct products {
    llb_val (*few)(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w);
    llb_val (*all)(qcg *g, const qcg_x86 *x, llb_val acc, llb_val a, llb_val w);
} products;

/* vpdpwssd with a constant to start from would be taken apart again. */
static const products madd = {qcg_x86_madd, qcg_x86_madd}, vnni = {qcg_x86_dpbusd, qcg_x86_dpwssd};

enum { PART_BYTES = 16, PIECES = 4, DIGIT = 7 };

/* The lower or upper half of every 128 bits of a and b, interleaved byte by byte. */
static llb_val unpack(qcg *g, llb_val a, llb_val b, bool high)
{
    unsigned n = llb_lanes(a);
    llb_val *index = QIR_NEW_ARRAY(g->arena, llb_val, n);
    for (unsigned i = 0; i < n; i++) {
        unsigned at = i / PART_BYTES * PART_BYTES + (high ? PART_BYTES / 2 : 0) + i % PART_BYTES / 2;
        index[i] = llb_i32s(g, (int32_t)(i % 2 ? n + at : at), 1);
    }
    return LLVMBuildShuffleVector(g->b, a, b, LLVMConstVector(index, n), "");
}

/* The factors of a pair in every lane of i32: their low parts, or the high ones. */
static llb_val factors(qcg *g, const qir_qadd *k, unsigned lanes, bool high)
{
    enum { MASK = (1 << DIGIT) - 1, WORD = 0xffff };
    uint32_t a = (uint32_t)(high ? k->ma >> DIGIT : k->ma & MASK);
    uint32_t b = (uint32_t)(high ? k->mb >> DIGIT : k->mb & MASK);
    llb_val both = llb_i32s(g, (int32_t)((a & WORD) | b << 16), lanes);
    return LLVMBuildBitCast(g->b, both, llb_vec(llb_int(g, 16), 2 * lanes), "");
}

/* `pairs`: bytes of one vector's operands, each followed by 0. */
static llb_val weigh(qcg *g, const qcg_x86 *x, const products *p, const qcg_byte_sum *s, int32_t bias, llb_val pairs)
{
    unsigned n = x->lanes;
    llb_type words = llb_vec(llb_int(g, 16), 2 * n);
    pairs = LLVMBuildBitCast(g->b, pairs, words, "");
    llb_val more = LLVMBuildShl(g->b, pairs, llb_i16s(g, DIGIT, 2 * n), "");
    llb_val sum = p->few(g, x, llb_i32s(g, bias, n), pairs, factors(g, &s->k, n, false));
    sum = p->all(g, x, sum, more, factors(g, &s->k, n, true));
    return LLVMBuildAShr(g->b, sum, llb_i32s(g, s->k.shift, n), "");
}

/* As unsigned values, which are 128 more than signed ones; the bias takes that off again. */
static llb_val raise(qcg *g, llb_val v, bool is_unsigned, int32_t factor, int32_t *bias)
{
    if (is_unsigned)
        return v;
    *bias = (int32_t)((uint32_t)*bias + (uint32_t)factor * (uint32_t)INT8_MIN);
    return LLVMBuildXor(g->b, v, llb_i8s(g, INT8_MIN, llb_lanes(v)), "");
}

static llb_val sum_bytes(qcg *g, const qcg_x86 *x, const products *p, const qcg_byte_sum *s, llb_val a, llb_val b)
{
    int32_t bias = s->k.bias;
    llb_val sum[PIECES], zero = LLVMConstNull(LLVMTypeOf(a));
    a = raise(g, a, s->unsigned_a, s->k.ma, &bias);
    b = raise(g, b, s->unsigned_b, s->k.mb, &bias);
    for (unsigned i = 0; i < PIECES; i++)
        sum[i] = weigh(g, x, p, s, bias, unpack(g, unpack(g, a, b, i / 2), zero, i % 2));
    return qcg_x86_pack(g, x, sum, PIECES, s->zp, s->to_unsigned);
}

#define SUM_BYTES(name, x, products)                                                               \
    llb_val qcg_x86_sum_bytes_##name(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b)          \
    {                                                                                              \
        return sum_bytes(g, &(x), &(products), s, a, b);                                           \
    }
SUM_BYTES(128, qcg_x86_128, madd)
SUM_BYTES(256, qcg_x86_256, madd)
SUM_BYTES(vnni_256, qcg_x86_256, vnni)
SUM_BYTES(vnni_512, qcg_x86_512, vnni)
