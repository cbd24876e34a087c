/* Helpers over the LLVM C API but for control flow (llb_control.c): see llb.h. */
#include "llb.h"

#include <string.h>
#include "qir/support/arena.h"
#include "qir/support/assert.h"

llb_type llb_int(qcg *g, unsigned bits)
{
    return LLVMIntTypeInContext(g->llvm, bits);
}

llb_type llb_float(qcg *g)
{
    return LLVMFloatTypeInContext(g->llvm);
}

llb_type llb_vec(llb_type elem, unsigned n)
{
    return n == 1 ? elem : LLVMVectorType(elem, n);
}

unsigned llb_lanes(llb_val v)
{
    llb_type t = LLVMTypeOf(v);
    return LLVMGetTypeKind(t) == LLVMVectorTypeKind ? LLVMGetVectorSize(t) : 1;
}

llb_val llb_i64(qcg *g, int64_t v)
{
    return LLVMConstInt(llb_int(g, 64), (unsigned long long)v, 1);
}

static llb_val const_splat(qcg *g, llb_val c, unsigned n)
{
    if (n == 1)
        return c;
    llb_val *all = QIR_NEW_ARRAY(g->arena, llb_val, n);
    for (unsigned i = 0; i < n; i++)
        all[i] = c;
    return LLVMConstVector(all, n);
}

llb_val llb_i32s(qcg *g, int32_t v, unsigned n)
{
    return const_splat(g, LLVMConstInt(llb_int(g, 32), (unsigned long long)v, 1), n);
}

llb_val llb_i16s(qcg *g, int v, unsigned n)
{
    return const_splat(g, LLVMConstInt(llb_int(g, 16), (unsigned long long)v, 1), n);
}

llb_val llb_i8s(qcg *g, int v, unsigned n)
{
    return const_splat(g, LLVMConstInt(llb_int(g, 8), (unsigned long long)v, 1), n);
}

llb_val llb_f32s(qcg *g, float v, unsigned n)
{
    /* through the bits: ConstReal would quieten nothing, but takes a double */
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    llb_val c = LLVMConstBitCast(LLVMConstInt(llb_int(g, 32), bits, 0), llb_float(g));
    return const_splat(g, c, n);
}

static llb_val shuffle(qcg *g, llb_val a, llb_val b, const int *index, unsigned n)
{
    llb_val *mask = QIR_NEW_ARRAY(g->arena, llb_val, n);
    llb_type i32 = llb_int(g, 32);
    for (unsigned i = 0; i < n; i++)
        mask[i] = index[i] < 0 ? LLVMGetPoison(i32) : LLVMConstInt(i32, (unsigned)index[i], 0);
    return LLVMBuildShuffleVector(g->b, a, b, LLVMConstVector(mask, n), "");
}

llb_val llb_splat(qcg *g, llb_val scalar, unsigned n)
{
    if (n == 1)
        return scalar;
    llb_type t = llb_vec(LLVMTypeOf(scalar), n);
    llb_val v = LLVMBuildInsertElement(g->b, LLVMGetPoison(t), scalar, llb_i64(g, 0), "");
    int *zeros = QIR_NEW_ARRAY(g->arena, int, n);
    return shuffle(g, v, LLVMGetPoison(t), zeros, n);
}

/* --- memory ----------------------------------------------------------------------------------- */

llb_val llb_offset(qcg *g, llb_val ptr, llb_val bytes)
{
    return LLVMBuildGEP2(g->b, llb_int(g, 8), ptr, &bytes, 1, "");
}

llb_val llb_at(qcg *g, llb_val ptr, int64_t bytes)
{
    return bytes ? llb_offset(g, ptr, llb_i64(g, bytes)) : ptr;
}

llb_val llb_index(qcg *g, llb_val ptr, llb_val index, int64_t bytes)
{
    return bytes ? llb_offset(g, ptr, llb_mul_const(g, index, bytes)) : ptr;
}

llb_val llb_load(qcg *g, llb_type t, llb_val ptr, unsigned align)
{
    llb_val v = LLVMBuildLoad2(g->b, t, ptr, "");
    LLVMSetAlignment(v, align);
    return v;
}

void llb_store(qcg *g, llb_val v, llb_val ptr, unsigned align)
{
    LLVMSetAlignment(LLVMBuildStore(g->b, v, ptr), align);
}

