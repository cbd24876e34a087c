/* How the kernels walk a window op (convolution, linear, pooling) and what scratch that takes.
 * Facts without LLVM, shared by the memory planner (qir_level_workspace) and the code generator, so
 * that both see the same numbers.
 *
 * Three spatial axes; missing leading ones have size 1.  A linear op is a 1x1 convolution over one
 * row of all its leading positions.
 *
 *   operand --widen, pad--> band --gather windows--> panel --matrix product--> result
 *
 * The band holds the input rows of one block of output rows with their padding; the panel holds one
 * row of K operand elements per output position.  `direct` ops need no band: their operand rows are
 * the panel's rows; `in_place` ones need no panel either. */
#ifndef QIR_KERNEL_PLAN_H
#define QIR_KERNEL_PLAN_H

#include "qir/chains.h"
#include "qir/target_info.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_window {
    int64_t n, c, o, groups;
    int64_t in[3], out[3], kernel[3], stride[3], dilation[3], begin[3];
    int64_t taps; /* product of kernel */
    bool padded;  /* some window reaches outside */
} qir_window;

/* conv, linear and their dynamic forms, max_pool, avg_pool with static types. */
void qir_window_get(const qir_op *op, qir_window *w);

typedef enum qir_kernel {
#define KERNEL(name, doc) QIR_KERNEL_##name,
#include "kernels.def"
#undef KERNEL
    QIR_NUM_KERNELS
} qir_kernel;

/* Most rows of a tile whose sums wait in memory. */
enum { QIR_WAITING_ROWS = 16 };

/* Kernels of Winograd's tiles: vectors of columns whose sums are kept at a time. */
enum { QIR_WINOGRAD_VECTORS = 2 };

/* Matrices of products by place: of a tile of t x t results (t + 2) x (t + 2).  `pitch` bytes apart. */
typedef struct qir_winograd {
    int64_t tile, places;
    int64_t operand_pitch, sum_pitch;
    int64_t weight_pitch; /* of those of a group of columns, transformed from bytes as they are needed; 0: of constants */
    unsigned shift; /* sums are results times 2^shift, and more where a result is not computed alone */
} qir_winograd;

/* What the cost model knows the rate of. */
typedef enum qir_rate {
#define RATE(name, doc) QIR_RATE_##name,
#include "rates.def"
    QIR_NUM_RATES
} qir_rate;
const char *qir_rate_name(qir_rate r);

/* Depthwise convolution by columns.  Input rows are interleaved by four, so that four bytes hold one channel
 * in four rows; these columns stand in planes, cell by cell of `kgroup` rows, four planes in each: plane i
 * has channels 4i .. 4i + 3 of every 16.  One line of a plane is a row of the input with its padding: of
 * a block of channels, or, flat, of all. */
typedef struct qir_columns {
    int64_t vector; /* bytes: of a vector of channels */
    bool flat;
    bool streams;        /* columns pass through registers, block by block: there are no planes */
    int64_t phases;      /* flat: vectors after which the channels begin again; else blocks */
    int64_t rows, lines; /* output rows at a time, input rows under them */
    int64_t cells;       /* groups of kgroup input rows */
    int64_t pitch;       /* in a line, from position to position */
    int64_t begin;       /* in a line, where the input begins */
    int64_t plane;       /* bytes */
} qir_columns;

typedef struct qir_kernel_plan {
    qir_kernel kernel;
    double spent[QIR_NUM_RATES]; /* how much of what; and */
    double cycles;               /* about how many that takes, of one thread */
    int64_t stored; /* bytes of weights; at first as many as there are weights */
    qir_window w;
    bool own_weights; /* packed into a constant of the kernel's own: no prepack op */
    bool is_float;
    bool wide;      /* operands do not fit the level's i8 dot product: use its i16 machine */
    int64_t kgroup; /* K is padded to a multiple of this */
    size_t elem;    /* bytes of a band or panel element */
    bool raised;    /* i8 to u8 on the way to band or panel: 128 is added */
    int64_t chain;  /* chain_i8: steps of a chain */
    int64_t sections; /* equal parts of a row of k, each padded to whole steps of kgroup */
    qir_packing packing; /* of the weight, where products are of integers */
    /* Parameters from run time only: */
    bool centred; /* zero points are subtracted on the way to band or panel */

    bool direct, in_place;
    int64_t k, k_stride; /* values of one panel row, and with those that fill its sections */
    int64_t pitch;       /* elements from one row to the next */
    /* Rows stand in pairs: of each 16 bytes the first row of two holds the first 8 of both, the second the
     * others. */
    bool pairs;
    int64_t block;       /* output rows (direct: positions) per step */
    int64_t panel_rows;
    int64_t band_rows, band_width; /* per plane; positions of c elements; kernel[0] planes */
    bool has_band;
    int64_t most_rows;   /* of a panel, at least; few suit most kernels */
    int64_t tile_rows;   /* of a register tile, where panels should be of whole ones; 0: not */
    qir_columns columns; /* planes are the panel; a row of zero points is the band */
    int64_t weight_rows; /* outputs of a group whose weights are unpacked, or dequantized, at a time */
    int64_t weight_sections; /* of these rows, unpacked at a time: where not all, sums wait in memory */
    /* Of a quantized weight the rows, dequantized.  All are multiples of 64, with room to read or
     * write one vector over. */
    size_t band_bytes, panel_bytes, zero_bytes, weight_bytes;
    size_t sum_bytes; /* sums that are not results yet */
    qir_winograd winograd;
} qir_kernel_plan;

/* Bytes of workspace: band, panel, zero points of its rows, weight rows, sums, one behind another. */
size_t qir_kernel_plan_bytes(const qir_kernel_plan *p);

/* Module attribute optimize = "size" (qcc -Os): of the kernels that take an op those with the fewest bytes of
 * constants are chosen from. */
void qir_module_set_small(qir_module *m);
bool qir_op_is_small(const qir_op *op);

/* Is `op` conv, linear, a dynamic one or a pool, and not empty? */
bool qir_op_has_kernel(const qir_op *op);
const char *qir_kernel_name(qir_kernel k);

/* Multiply-adds of products; 0 where there are none. */
double qir_op_products(const qir_op *op);

/* The weights of chain_i8.  False: they have no chains that would pay. */
bool qir_plan_chains(const qir_op *op, qir_arena *arena, int64_t length, qir_chains *out);

/* What any op spends, and about how many cycles that takes, of one thread. */
void qir_op_count(qir_level level, const qir_op *op, double spent[QIR_NUM_RATES]);
double qir_op_cycles(qir_level level, const qir_op *op);

/* Of an op that has one. */
void qir_kernel_plan_get(qir_level level, const qir_op *op, qir_kernel_plan *p);

#ifdef __cplusplus
}
#endif
#endif
