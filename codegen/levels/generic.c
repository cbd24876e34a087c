/* Level `generic`: plain LLVM vectors, any triple.  Eight i32 lanes whatever the register width;
 * LLVM splits them. */
#include "machine.h"

/* The operands are widened before the product: LLVM has a widening multiply for that wherever the
 * target has one. */
llb_val qcg_generic_dot(qcg *g, llb_val acc, llb_val a, llb_val w)
{
    llb_type t = LLVMTypeOf(acc);
    llb_val x = LLVMBuildSExt(g->b, a, t, ""), y = LLVMBuildSExt(g->b, w, t, "");
    return llb_add(g, acc, LLVMBuildMul(g->b, x, y, ""));
}

llb_val qcg_group_load(qcg *g, llb_val ptr, unsigned lanes, unsigned kgroup, unsigned elem_bytes)
{
    unsigned bits = 8 * elem_bytes * kgroup;
    llb_val v = llb_splat(g, llb_load(g, llb_int(g, bits), ptr, elem_bytes), lanes);
    return LLVMBuildBitCast(g->b, v, llb_vec(llb_int(g, 8 * elem_bytes), lanes * kgroup), "");
}

llb_val qcg_generic_group(qcg *g, llb_val ptr)
{
    return qcg_group_load(g, ptr, 8, 1, 2);
}

llb_val qcg_generic_pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w)
{
    (void)x1;
    return qcg_generic_dot(g, acc, x0, w);
}

/* Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum. */
llb_val qcg_generic_rne(qcg *g, llb_val v)
{
    unsigned n = llb_lanes(v);
    llb_val sum = LLVMBuildFAdd(g->b, v, llb_f32s(g, 12582912.0f, n), "");
    llb_val bits = LLVMBuildBitCast(g->b, sum, llb_vec(llb_int(g, 32), n), "");
    return LLVMBuildSub(g->b, bits, llb_i32s(g, 0x4b400000, n), "");
}

llb_val qcg_generic_narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned)
{
    (void)to_unsigned; /* bounded before */
    llb_val all = llb_concat_all(g, v, n);
    unsigned lanes = llb_lanes(all);
    if (zp)
        all = llb_add(g, all, llb_i32s(g, zp, lanes));
    return LLVMBuildTrunc(g->b, all, llb_vec(llb_int(g, 8), lanes), "");
}

llb_val qcg_byte_table_row(qcg *g, const qcg_lookup *l, const qcg_byte_table *t, unsigned i)
{
    return t->at ? llb_load(g, llb_vec(llb_int(g, 8), l->row_bytes), llb_at(g, t->at, i * l->row_bytes), l->row_bytes)
                 : t->row[i];
}

static const qcg_tile tiles[] = {{2, 2}, {3, 1}, {2, 1}, {1, 2}, {1, 1}, {0, 0}};

/* With as many float sums beside them. */
static const qcg_tile section_tiles[] = {{2, 1}, {1, 1}, {0, 0}};

const qcg_machine qcg_machine_generic = {
    .lanes = 8,
    .kgroup = 1,
    .elem_bytes = 2,
    .registers = 16,
    .tiles = tiles,
    .section_tiles = section_tiles,
    .dot = qcg_generic_dot,
    .group = qcg_generic_group,
    .pair = qcg_generic_pair,
    .positions = 4,
    .rne = qcg_generic_rne,
    .narrow = qcg_generic_narrow,
    .wide = &qcg_machine_generic,
};

const qcg_machine *qcg_machine_get(qir_level level)
{
    static const qcg_machine *const machines[] = {
#define ARCH(name, prefix, triple)
#define LEVEL(name, arch, feat, cpu, vb, act, gemm, wide, dw, fgemm, fdw, low, base, doc) &qcg_machine_##name,
#include "targets.def"
#undef ARCH
#undef LEVEL
    };
    return machines[level];
}

const qcg_machine *qcg_machine_of(const qcg_machine *m, qir_packing packing)
{
    const qir_packing_info *info = qir_packing_get(packing);
    if ((size_t)info->bits < 8 * qir_dtype_bytes(info->elem) && m->low)
        m = m->low;
    return m->elem_bytes == qir_dtype_bytes(info->elem) ? m : m->wide;
}
