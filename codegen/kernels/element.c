/* Elements of every type in registers: see element.h. */
#include "kernels/element.h"

#include "qir/support/assert.h"

static llb_type double_type(qcg *g)
{
    return LLVMDoubleTypeInContext(g->llvm);
}

qcg_lane qcg_lane_of(qir_dtype t)
{
    if (qir_dtype_is_float(t))
        return t == QIR_f64 ? QCG_F64 : QCG_F32;
    return qir_dtype_bits(t) == 64 ? QCG_I64 : QCG_I32;
}

llb_type qcg_lane_type(qcg *g, qcg_lane lane, unsigned n)
{
    switch (lane) {
    case QCG_F32: return llb_vec(llb_float(g), n);
    case QCG_F64: return llb_vec(double_type(g), n);
    case QCG_I32: return llb_vec(llb_int(g, 32), n);
    case QCG_I64: return llb_vec(llb_int(g, 64), n);
    }
    QIR_UNREACHABLE("kind of lane");
}

llb_val qcg_lane_const(qcg *g, qcg_lane lane, double v, unsigned n)
{
    llb_type t = qcg_lane_type(g, lane, 1);
    if (lane == QCG_F32 || lane == QCG_F64)
        return llb_splat(g, LLVMConstReal(t, v), n);
    return llb_splat(g, LLVMConstInt(t, (unsigned long long)(int64_t)v, 1), n);
}

llb_type qcg_storage(qcg *g, qir_dtype t)
{
    if (t == QIR_f32)
        return llb_float(g);
    if (t == QIR_f64)
        return double_type(g);
    return llb_int(g, 8 * (unsigned)qir_dtype_bytes(t));
}

/* --- f16 and bf16: the steps of ir/half.c ------------------------------------------------------- */

static llb_val i32s_like(qcg *g, llb_val v, int32_t c)
{
    return llb_i32s(g, c, llb_lanes(v));
}

static llb_val float_of_bits(qcg *g, llb_val bits)
{
    return LLVMBuildBitCast(g->b, bits, llb_vec(llb_float(g), llb_lanes(bits)), "");
}

static llb_val bits_of_float(qcg *g, llb_val v)
{
    return LLVMBuildBitCast(g->b, v, llb_vec(llb_int(g, 32), llb_lanes(v)), "");
}

static llb_val and_const(qcg *g, llb_val v, int32_t mask)
{
    return LLVMBuildAnd(g->b, v, i32s_like(g, v, mask), "");
}

static llb_val or_const(qcg *g, llb_val v, int32_t bits)
{
    return LLVMBuildOr(g->b, v, i32s_like(g, v, bits), "");
}

static llb_val shift_left(qcg *g, llb_val v, int by)
{
    return LLVMBuildShl(g->b, v, i32s_like(g, v, by), "");
}

static llb_val shift_right(qcg *g, llb_val v, int by)
{
    return LLVMBuildLShr(g->b, v, i32s_like(g, v, by), "");
}

/* `yes` where v >= limit (both below 2^31). */
static llb_val from(qcg *g, llb_val v, int32_t limit, llb_val yes, llb_val no)
{
    llb_val above = LLVMBuildICmp(g->b, LLVMIntSGE, v, i32s_like(g, v, limit), "");
    return LLVMBuildSelect(g->b, above, yes, no, "");
}

static llb_val f32_of_f16(qcg *g, llb_val h)
{
    llb_val sign = shift_left(g, and_const(g, h, 0x8000), 16), magnitude = and_const(g, h, 0x7fff);
    llb_val wide = shift_left(g, magnitude, 13);
    llb_val special = or_const(g, and_const(g, wide, 0x7fffff), 0x7f800000);
    llb_val normal = llb_add(g, wide, i32s_like(g, h, 112 << 23));
    llb_val units = LLVMBuildSIToFP(g->b, magnitude, llb_vec(llb_float(g), llb_lanes(h)), "");
    llb_val small = LLVMBuildFMul(g->b, units, llb_f32s(g, 0x1p-24f, llb_lanes(h)), "");
    llb_val v = from(g, magnitude, 0x400, normal, bits_of_float(g, small));
    v = from(g, magnitude, 0x7c00, special, v);
    return float_of_bits(g, LLVMBuildOr(g->b, v, sign, ""));
}

/* u >> n, rounded to nearest, ties to even. */
static llb_val shift_rne(qcg *g, llb_val u, int n)
{
    llb_val odd = and_const(g, shift_right(g, u, n), 1);
    u = llb_add(g, llb_add(g, u, odd), i32s_like(g, u, (1 << (n - 1)) - 1));
    return shift_right(g, u, n);
}

