/* Tables of 256 bytes in registers (qcg_machine.lookup). */
#include "levels/x86.h"

/* --- 256 bits: vpshufb finds one of 16 bytes in every 128 bits, and 0 where the top bit of the index is set. */
/* Each half of the table has 8 rows; index - 16 i, saturated, has its top bit set in rows behind the one that
 * it belongs to.  Rows before that one count as well: rows are differences, whose sum without carry is the byte. */
static llb_val half(qcg *g, const qcg_byte_table *t, unsigned first, llb_val index)
{
    enum { ROWS = 8, ROW = 16 };
    llb_type type = LLVMTypeOf(index);
    llb_val found = NULL;
    for (unsigned i = 0; i < ROWS; i++) {
        llb_val row = qcg_byte_table_row(g, &qcg_x86_lookup_256, t, first + i);
        llb_val args[] = {llb_concat(g, row, row), index};
        llb_val part = llb_intrinsic(g, "llvm.x86.avx2.pshuf.b", NULL, 0, args, 2);
        llb_val less[] = {index, llb_i8s(g, ROW, llb_lanes(index))};
        index = llb_intrinsic(g, "llvm.ssub.sat", &type, 1, less, 2);
        found = found ? LLVMBuildXor(g->b, found, part, "") : part;
    }
    return found;
}

static llb_val by_rows_of_16(qcg *g, const qcg_byte_table *t, llb_val index)
{
    llb_val other = LLVMBuildXor(g->b, index, llb_i8s(g, INT8_MIN, llb_lanes(index)), "");
    return LLVMBuildXor(g->b, half(g, t, 0, index), half(g, t, QCG_TABLE_ROWS / 2, other), "");
}

const qcg_lookup qcg_x86_lookup_256 = {.bytes = 32, .row_bytes = 16, .differences = true, .step = by_rows_of_16};

/* --- 512 bits: vpermi2w finds one of 64 words, which are two bytes of the table -------------------------- */
static llb_val word_of(qcg *g, const qcg_byte_table *t, unsigned first, llb_val index)
{
    enum { WORDS = 32 };
    llb_type words = llb_vec(llb_int(g, 16), WORDS);
    llb_val row[2];
    for (unsigned i = 0; i < 2; i++)
        row[i] = LLVMBuildBitCast(g->b, qcg_byte_table_row(g, &qcg_x86_lookup_512, t, first + i), words, "");
    llb_val args[] = {row[0], index, row[1]};
    return llb_intrinsic(g, "llvm.x86.avx512.vpermi2var.hi.512", NULL, 0, args, 3);
}

static llb_val has_bit(qcg *g, llb_val words, unsigned bit)
{
    llb_val one = LLVMBuildAnd(g->b, words, llb_i16s(g, 1 << bit, llb_lanes(words)), "");
    return LLVMBuildICmp(g->b, LLVMIntNE, one, LLVMConstNull(LLVMTypeOf(one)), "");
}

/* The byte that bits `shift` to `shift + 7` of each word look up, in its low half; above it is anything. */
static llb_val byte_of(qcg *g, const qcg_byte_table *t, llb_val words, unsigned shift)
{
    enum { TOP = 7 };
    unsigned n = llb_lanes(words);
    llb_val index = LLVMBuildLShr(g->b, words, llb_i16s(g, (int)shift + 1, n), "");
    llb_val pair = LLVMBuildSelect(g->b, has_bit(g, words, shift + TOP), word_of(g, t, 2, index),
                                   word_of(g, t, 0, index), "");
    llb_val high = LLVMBuildLShr(g->b, pair, llb_i16s(g, 8, n), "");
    return LLVMBuildSelect(g->b, has_bit(g, words, shift), high, pair, "");
}

static llb_val by_pairs(qcg *g, const qcg_byte_table *t, llb_val index)
{
    enum { BYTE = 8, MASK = 255 };
    unsigned n = llb_lanes(index) / 2;
    llb_val words = LLVMBuildBitCast(g->b, index, llb_vec(llb_int(g, 16), n), "");
    llb_val even = LLVMBuildAnd(g->b, byte_of(g, t, words, 0), llb_i16s(g, MASK, n), "");
    llb_val odd = LLVMBuildShl(g->b, byte_of(g, t, words, BYTE), llb_i16s(g, BYTE, n), "");
    return LLVMBuildBitCast(g->b, LLVMBuildOr(g->b, even, odd, ""), LLVMTypeOf(index), "");
}

const qcg_lookup qcg_x86_lookup_512 = {.bytes = 64, .row_bytes = 64, .keep = true, .step = by_pairs};
