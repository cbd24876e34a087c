/* Sums of quantized bytes: see byte_sum.h. */
#include "kernels/byte_sum.h"

#include "kernels/requant.h"

bool qcg_byte_sum_get(const qir_type *a, const qir_type *b, const qir_type *y, bool subtract, int32_t lo,
                      int32_t hi, qcg_byte_sum *s)
{
    const qir_quant *p = a->quant, *q = b->quant;
    *s = (qcg_byte_sum){.zp = y->quant->zero_point[0], .lo = lo, .hi = hi};
    s->unsigned_a = a->dtype == QIR_u8;
    s->unsigned_b = b->dtype == QIR_u8;
    s->to_unsigned = y->dtype == QIR_u8;
    return (subtract ? qir_qsub_params : qir_qadd_params)(p->scale[0], p->zero_point[0], q->scale[0],
                                                          q->zero_point[0], y->quant->scale[0], &s->k);
}

static llb_val term(qcg *g, llb_val v, bool is_unsigned, int32_t factor)
{
    unsigned n = llb_lanes(v);
    llb_type words = llb_vec(llb_int(g, 32), n);
    v = is_unsigned ? LLVMBuildZExt(g->b, v, words, "") : LLVMBuildSExt(g->b, v, words, "");
    return LLVMBuildMul(g->b, v, llb_i32s(g, factor, n), "");
}

/* clamp(((bias + a * ma + b * mb) >> shift) + zp) */
static llb_val in_lanes(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b)
{
    unsigned n = llb_lanes(a);
    llb_val v = llb_add(g, llb_i32s(g, s->k.bias, n), term(g, a, s->unsigned_a, s->k.ma));
    v = llb_add(g, v, term(g, b, s->unsigned_b, s->k.mb));
    v = LLVMBuildAShr(g->b, v, llb_i32s(g, s->k.shift, n), "");
    v = llb_clamp_i32(g, llb_add(g, v, llb_i32s(g, s->zp, n)), s->lo, s->hi);
    return LLVMBuildTrunc(g->b, v, llb_vec(llb_int(g, 8), n), "");
}

/* Of at most one register; what is beyond the end of a and b is lost again. */
static llb_val in_register(qcg *g, const qcg_byte_sum *s, unsigned width, llb_val a, llb_val b)
{
    unsigned n = llb_lanes(a);
    llb_val sum = g->machine->sum_bytes(g, s, llb_slice(g, a, 0, width), llb_slice(g, b, 0, width));
    return qcg_bound_bytes(g, llb_slice(g, sum, 0, n), s->to_unsigned, s->lo, s->hi);
}

llb_val qcg_byte_sum_apply(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b)
{
    enum { FEW = 4 }; /* lanes, of i32 that are as cheap */
    unsigned n = llb_lanes(a), width = qir_level_get(g->level)->vector_bytes, half = n / 2;
    if (!g->machine->sum_bytes || n < FEW)
        return in_lanes(g, s, a, b);
    if (n <= width)
        return in_register(g, s, width, a, b);
    return llb_concat(g, qcg_byte_sum_apply(g, s, llb_slice(g, a, 0, half), llb_slice(g, b, 0, half)),
                      qcg_byte_sum_apply(g, s, llb_slice(g, a, half, half), llb_slice(g, b, half, half)));
}
