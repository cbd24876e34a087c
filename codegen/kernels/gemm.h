/* The integer matrix product on register tiles. */
#ifndef QIR_CODEGEN_KERNELS_GEMM_H
#define QIR_CODEGEN_KERNELS_GEMM_H

#include "kernels/sums.h"
#include "kernels/window.h"

struct qcg_dynamic; /* kernels/dynamic.h */

/* Weights in chains of steps (qir/chains.h), as constants. */
typedef struct qcg_chains {
    int64_t length;
    llb_val first, offset, weights;
} qcg_chains;

/* Steps of k along one axis, and bytes of the operand from one to the next. */
typedef struct qcg_axis {
    int64_t count, step;
} qcg_axis;

enum { QCG_RUN_AXES = 3 };

typedef struct qcg_gemm {
    const qcg_machine *m;
    llb_val a, w, bias, out; /* w, bias: packed as in weights.h; bias may be NULL (zeros) */
    int64_t lines, rows, n;  /* rows of each line: those of the result follow one another */
    int64_t sections, kblocks;    /* of k with scales of their own; elements of w in each run */
    qcg_axis runs[QCG_RUN_AXES];  /* of a section, outermost axis first; count 0: as 1 */
    bool halved;                  /* the last block of w has the first half of its columns alone */
    unsigned taps;                /* equal parts of a run, each of which is the first part of the next row's; 0: none */
    unsigned parts;               /* weights in an element of w (see ir/layouts.def) */
    bool narrow;                  /* sums of a section fit i16: the machine's `pairs` in place of its dot steps */
    int64_t a_line;               /* bytes from line to line of the operand */
    int64_t a_stride, out_stride; /* bytes from row to row */
    bool pairs;                   /* rows of the operand stand in pairs (qir/kernel_plan.h) */
    int64_t second;      /* bytes from the operands of the first half of k to those of the second, which a dot step
                          * takes with them; 0: it takes neighbours */
    llb_val row_excess;  /* i32 of each row: what its products add too much; NULL: nothing */
    const qcg_epilogue *e;        /* its scale: of column 0 of this product */
    llb_val scale;
    const qcg_chains *chains; /* in place of w; NULL: not */
    const struct qcg_dynamic *dynamic; /* in place of bias, scale and epilogue; NULL: not */
    llb_val unpacked;     /* room for the weights of `unpacked_columns`, cut out once for all rows; NULL: none */
    int64_t unpacked_columns, unpacked_sections;
} qcg_gemm;

/* One register tile of a product. */
typedef struct qcg_tile_at {
    qcg_tile tile;
    bool counts;       /* one more row, of ones: its sums are those of the weights */
    unsigned tail;     /* columns of the last vector; 0: whole */
    llb_val a, w, out; /* of its first row and column */
    llb_val block, row;
    llb_val place; /* of its first row, if a last tile that is moved back had rows of its own */
    llb_val scale;      /* of its first column, with what follows from it; NULL: see qcg_gemm */
    llb_val fetch;      /* memory that will be read soon; NULL: none is known */
    int64_t fetch_step; /* bytes of it to prefetch with each element of w along k */
} qcg_tile_at;

/* Columns and rows of a product, as the tiles cut them. */
typedef struct qcg_tiling {
    qcg_tile tile;
    int64_t whole;       /* column groups that are tile.vectors wide, and filled */
    unsigned rest, tail; /* vectors of the last group, if it is not; columns of its last vector */
    int64_t units[3];    /* of columns, of lines, of rows */
    unsigned cut;        /* which of them tasks share */
} qcg_tiling;

/* The one that takes the least time; if tasks share the op, the larger share of two. */
qcg_tiling qcg_gemm_tiling(const qcg *g, const qcg_gemm *m);
/* Lines that the rows of a tile lie in. */
int64_t qcg_tile_lines(const qcg_gemm *m, qcg_tile t);

/* out[lines][rows][n] = epilogue(bias + a[lines][rows][k] * w[n][k]); k: run by run, each of them
 * neighbouring elements. */
void qcg_gemm_emit(qcg *g, const qcg_gemm *m);
/* What tasks can cut that into. */
int64_t qcg_gemm_units(const qcg *g, const qcg_gemm *m);

/* May its sums along k need no loop?  Is it avoided for tile `t`? */
bool qcg_gemm_is_straight(const qcg_gemm *m);
bool qcg_gemm_is_unrolled(const qcg_gemm *m, qcg_tile t);
/* Are operands that taps of neighbouring rows share loaded once? */
bool qcg_gemm_shares_taps(const qcg_gemm *m, qcg_tile t);

/* Elements of w along k of one section, and bytes of the weights of one vector of columns. */
int64_t qcg_gemm_section_blocks(const qcg_gemm *m);
int64_t qcg_gemm_block_bytes(const qcg_gemm *m);

/* Weight `i` of each of `words`, elements of w: signed, or as high as it is stored. */
llb_val qcg_gemm_cut_out(qcg *g, const qcg_gemm *m, llb_val words, unsigned i);

/* The sums of one section in acc, row by row.  start: of the sums; less: of the unpacked weights of
 * each vector (NULL: 0). */
void qcg_gemm_products(qcg *g, const qcg_gemm *m, const qcg_tile_at *t, const llb_val *start,
                       const llb_val *less, llb_val *acc);

/* The same of weights in chains. */
void qcg_chain_products(qcg *g, const qcg_gemm *m, const qcg_tile_at *t, const llb_val *start, llb_val *acc);

/* Products of quantized operands with a constant weight, of one panel; for other operands the kernel sets
 * lines, rows and runs.  Not to be copied: m refers to the sums. */
typedef struct qcg_products_i8 {
    qcg_gemm m;
    qcg_sums sums;
    qcg_window win;
    int64_t out_elem; /* bytes of a result element */
} qcg_products_i8;

/* All but the weights of m.  False: diagnosed. */
bool qcg_products_i8_begin(qcg *g, const qir_kernel_plan *p, const qcg_machine *m, const qcg_weights *w,
                           qcg_products_i8 *r);
/* With those of the plan's packing. */
bool qcg_products_i8_init(qcg *g, const qir_kernel_plan *p, qcg_products_i8 *r);
/* The rows of a step, of the only group: gathered, if they are not there yet. */
llb_val qcg_products_i8_rows(qcg *g, const qcg_products_i8 *r, const qcg_block *b);
/* All steps of the plan, once m is as it should be. */
void qcg_products_i8_walk(qcg *g, qcg_products_i8 *r, qcg_block_fn fn, void *ctx);

/* The kernels of ir/kernels.def. */
#define KERNEL(name, doc) bool qcg_lower_##name(qcg *g, const qir_kernel_plan *p);
#include "kernels.def"
#undef KERNEL

#endif
