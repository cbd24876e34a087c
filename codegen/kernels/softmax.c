/* softmax and log_softmax on f32, softmax on 8-bit quantized values: one row at a time. */
#include "fmath_ir.h"
#include "kernels/nest.h"
#include "kernels/requant.h"
#include "kernels/row.h"
#include "qir/qmath.h"
#include "qir/support/bug.h"

typedef struct softmax {
    const qir_type *x, *y;
    int64_t count, in, out; /* bytes from one element of a row to the next */
    llb_val table;
} softmax;

/* Elements at a time: one register, whose exponentials take all the others. */
static unsigned width(const qcg *g)
{
    return qir_level_get(g->level)->vector_bytes / sizeof(float);
}

/* --- float -------------------------------------------------------------------------------------
 */

typedef struct row_values {
    const softmax *s;
    llb_val max, sum;
} row_values;

static llb_val minus_max(qcg *g, const row_values *r, llb_val at, unsigned n)
{
    llb_val x = llb_load(g, llb_vec(llb_float(g), n), at, 4);
    return LLVMBuildFSub(g->b, x, llb_splat(g, r->max, n), "");
}

static void store_difference(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    (void)splat;
    llb_store(g, minus_max(g, ctx, ptr[1], n), ptr[0], 4);
}

/* In place: with the largest value beside them there would be too few registers for the constants. */
static void store_exp(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    (void)splat, (void)ctx;
    llb_store(g, qcg_fm_exp(g, llb_load(g, llb_vec(llb_float(g), n), ptr[0], 4)), ptr[0], 4);
}

/* ptr: result, exponentials, operand */
static void store_result(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const row_values *r = ctx;
    (void)splat;
    llb_val v, sum = llb_splat(g, r->sum, n);
    if (g->op->opcode == QIR_OP_log_softmax)
        v = LLVMBuildFSub(g->b, minus_max(g, r, ptr[2], n), sum, "");
    else
        v = LLVMBuildFDiv(g->b, llb_load(g, llb_vec(llb_float(g), n), ptr[1], 4), sum, "");
    llb_store(g, v, ptr[0], 4);
}

static llb_val load_scalar(qcg *g, void *ctx, llb_val at, llb_val j)
{
    (void)ctx, (void)j;
    return llb_load(g, llb_float(g), at, 4);
}

static void float_row(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned lanes)
{
    const softmax *s = ctx;
    (void)splat, (void)lanes;
    qcg_row exps = qcg_row_even(s->count - QIR_BUG(14), 4);
    row_values r = {.s = s, .max = qcg_row_max(g, ptr[1], s->count, s->in)};
    qcg_nest n = {.rank = 1, .nptr = 2, .dim = {s->count}, .elem = {4, 4}};
    n.step[0][0] = 4;
    n.step[1][0] = s->in;
    n.ptr[0] = g->ws;
    n.ptr[1] = ptr[1];
    qcg_nest_run(g, &n, width(g), store_difference, &r);
    n = (qcg_nest){.rank = 1, .nptr = 1, .dim = {s->count}, .elem = {4}};
    n.step[0][0] = 4;
    n.ptr[0] = g->ws;
    qcg_nest_run(g, &n, width(g), store_exp, NULL);
    r.sum = qcg_row_sum16(g, &exps, g->ws, 1, load_scalar, NULL);
    if (g->op->opcode == QIR_OP_log_softmax)
        r.sum = qcg_fm_log(g, r.sum);
    n = (qcg_nest){.rank = 1, .nptr = 3, .dim = {s->count}, .elem = {4, 4, 4}};
    n.step[0][0] = s->out;
    n.step[1][0] = 4;
    n.step[2][0] = s->in;
    n.ptr[0] = ptr[0];
    n.ptr[1] = g->ws;
    n.ptr[2] = ptr[1];
    qcg_nest_run(g, &n, width(g), store_result, &r);
}

/* --- 8 bits ------------------------------------------------------------------------------------
 */

static llb_val stored(qcg *g, const softmax *s, llb_val at)
{
    return qcg_load_elements(g, s->x->dtype, at, 1, false);
}

static llb_val larger_stored(qcg *g, void *ctx, llb_val m, llb_val at, llb_val j)
{
    (void)j;
    return llb_smax(g, m, stored(g, ctx, at));
}

typedef struct int_row {
    const softmax *s;
    llb_val max, factor; /* 1 / (scale * sum) */
} int_row;

/* The table's entry for the element at `at`: i32. */
static llb_val entry(qcg *g, const int_row *r, llb_val at)
{
    llb_val d = LLVMBuildSub(g->b, r->max, stored(g, r->s, at), "");
    d = LLVMBuildZExt(g->b, d, llb_int(g, 64), "");
    return llb_load(g, llb_int(g, 32), llb_index(g, r->s->table, d, 4), 4);
}

static llb_val plus_entry(qcg *g, void *ctx, llb_val sum, llb_val at, llb_val j)
{
    (void)j;
    return llb_add(g, sum, LLVMBuildZExt(g->b, entry(g, ctx, at), llb_int(g, 64), ""));
}

