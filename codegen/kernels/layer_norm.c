/* layer_norm and rms_norm on f32, layer_norm on 8 bits: two sums of each row and one pass. */
#include "kernels/elementwise.h"
#include "kernels/lanes.h"
#include "kernels/nest.h"
#include "kernels/requant.h"

enum { WIDTH = 16 };

/* Rows of floats, several at once: each sum waits for itself from term to term. */
typedef struct float_rows {
    llb_val x, y;
    int64_t bytes; /* of a row */
    llb_val mean[QCG_LANES_SUMS], factor[QCG_LANES_SUMS]; /* mean NULL: not subtracted */
} float_rows;

static llb_val terms(qcg *g, void *ctx, llb_val j, unsigned i, unsigned n)
{
    const float_rows *r = ctx;
    return qcg_lanes_load16(g, llb_at(g, r->x, i * r->bytes), j, n);
}

static llb_val squares(qcg *g, void *ctx, llb_val j, unsigned i, unsigned n)
{
    const float_rows *r = ctx;
    llb_val d = terms(g, ctx, j, i, n);
    if (r->mean[i])
        d = qcg_lanes_keep(g, LLVMBuildFSub(g->b, d, llb_splat(g, r->mean[i], 16), ""), n);
    return LLVMBuildFMul(g->b, d, d, "");
}

/* v * gamma + beta */
static llb_val scale_shift(qcg *g, llb_val v, llb_val j, unsigned n)
{
    if (qir_op_operand(g->op, 1))
        v = LLVMBuildFMul(g->b, v, qcg_lanes_load(g, qcg_operand(g, 1), j, n), "");
    if (qir_op_operand(g->op, 2))
        v = LLVMBuildFAdd(g->b, v, qcg_lanes_load(g, qcg_operand(g, 2), j, n), "");
    return v;
}

/* The first row of ctx. */
static void normalize(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const float_rows *r = ctx;
    llb_val v = qcg_lanes_load(g, r->x, j, n);
    if (r->mean[0])
        v = LLVMBuildFSub(g->b, v, llb_splat(g, r->mean[0], n), "");
    v = LLVMBuildFMul(g->b, v, llb_splat(g, r->factor[0], n), "");
    qcg_lanes_store(g, scale_shift(g, v, j, n), r->y, j);
}

/* sums / count */
static void means_of(qcg *g, float_rows *r, unsigned rows, int64_t count, qcg_terms_fn fn, llb_val *mean)
{
    qcg_lanes_sum(g, count, rows, fn, r, mean);
    for (unsigned i = 0; i < rows; i++)
        mean[i] = LLVMBuildFDiv(g->b, mean[i], llb_f32s(g, (float)count, 1), "");
}

static llb_val factor_of(qcg *g, llb_val variance)
{
    llb_type f32 = llb_float(g);
    llb_val v = LLVMBuildFAdd(g->b, variance, llb_f32s(g, qir_op_float(g->op, "epsilon"), 1), "");
    return LLVMBuildFDiv(g->b, llb_f32s(g, 1.0f, 1), llb_intrinsic(g, "llvm.sqrt", &f32, 1, &v, 1), "");
}

static void normalize_floats(qcg *g, llb_val at, unsigned rows, int64_t count)
{
    int64_t bytes = 4 * count;
    float_rows r = {.x = llb_index(g, qcg_operand(g, 0), at, bytes), .y = llb_index(g, g->out, at, bytes), .bytes = bytes};
    llb_val variance[QCG_LANES_SUMS];
    if (g->op->opcode == QIR_OP_layer_norm)
        means_of(g, &r, rows, count, terms, r.mean);
    means_of(g, &r, rows, count, squares, variance);
    for (unsigned i = 0; i < rows; i++) {
        float_rows one = {.x = llb_at(g, r.x, i * bytes),
                          .y = llb_at(g, r.y, i * bytes),
                          .mean = {r.mean[i]},
                          .factor = {factor_of(g, variance[i])}};
        qcg_lanes_each(g, count, WIDTH, normalize, &one);
    }
}

/* --- 8 bits ------------------------------------------------------------------------------------ */

typedef struct int_row {
    llb_val x, y, mean, factor;
    const qir_type *tx, *ty;
} int_row;

/* c = q - z, n of them from x[j] on. */
static llb_val centred(qcg *g, const int_row *r, llb_val j, unsigned n)
{
    llb_val q = qcg_load_elements(g, r->tx->dtype, llb_index(g, r->x, j, 1), n, false);
    return llb_add(g, q, llb_i32s(g, -r->tx->quant->zero_point[0], n));
}