/* --- arithmetic ------------------------------------------------------------------------------- */

llb_val llb_add(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildAdd(g->b, a, b, "");
}

llb_val llb_sub(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildSub(g->b, a, b, "");
}

llb_val llb_mul_const(qcg *g, llb_val a, int64_t c)
{
    return c == 1 ? a : LLVMBuildMul(g->b, a, llb_i64(g, c), "");
}

static llb_val icmp_select(qcg *g, LLVMIntPredicate p, llb_val a, llb_val b)
{
    return LLVMBuildSelect(g->b, LLVMBuildICmp(g->b, p, a, b, ""), a, b, "");
}

llb_val llb_smin(qcg *g, llb_val a, llb_val b)
{
    return icmp_select(g, LLVMIntSLT, a, b);
}

llb_val llb_smax(qcg *g, llb_val a, llb_val b)
{
    return icmp_select(g, LLVMIntSGT, a, b);
}

llb_val llb_umin(qcg *g, llb_val a, llb_val b)
{
    return icmp_select(g, LLVMIntULT, a, b);
}

llb_val llb_umax(qcg *g, llb_val a, llb_val b)
{
    return icmp_select(g, LLVMIntUGT, a, b);
}

static llb_val fcmp_select(qcg *g, LLVMRealPredicate p, llb_val a, llb_val b)
{
    return LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, p, a, b, ""), a, b, "");
}

llb_val llb_fmin(qcg *g, llb_val a, llb_val b)
{
    return fcmp_select(g, LLVMRealOLT, a, b);
}

llb_val llb_fmax(qcg *g, llb_val a, llb_val b)
{
    return fcmp_select(g, LLVMRealOGT, a, b);
}

/* Written as max(lo, .), min(hi, .) with the bound on the left, so that NaN and equal values keep
 * v, as the two comparisons of the specification do. */
llb_val llb_clamp_f32(qcg *g, llb_val v, float lo, float hi)
{
    unsigned n = llb_lanes(v);
    return llb_fmin(g, llb_f32s(g, hi, n), llb_fmax(g, llb_f32s(g, lo, n), v));
}

llb_val llb_clamp_i32(qcg *g, llb_val v, int32_t lo, int32_t hi)
{
    unsigned n = llb_lanes(v);
    return llb_smin(g, llb_smax(g, v, llb_i32s(g, lo, n)), llb_i32s(g, hi, n));
}

/* --- lanes ------------------------------------------------------------------------------------ */

llb_val llb_slice(qcg *g, llb_val v, unsigned first, unsigned n)
{
    unsigned have = llb_lanes(v);
    if (first == 0 && n == have)
        return v;
    if (have == 1) { /* a scalar widened to a vector */
        llb_val u = LLVMGetPoison(llb_vec(LLVMTypeOf(v), n));
        return LLVMBuildInsertElement(g->b, u, v, llb_i64(g, 0), "");
    }
    if (n == 1)
        return LLVMBuildExtractElement(g->b, v, llb_i64(g, first), "");
    int *index = QIR_NEW_ARRAY(g->arena, int, n);
    for (unsigned i = 0; i < n; i++)
        index[i] = first + i < have ? (int)(first + i) : -1;
    return shuffle(g, v, LLVMGetPoison(LLVMTypeOf(v)), index, n);
}

llb_val llb_concat(qcg *g, llb_val a, llb_val b)
{
    unsigned n = llb_lanes(a);
    if (n == 1) {
        llb_val v = LLVMBuildInsertElement(g->b, LLVMGetPoison(llb_vec(LLVMTypeOf(a), 2)), a,
                                           llb_i64(g, 0), "");
        return LLVMBuildInsertElement(g->b, v, b, llb_i64(g, 1), "");
    }
    int *index = QIR_NEW_ARRAY(g->arena, int, (size_t)n * 2);
    for (unsigned i = 0; i < 2 * n; i++)
        index[i] = (int)i;
    return shuffle(g, a, b, index, 2 * n);
}

llb_val llb_interleave(qcg *g, llb_val a, llb_val b)
{
    unsigned n = llb_lanes(a);
    if (n == 1)
        return llb_concat(g, a, b);
    int *index = QIR_NEW_ARRAY(g->arena, int, (size_t)n * 2);
    for (unsigned i = 0; i < 2 * n; i++)
        index[i] = (int)(i / 2 + i % 2 * n);
    return shuffle(g, a, b, index, 2 * n);
}