static void store_probability(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const int_row *r = ctx;
    (void)splat, (void)n;
    const qir_quant *y = r->s->y->quant;
    llb_val f = qcg_to_float(g, entry(g, r, ptr[1])); /* at most 2^23: exact */
    f = LLVMBuildFMul(g->b, f, r->factor, "");
    f = qcg_round_to_storage(g, f, y->qmin, y->qmax, y->zero_point[0]);
    qcg_store_elements(g, r->s->y->dtype, f, ptr[0]);
}

/* --- 8 bits, TensorFlow Lite ------------------------------------------------------------------- */

static llb_val real_entry(qcg *g, const int_row *r, llb_val at)
{
    return LLVMBuildBitCast(g->b, entry(g, r, at), llb_float(g), "");
}

static llb_val plus_real(qcg *g, void *ctx, llb_val sum, llb_val at, llb_val j)
{
    (void)j;
    return LLVMBuildFAdd(g->b, sum, real_entry(g, ctx, at), "");
}

/* qir_tflite_softmax_value: halves up. */
static void store_rounded(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const int_row *r = ctx;
    const qir_quant *y = r->s->y->quant;
    (void)splat, (void)n;
    llb_val p = LLVMBuildFMul(g->b, real_entry(g, r, ptr[1]), r->factor, "");
    llb_val q = qcg_round_to_storage(g, p, 0, 1 << 16, 0);
    llb_val rest = LLVMBuildFSub(g->b, p, qcg_to_float(g, q), "");
    llb_val half = LLVMBuildFCmp(g->b, LLVMRealOEQ, rest, llb_f32s(g, 0.5f, 1), "");
    q = llb_add(g, q, LLVMBuildZExt(g->b, half, llb_int(g, 32), ""));
    q = llb_add(g, q, llb_i32s(g, y->zero_point[0], 1));
    qcg_store_elements(g, r->s->y->dtype, llb_clamp_i32(g, q, y->qmin, y->qmax), ptr[0]);
}

static llb_val tflite_factor(qcg *g, const qcg_row *row, llb_val at, int_row *r)
{
    llb_val sum = qcg_row_fold(g, row, at, llb_f32s(g, 0.0f, 1), plus_real, r);
    sum = LLVMBuildFMul(g->b, sum, llb_f32s(g, r->s->y->quant->scale[0], 1), "");
    return LLVMBuildFDiv(g->b, llb_f32s(g, 1.0f, 1), sum, "");
}

static llb_val own_factor(qcg *g, const qcg_row *row, llb_val at, int_row *r)
{
    llb_val sum = qcg_row_fold(g, row, at, llb_i64(g, 0), plus_entry, r);
    sum = LLVMBuildSIToFP(g->b, sum, llb_float(g), "");
    return LLVMBuildFDiv(g->b, llb_f32s(g, 1.0f / r->s->y->quant->scale[0], 1), sum, "");
}

static void byte_row(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned lanes)
{
    softmax *s = ctx;
    (void)splat, (void)lanes;
    qcg_row row = qcg_row_even(s->count, s->in);
    int_row r = {.s = s};
    r.max = qcg_row_fold(g, &row, ptr[1], stored(g, s, ptr[1]), larger_stored, s);
    bool tflite = qir_op_compat(g->op) == QIR_COMPAT_TFLITE;
    r.factor = (tflite ? tflite_factor : own_factor)(g, &row, ptr[1], &r);
    qcg_nest n = {.rank = 1, .nptr = 2, .dim = {s->count}, .elem = {1, 1}};
    n.step[0][0] = s->out;
    n.step[1][0] = s->in;
    n.ptr[0] = ptr[0];
    n.ptr[1] = ptr[1];
    qcg_nest_run(g, &n, 1, tflite ? store_rounded : store_probability, &r);
}

static llb_val table_of(qcg *g, const softmax *s)
{
    float scale = s->x->quant->scale[0], real[256];
    uint32_t table[256];
    if (qir_op_compat(g->op) == QIR_COMPAT_TFLITE) {
        qir_tflite_softmax_table(scale, real);
        return qcg_const(g, real, sizeof real, 64);
    }
    qir_softmax_table(scale, s->x->dims[qir_op_int(g->op, "axis")], table);
    return qcg_const(g, table, sizeof table, 64);
}

static bool is_byte(const qir_type *t)
{
    return t->quant && t->quant->count == 1 && qir_dtype_bytes(t->dtype) == 1;
}

bool qir_lower_softmax(qcg *g)
{
    softmax s = {.x = qir_op_operand(g->op, 0)->type, .y = g->op->results[0].type};
    bool is_float = s.x->dtype == QIR_f32 && s.y->dtype == QIR_f32;
    bool is_int = g->op->opcode == QIR_OP_softmax && is_byte(s.x) && is_byte(s.y);
    if (!is_float && !is_int)
        return qcg_unsupported(g, "f32 or (softmax) per-tensor 8-bit quantized values");
    if (qir_type_elements(s.y) == 0)
        return true;
    if (is_int)
        s.table = table_of(g, &s);
    qcg_nest n;
    qcg_nest_elementwise(g, &n, 1);
    int64_t axis = qir_op_int(g->op, "axis");
    s.count = n.dim[axis];
    s.out = n.step[0][axis];
    s.in = n.step[1][axis];
    if (s.count == 1) /* a step is only read where there is one */
        s.in = s.out = 4;
    n.dim[axis] = 1;
    qcg_nest_run(g, &n, 1, is_float ? float_row : byte_row, &s);
    return true;
}
