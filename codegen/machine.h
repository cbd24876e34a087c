/* The vector machine of a level: all that the kernels know about an instruction set.
 *
 * One row per level, in levels/<name>.c.  `generic` is written in plain LLVM vectors and serves
 * every triple; the others replace what LLVM would not find by itself. */
#ifndef QIR_CODEGEN_MACHINE_H
#define QIR_CODEGEN_MACHINE_H

#include "llb.h"
#include "qir/qmath.h"

/* The sum of two quantized bytes as bytes: qir_qadd_value with bounds lo and hi. */
typedef struct qcg_byte_sum {
    qir_qadd k;
    int zp, lo, hi;
    bool unsigned_a, unsigned_b, to_unsigned;
} qcg_byte_sum;

enum { QCG_TABLE = 256, QCG_TABLE_ROWS = 16 };

/* A table of bytes: its rows in registers, or its address, from which they are loaded each time. */
typedef struct qcg_byte_table {
    llb_val row[QCG_TABLE_ROWS], at; /* at NULL: in registers */
} qcg_byte_table;

/* How a level looks many bytes up at a time. */
typedef struct qcg_lookup {
    unsigned char bytes;     /* indices, of one step */
    unsigned char row_bytes;
    bool keep;               /* registers are left for all rows */
    bool differences;        /* of each half all rows but the first are stored as what differs from the row before */
    llb_val (*step)(qcg *g, const qcg_byte_table *t, llb_val index);
} qcg_lookup;

/* A register tile of the integer matrix product: rows x vectors of columns. */
typedef struct qcg_tile {
    unsigned char rows, vectors;
} qcg_tile;

enum { QCG_MAX_POSITIONS = 8 };

typedef struct qcg_machine {
    unsigned lanes;        /* i32 accumulators of one vector: columns of a weight block */
    unsigned kgroup;       /* values of k that one dot step adds up */
    unsigned elem_bytes;   /* of an operand of the dot step: 2 = i16, 1 = i8 */
    unsigned registers;    /* vectors */
    unsigned in_flight;    /* sums at a time that hide how long a dot step takes; 0: not measured */
    bool counts;           /* dot steps are one instruction: so are those that count weights */
    bool straight;         /* short sums need no loop, if registers are left for constants of the epilogue */
    const qcg_tile *tiles; /* that fit the registers without spilling; ends with {0, 0} */
    const qcg_tile *section_tiles; /* that fit with as many float sums beside them */
    /* acc + dot.  a: kgroup operand elements (see group), w: lanes * kgroup weights. */
    llb_val (*dot)(qcg *g, llb_val acc, llb_val a, llb_val w);
    /* Loads kgroup operand elements and repeats them for every lane; only loads them if `turn` is set. */
    llb_val (*group)(qcg *g, llb_val ptr);
    /* Set where a dot step takes its group from any place in a register (by lane): group `i` of those that
     * one load of a row brought, `groups` of them at most. */
    llb_val (*pick)(qcg *g, llb_val row, unsigned i);
    unsigned char groups;
    /* Set where a dot step multiplies two rows: its `a` is the groups of both, one behind the other, and its
     * accumulators, both rows' lanes, stand in an order of their own.  Turns two rows into that order,
     * and that order into two rows. */
    llb_val (*turn)(qcg *g, llb_val acc);
    /* Depthwise: acc + x0 * w[.][0] + x1 * w[.][1], lanes of i16; pairs: w interleaved.  Level
     * machines with kgroup 1 take x1 NULL. */
    llb_val (*pair)(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w);
    /* Depthwise: neighbouring results at a time, a power of two up to QCG_MAX_POSITIONS. */
    unsigned char positions;
    /* Nearest integer, ties to even; |v| < 2^22 (2^31 if saturates); any lane count. */
    llb_val (*rne)(qcg *g, llb_val v);
    /* n (1, 2 or 4) vectors of `lanes` i32: adds zp, cuts to i8 or u8, n * lanes bytes in order. */
    llb_val (*narrow)(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned);
    /* Channels as interleaved rows leave them (qir_columns): the machine for vectors of up to `lanes` of
     * them; NULL: none.  Instead of `narrow` it has its two halves: two vectors to words with zp added, two of
     * those to bytes, in that order within each 128 bits. */
    const struct qcg_machine *columns;
    llb_val (*narrow_words)(qcg *g, llb_val a, llb_val b, int zp);
    llb_val (*narrow_bytes)(qcg *g, llb_val a, llb_val b, bool to_unsigned);
    /* Sums of `4 * lanes` bytes each, within what the result can hold (bounds are not applied); NULL: lanes of
     * i32 do as well. */
    llb_val (*sum_bytes)(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b);
    const qcg_lookup *lookup; /* NULL: one load for each byte does as well */
    bool saturates; /* narrow does, from any i32; and rne takes |v| < 2^31 */
    bool fuses;     /* products and sums of floats, rounded once */
    /* The machine of packing `wide` of targets.def: itself unless elem_bytes is 1. */
    const struct qcg_machine *wide;
    /* The machine for weights that share an element (operands quantized at run time); NULL: this one. */
    const struct qcg_machine *low;
    /* The machine for products of bytes that are summed in i16 (chain_i8), NULL: there is none; and, of it and of
     * others where sums of few products do, its step: products of u8 and i8, each pair of them added. */
    const struct qcg_machine *chains;
    llb_val (*pairs)(qcg *g, llb_val a, llb_val w);
    /* The machine for products of sums (inner_i8): its dot step adds weights to operands and multiplies the first half
     * of these sums by the second; its group is that of one half.  NULL: there is none. */
    const struct qcg_machine *inner;
    bool unsigned_operand; /* of the dot step; its weights are stored higher by half their range */
} qcg_machine;

const qcg_machine *qcg_machine_get(qir_level level);
/* The machine among those of `m` that reads a packing. */
const qcg_machine *qcg_machine_of(const qcg_machine *m, qir_packing packing);

/* Row i of the table, in a register. */
llb_val qcg_byte_table_row(qcg *g, const qcg_lookup *l, const qcg_byte_table *t, unsigned i);

/* Shared by the level files. */
llb_val qcg_group_load(qcg *g, llb_val ptr, unsigned lanes, unsigned kgroup, unsigned elem_bytes);
llb_val qcg_generic_dot(qcg *g, llb_val acc, llb_val a, llb_val w);
llb_val qcg_generic_group(qcg *g, llb_val ptr);
llb_val qcg_generic_pair(qcg *g, llb_val acc, llb_val x0, llb_val x1, llb_val w);
llb_val qcg_generic_rne(qcg *g, llb_val v);
llb_val qcg_generic_narrow(qcg *g, const llb_val *v, unsigned n, int zp, bool to_unsigned);

#define ARCH(name, prefix, triple)
#define LEVEL(name, arch, feat, cpu, vb, act, gemm, wide, dw, fgemm, fdw, low, base, doc)              \
    extern const qcg_machine qcg_machine_##name;
#include "targets.def"
#undef ARCH
#undef LEVEL

#endif