llb_val llb_concat_all(qcg *g, const llb_val *v, unsigned n)
{
    if (n == 1)
        return v[0];
    return llb_concat(g, llb_concat_all(g, v, n / 2), llb_concat_all(g, v + n / 2, n / 2));
}

llb_val llb_tree_fadd(qcg *g, llb_val v)
{
    for (unsigned n = llb_lanes(v); n > 1; n /= 2)
        v = LLVMBuildFAdd(g->b, llb_slice(g, v, 0, n / 2), llb_slice(g, v, n / 2, n / 2), "");
    return v;
}

llb_val llb_total(qcg *g, llb_val v)
{
    llb_type t = LLVMTypeOf(v);
    bool lanes = LLVMGetTypeKind(t) == LLVMVectorTypeKind;
    return lanes ? llb_intrinsic(g, "llvm.vector.reduce.add", &t, 1, &v, 1) : v;
}

llb_val llb_hide(qcg *g, llb_val v)
{
    static const char same[] = "=r,0";
    llb_type t = LLVMTypeOf(v), type = LLVMFunctionType(t, &t, 1, false);
    llb_val nothing = LLVMGetInlineAsm(type, "", 0, same, strlen(same), true, false, LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(g->b, type, nothing, &v, 1, "");
}

void llb_fence(qcg *g)
{
    static const char memory[] = "~{memory}";
    llb_type type = LLVMFunctionType(LLVMVoidTypeInContext(g->llvm), NULL, 0, false);
    llb_val nothing = LLVMGetInlineAsm(type, "", 0, memory, strlen(memory), true, false,
                                       LLVMInlineAsmDialectATT, false);
    LLVMBuildCall2(g->b, type, nothing, NULL, 0, "");
}

llb_val llb_local(qcg *g, int64_t bytes, unsigned align)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b), entry = LLVMGetEntryBasicBlock(g->fn);
    LLVMValueRef first = LLVMGetFirstInstruction(entry);
    if (first)
        LLVMPositionBuilderBefore(g->b, first);
    llb_val memory = LLVMBuildAlloca(g->b, LLVMArrayType2(llb_int(g, 8), (uint64_t)bytes), "");
    LLVMSetAlignment(memory, align);
    LLVMPositionBuilderAtEnd(g->b, here);
    return llb_hide(g, memory);
}

llb_val llb_intrinsic(qcg *g, const char *name, llb_type *types, unsigned ntypes, llb_val *args,
                      unsigned nargs)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    QIR_ASSERT(id, "unknown LLVM intrinsic");
    llb_val fn = LLVMGetIntrinsicDeclaration(g->module, id, types, ntypes);
    llb_type t = LLVMIntrinsicGetType(g->llvm, id, types, ntypes);
    return LLVMBuildCall2(g->b, t, fn, args, nargs, "");
}

llb_val llb_by_width(qcg *g, llb_val v, unsigned width, llb_val (*fn)(qcg *, llb_val))
{
    unsigned n = llb_lanes(v);
    if (n == width)
        return fn(g, v);
    if (n < width)
        return llb_slice(g, fn(g, llb_slice(g, v, 0, width)), 0, n);
    if (n % 2 == 0 && n / 2 >= width)
        return llb_concat(g, llb_by_width(g, llb_slice(g, v, 0, n / 2), width, fn),
                          llb_by_width(g, llb_slice(g, v, n / 2, n / 2), width, fn));
    unsigned round = 2 * width; /* up to a power-of-two multiple, then cut */
    while (round < n)
        round *= 2;
    return llb_slice(g, llb_by_width(g, llb_slice(g, v, 0, round), width, fn), 0, n);
}

void llb_prefetch(qcg *g, llb_val from, int64_t bytes)
{
    enum { READ = 0, SECOND_LEVEL = 2, DATA = 1, LINE = 64 };
    llb_type pointer = LLVMTypeOf(from);
    for (int64_t i = 0; i < bytes; i += LINE) {
        llb_val args[] = {llb_at(g, from, i), llb_i32s(g, READ, 1), llb_i32s(g, SECOND_LEVEL, 1),
                          llb_i32s(g, DATA, 1)};
        llb_intrinsic(g, "llvm.prefetch", &pointer, 1, args, 4);
    }
}
