/* Packed integers and rows of quantized constants: see codes.h. */
#include "kernels/codes.h"

#include "kernels/element.h"
#include "kernels/lanes.h"
#include "qir/layout.h"
#include "qir/qmath.h"

enum { WIDTH = 32, ALIGN = 64 };

/* --- packed integers -------------------------------------------------------------------------- */

/* Bytes of two fields each: a byte for every field, the low one first. */
static llb_val split(qcg *g, llb_val v, unsigned bits)
{
    unsigned n = llb_lanes(v);
    llb_val low = LLVMBuildAnd(g->b, v, llb_i8s(g, (1 << bits) - 1, n), "");
    return llb_interleave(g, low, LLVMBuildLShr(g->b, v, llb_i8s(g, (int)bits, n), ""));
}

/* Fields of `bits` bits as the signed numbers they are. */
static llb_val signed_fields(qcg *g, llb_val v, unsigned bits)
{
    llb_val sign = llb_i8s(g, 1 << (bits - 1), llb_lanes(v));
    return LLVMBuildSub(g->b, LLVMBuildXor(g->b, v, sign, ""), sign, "");
}

llb_val qcg_codes_load(qcg *g, qir_dtype t, llb_val ptr, llb_val j, unsigned n)
{
    unsigned bits = qir_dtype_bits(t), per_byte = 8 / bits, bytes = n < per_byte ? 1 : n / per_byte;
    llb_val at = LLVMBuildUDiv(g->b, j, llb_i64(g, per_byte), "");
    llb_val v = llb_load(g, llb_vec(llb_int(g, 8), bytes), llb_offset(g, ptr, at), 1);
    for (unsigned have = 8; have > bits; have /= 2)
        v = split(g, v, have / 2);
    if (n < per_byte)
        v = llb_slice(g, v, (unsigned)LLVMConstIntGetZExtValue(j) % per_byte, n);
    return bits < 8 && qir_dtype_is_signed(t) ? signed_fields(g, v, bits) : v;
}

/* --- constants -------------------------------------------------------------------------------- */

static llb_val packed_rows(qcg *g, const qir_type *t, const qir_code_rows *r, const void *data)
{
    size_t bytes = r->row_bytes * (size_t)r->rows;
    void *codes = qir_arena_alloc(g->arena, bytes);
    qir_code_rows_pack(r, t, data, codes);
    return qcg_const(g, codes, bytes, ALIGN);
}

static uint16_t shortened(qir_dtype t, float v)
{
    return t == QIR_bf16 ? qir_f32_to_bf16(v) : qir_f32_to_f16(v);
}

static bool holds(qir_dtype t, const float *scale, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h = shortened(t, scale[i]);
        if ((t == QIR_bf16 ? qir_bf16_to_f32(h) : qir_f16_to_f32(h)) != scale[i])
            return false;
    }
    return true;
}

llb_val qcg_stored_scales(qcg *g, const float *scale, size_t n, qir_dtype *type)
{
    *type = holds(QIR_bf16, scale, n) ? QIR_bf16 : holds(QIR_f16, scale, n) ? QIR_f16 : QIR_f32;
    if (*type == QIR_f32)
        return qcg_const(g, scale, n * sizeof *scale, ALIGN);
    uint16_t *v = QIR_NEW_ARRAY(g->arena, uint16_t, n);
    for (size_t i = 0; i < n; i++)
        v[i] = shortened(*type, scale[i]);
    return qcg_const(g, v, n * sizeof *v, ALIGN);
}

/* A byte each. */
static llb_val stored_zero_points(qcg *g, const qir_quant *q)
{
    bool any = false;
    uint8_t *v = QIR_NEW_ARRAY(g->arena, uint8_t, q->count);
    for (size_t i = 0; i < q->count; i++) {
        v[i] = (uint8_t)q->zero_point[i];
        any |= v[i] != 0;
    }
    return any ? qcg_const(g, v, q->count, ALIGN) : NULL;
}