/* Sums of c and of c^2; any order is exact. */
static void int_sums(qcg *g, const int_row *r, int64_t count, llb_val *sum, llb_val *square)
{
    int64_t done = count / WIDTH * WIDTH;
    *sum = *square = llb_i32s(g, 0, 1);
    if (done) {
        llb_loop l;
        llb_begin(g, &l, 0, done, WIDTH);
        llb_val s = llb_carry(g, &l, llb_i32s(g, 0, WIDTH)), q = llb_carry(g, &l, llb_i32s(g, 0, WIDTH));
        llb_val c = centred(g, r, l.iv, WIDTH);
        llb_next(&l, 0, llb_add(g, s, c));
        llb_next(&l, 1, llb_add(g, q, LLVMBuildMul(g->b, c, c, "")));
        llb_end(g, &l);
        *sum = llb_total(g, l.value[0]);
        *square = llb_total(g, l.value[1]);
    }
    for (unsigned w = WIDTH / 2; w > 0; w /= 2) {
        if (!(count & w))
            continue;
        llb_val c = centred(g, r, llb_i64(g, done), w);
        *sum = llb_add(g, *sum, llb_total(g, c));
        *square = llb_add(g, *square, llb_total(g, LLVMBuildMul(g->b, c, c, "")));
        done += w;
    }
}

static llb_val wide(qcg *g, llb_val v)
{
    return LLVMBuildSExt(g->b, v, llb_int(g, 64), "");
}

static void int_factor(qcg *g, int_row *r, int64_t n)
{
    llb_type f32 = llb_float(g);
    llb_val sum, square;
    float s = r->tx->quant->scale[0];
    int_sums(g, r, n, &sum, &square);
    r->mean = LLVMBuildFDiv(g->b, LLVMBuildSIToFP(g->b, sum, f32, ""), llb_f32s(g, (float)n, 1), "");
    llb_val v = LLVMBuildSub(g->b, LLVMBuildMul(g->b, wide(g, square), llb_i64(g, n), ""),
                             LLVMBuildMul(g->b, wide(g, sum), wide(g, sum), ""), "");
    v = LLVMBuildFDiv(g->b, LLVMBuildSIToFP(g->b, v, f32, ""), llb_f32s(g, (float)(n * n), 1), "");
    v = LLVMBuildFAdd(g->b, LLVMBuildFMul(g->b, v, llb_f32s(g, s * s, 1), ""),
                      llb_f32s(g, qir_op_float(g->op, "epsilon"), 1), "");
    v = llb_intrinsic(g, "llvm.sqrt", &f32, 1, &v, 1);
    r->factor = LLVMBuildFDiv(g->b, llb_f32s(g, s, 1), v, "");
}

static void int_normalize(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const int_row *r = ctx;
    llb_val v = qcg_to_float(g, centred(g, r, j, n));
    v = LLVMBuildFSub(g->b, v, llb_splat(g, r->mean, n), "");
    v = scale_shift(g, LLVMBuildFMul(g->b, v, llb_splat(g, r->factor, n), ""), j, n);
    qcg_store_elements(g, r->ty->dtype, qcg_quantize(g, v, r->ty->quant), llb_index(g, r->y, j, 1));
}

static void normalize_bytes(qcg *g, llb_val at, int64_t count)
{
    int_row r = {.x = llb_index(g, qcg_operand(g, 0), at, count),
                 .y = llb_index(g, g->out, at, count),
                 .tx = qcg_operand_type(g, 0),
                 .ty = qcg_result_type(g)};
    int_factor(g, &r, count);
    qcg_lanes_each(g, count, WIDTH, int_normalize, &r);
}

/* --- rows --------------------------------------------------------------------------------------- */
/* Sums of sixteen lanes in half of the registers. */
static unsigned rows_at_once(const qcg *g)
{
    unsigned bytes = qir_level_get(g->level)->vector_bytes, rows = g->machine->registers / 2 * bytes / (WIDTH * 4);
    return rows < 1 ? 1 : rows > QCG_LANES_SUMS ? QCG_LANES_SUMS : rows;
}

static void emit_rows(qcg *g, llb_val at, unsigned rows, int64_t count)
{
    if (qcg_operand_type(g, 0)->quant)
        normalize_bytes(g, at, count);
    else
        normalize_floats(g, at, rows, count);
}

bool qir_lower_layer_norm(qcg *g)
{
    const qir_type *x = qcg_operand_type(g, 0);
    int64_t rows = 1, count = 1;
    for (unsigned i = 0; i < x->rank; i++)
        *(i < qir_op_int(g->op, "axis") ? &rows : &count) *= x->dims[i];
    if (x->quant ? count > 1 << 15 : x->dtype != QIR_f32)
        return qcg_unsupported(g, "f32, or 8 bits in rows of at most 32768");
    unsigned each = x->quant ? 1 : rows_at_once(g);
    int64_t rest = rows % each;
    qcg_share s;
    if (rows > rest) {
        qcg_share_begin(g, &s, rows - rest, each, true);
        emit_rows(g, s.loop.iv, each, count);
        qcg_share_end(g, &s);
    }
    if (rest) {
        qcg_once_begin(g, &s, true);
        emit_rows(g, llb_i64(g, rows - rest), (unsigned)rest, count);
        qcg_once_end(g, &s);
    }
    return true;
}