static llb_val f16_of_f32(qcg *g, llb_val f)
{
    llb_val u = bits_of_float(g, f), magnitude = and_const(g, u, 0x7fffffff);
    llb_val nan = or_const(g, and_const(g, shift_right(g, magnitude, 13), 0x3ff), 0x7e00);
    llb_val normal = shift_rne(g, LLVMBuildSub(g->b, magnitude, i32s_like(g, u, 112 << 23), ""), 13);
    /* below 2^-14: adding 1/2 rounds to multiples of 2^-24 and leaves their number in the bits */
    llb_val sum = LLVMBuildFAdd(g->b, float_of_bits(g, magnitude),
                                llb_f32s(g, 0.5f, llb_lanes(f)), "");
    llb_val small = LLVMBuildSub(g->b, bits_of_float(g, sum), i32s_like(g, u, 0x3f000000), "");
    llb_val v = from(g, magnitude, 0x38800000, normal, small);
    v = from(g, magnitude, 0x47800000, i32s_like(g, u, 0x7c00), v);
    v = from(g, magnitude, 0x7f800001, nan, v);
    return LLVMBuildOr(g->b, v, and_const(g, shift_right(g, u, 16), 0x8000), "");
}

static llb_val bf16_of_f32(qcg *g, llb_val f)
{
    llb_val u = bits_of_float(g, f);
    llb_val nan = or_const(g, shift_right(g, u, 16), 0x40);
    return from(g, and_const(g, u, 0x7fffffff), 0x7f800001, nan, shift_rne(g, u, 16));
}

/* --- loading and storing ------------------------------------------------------------------------ */

static bool is_half(qir_dtype t)
{
    return t == QIR_f16 || t == QIR_bf16;
}

/* Stored elements in the lanes of their type. */
static llb_val widened(qcg *g, qir_dtype t, llb_val v)
{
    llb_type wide = llb_vec(llb_int(g, 32), llb_lanes(v));
    if (is_half(t)) {
        v = LLVMBuildZExt(g->b, v, wide, "");
        return t == QIR_f16 ? f32_of_f16(g, v) : float_of_bits(g, shift_left(g, v, 16));
    }
    if (qir_dtype_is_float(t) || qir_dtype_bits(t) >= 32)
        return v;
    return qir_dtype_is_signed(t) ? LLVMBuildSExt(g->b, v, wide, "")
                                  : LLVMBuildZExt(g->b, v, wide, "");
}

llb_val qcg_load_elements(qcg *g, qir_dtype t, llb_val ptr, unsigned n, bool splat)
{
    llb_type stored = llb_vec(qcg_storage(g, t), splat ? 1 : n);
    llb_val v = widened(g, t, llb_load(g, stored, ptr, (unsigned)qir_dtype_bytes(t)));
    return splat ? llb_splat(g, v, n) : v;
}

/* Integer lanes to the value that the type keeps, still in the same lanes. */
static llb_val wrapped(qcg *g, qir_dtype t, llb_val v)
{
    llb_type lanes = LLVMTypeOf(v);
    unsigned bits = qir_dtype_bits(t);
    if (t == QIR_i1)
        return LLVMBuildZExt(g->b, LLVMBuildICmp(g->b, LLVMIntNE, v, LLVMConstNull(lanes), ""), lanes,
                             "");
    if (bits >= 8)
        return v;
    llb_type narrow = llb_vec(llb_int(g, bits), llb_lanes(v));
    v = LLVMBuildTrunc(g->b, v, narrow, "");
    return qir_dtype_is_signed(t) ? LLVMBuildSExt(g->b, v, lanes, "")
                                  : LLVMBuildZExt(g->b, v, lanes, "");
}

static llb_val float_to_storage(qcg *g, qir_dtype t, llb_val v)
{
    llb_type real = LLVMTypeOf(v), scalar = real;
    if (LLVMGetTypeKind(real) == LLVMVectorTypeKind)
        scalar = LLVMGetElementType(real);
    bool is_double = LLVMGetTypeKind(scalar) == LLVMDoubleTypeKind;
    if (t == QIR_f64)
        return is_double ? v : LLVMBuildFPExt(g->b, v, qcg_lane_type(g, QCG_F64, llb_lanes(v)), "");
    if (is_double)
        v = LLVMBuildFPTrunc(g->b, v, qcg_lane_type(g, QCG_F32, llb_lanes(v)), "");
    return t == QIR_f16 ? f16_of_f32(g, v) : t == QIR_bf16 ? bf16_of_f32(g, v) : v;
}