bool qcg_codes_get(qcg *g, unsigned i, qcg_codes *c)
{
    qir_value *v = qir_op_operand(g->op, i);
    qir_const *source = qir_value_const(qir_value_root(v));
    *c = (qcg_codes){.type = v->type};
    if (!source || !qir_code_rows_get(v->type, &c->rows))
        return qir_error(qir_context_diag(g->qir->ctx), g->op->loc, "codegen.codes",
                         "quantized operand %u of '%s' with real results must be a constant with "
                         "parameters along rows, got %s",
                         i, qir_op_name(g->op), qir_type_text(g->qir->ctx, v->type));
    c->data = packed_rows(g, v->type, &c->rows, qir_const_data(source));
    const qir_quant *q = v->type->quant;
    c->scale = qcg_stored_scales(g, q->scale, q->count, &c->scale_type);
    c->zp = stored_zero_points(g, q);
    return true;
}

/* --- a row ------------------------------------------------------------------------------------ */

typedef struct segment {
    qir_dtype type;
    llb_val codes, to;
    llb_val scale, zp; /* WIDTH lanes; zp may be NULL */
} segment;

static llb_val as_float(qcg *g, qir_dtype t, llb_val v)
{
    llb_type wide = llb_vec(llb_int(g, 32), llb_lanes(v));
    v = qir_dtype_is_signed(t) ? LLVMBuildSExt(g->b, v, wide, "") : LLVMBuildZExt(g->b, v, wide, "");
    return LLVMBuildSIToFP(g->b, v, llb_vec(llb_float(g), llb_lanes(v)), "");
}

static void dequantize_lanes(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const segment *s = ctx;
    llb_val v = as_float(g, s->type, qcg_codes_load(g, s->type, s->codes, j, n));
    if (s->zp)
        v = LLVMBuildFSub(g->b, v, llb_slice(g, s->zp, 0, n), "");
    qcg_lanes_store(g, LLVMBuildFMul(g->b, v, llb_slice(g, s->scale, 0, n), ""), s->to, j);
}

static void zero_lanes(qcg *g, void *ctx, llb_val j, unsigned n)
{
    qcg_lanes_store(g, llb_f32s(g, 0.0f, n), *(llb_val *)ctx, j);
}

/* Segment `at` of the row's codes, whose parameters are entry `param`. */
static void dequantize_segment(qcg *g, const qcg_codes *c, llb_val codes, llb_val at, llb_val param,
                               llb_val to)
{
    qir_dtype t = c->type->dtype;
    int64_t scale_bytes = (int64_t)qir_dtype_bytes(c->scale_type);
    segment s = {.type = t,
                 .codes = llb_index(g, codes, at, (int64_t)c->rows.segment_bytes),
                 .to = llb_index(g, to, at, c->rows.segment * 4)};
    s.scale = qcg_load_elements(g, c->scale_type, llb_index(g, c->scale, param, scale_bytes), 1,
                                false);
    s.scale = llb_splat(g, s.scale, WIDTH);
    if (c->zp) {
        s.zp = llb_load(g, llb_int(g, 8), llb_index(g, c->zp, param, 1), 1);
        s.zp = llb_splat(g, as_float(g, t, s.zp), WIDTH);
    }
    qcg_lanes_each(g, c->rows.segment, WIDTH, dequantize_lanes, &s);
}

void qcg_codes_row(qcg *g, const qcg_codes *c, llb_val row, llb_val to, int64_t stride)
{
    const qir_code_rows *r = &c->rows;
    llb_val codes = llb_index(g, c->data, row, (int64_t)r->row_bytes);
    llb_val params = r->params ? llb_mul_const(g, row, r->params) : llb_i64(g, 0);
    llb_loop taps, segments;
    llb_begin(g, &taps, 0, r->taps, 1);
    llb_begin(g, &segments, 0, r->segments, 1);
    llb_val at = llb_add(g, llb_mul_const(g, taps.iv, r->segments), segments.iv);
    dequantize_segment(g, c, codes, at, llb_add(g, params, segments.iv), to);
    llb_end(g, &segments);
    llb_end(g, &taps);
    to = llb_at(g, to, r->k * 4);
    qcg_lanes_each(g, stride - r->k, WIDTH, zero_lanes, &to);
}