void qcg_store_elements(qcg *g, qir_dtype t, llb_val v, llb_val ptr)
{
    llb_type stored = llb_vec(qcg_storage(g, t), llb_lanes(v));
    v = qir_dtype_is_float(t) ? float_to_storage(g, t, v) : wrapped(g, t, v);
    if (LLVMTypeOf(v) != stored)
        v = LLVMBuildIntCast2(g->b, v, stored, 1, "");
    llb_store(g, v, ptr, (unsigned)qir_dtype_bytes(t));
}

/* --- conversions -------------------------------------------------------------------------------- */

/* One lane: vectors of 64-bit integers are converted by way of f64 on some targets, which rounds
 * twice. */
static llb_val f32_of_signed(qcg *g, llb_val v)
{
    return LLVMBuildSIToFP(g->b, v, llb_float(g), "");
}

static llb_val f32_of_unsigned(qcg *g, llb_val v)
{
    return LLVMBuildUIToFP(g->b, v, llb_float(g), "");
}

static llb_val int_to_float(qcg *g, qir_dtype t, llb_val v, qcg_lane lane)
{
    llb_type real = qcg_lane_type(g, lane, llb_lanes(v));
    bool is_unsigned = t == QIR_u32 || t == QIR_u64;
    if (lane == QCG_F32 && (t == QIR_u32 || qcg_lane_of(t) == QCG_I64))
        return llb_by_width(g, v, 1, is_unsigned ? f32_of_unsigned : f32_of_signed);
    return is_unsigned ? LLVMBuildUIToFP(g->b, v, real, "") : LLVMBuildSIToFP(g->b, v, real, "");
}

llb_val qcg_to_lane(qcg *g, qir_dtype t, llb_val v, qcg_lane lane)
{
    llb_type to = qcg_lane_type(g, lane, llb_lanes(v));
    if (LLVMTypeOf(v) == to)
        return v;
    if (!qir_dtype_is_float(t))
        return lane == QCG_F32 || lane == QCG_F64
                   ? int_to_float(g, t, v, lane)
                   : LLVMBuildIntCast2(g->b, v, to, t != QIR_u32, "");
    return lane == QCG_F64 ? LLVMBuildFPExt(g->b, v, to, "") : LLVMBuildFPTrunc(g->b, v, to, "");
}

/* What is 2^63 and more is less 2^63 as i64, with the top bit set.  (The instruction that AVX-512 has for
 * all of u64 is one that the emulator of tests gets wrong.) */
static llb_val f64_to_u64(qcg *g, llb_val v)
{
    unsigned n = llb_lanes(v);
    llb_type reals = LLVMTypeOf(v), types[] = {qcg_lane_type(g, QCG_I64, n), reals};
    llb_val half = llb_splat(g, LLVMConstReal(double_type(g), 0x1p63), n);
    llb_val large = LLVMBuildFCmp(g->b, LLVMRealOGE, v, half, "");
    llb_val rest = LLVMBuildSelect(g->b, large, LLVMBuildFSub(g->b, v, half, ""), v, "");
    llb_val low = llb_intrinsic(g, "llvm.fptosi.sat", types, 2, &rest, 1);
    low = llb_smax(g, low, LLVMConstNull(types[0]));
    llb_val top = llb_splat(g, llb_i64(g, INT64_MIN), n);
    return LLVMBuildSelect(g->b, large, LLVMBuildOr(g->b, low, top, ""), low, "");
}

llb_val qcg_float_to_int(qcg *g, llb_val v, qir_dtype to)
{
    unsigned n = llb_lanes(v), bits = qir_dtype_bits(to);
    if (to == QIR_u64 && LLVMTypeOf(v) == qcg_lane_type(g, QCG_F64, n))
        return f64_to_u64(g, v);
    if (to == QIR_i1) {
        llb_val zero = LLVMConstNull(LLVMTypeOf(v));
        return LLVMBuildZExt(g->b, LLVMBuildFCmp(g->b, LLVMRealUNE, v, zero, ""),
                             qcg_lane_type(g, QCG_I32, n), "");
    }
    bool full = bits >= 32, is_signed = qir_dtype_is_signed(to) || !full;
    llb_type types[] = {qcg_lane_type(g, qcg_lane_of(to), n), LLVMTypeOf(v)};
    v = llb_intrinsic(g, is_signed ? "llvm.fptosi.sat" : "llvm.fptoui.sat", types, 2, &v, 1);
    return full ? v
                : llb_clamp_i32(g, v, (int32_t)qir_dtype_min(to), (int32_t)qir_dtype_max(to));
}
