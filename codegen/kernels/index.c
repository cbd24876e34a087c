/* Reading and writing at indices: one loop nest over all tuples of indices, each of which places one
 * contiguous piece.  Indices are forced into range, so that no data reaches other memory.
 *
 * Pointer 0 of the nest is the dense side (a gather's result, a scatter's updates) and decides the
 * order of the loops: that of the updates, as the specification of repeated indices wants it. */
#include <string.h>
#include "kernels/arith.h"
#include "kernels/codes.h"
#include "kernels/copy.h"

enum { COMBINE_WIDTH = 8 };

typedef struct indexed {
    qcg_nest n;                                        /* dense side, indexed side, indices */
    unsigned m;                                        /* indices per tuple */
    int64_t dim[QIR_MAX_RANK], stride[QIR_MAX_RANK];   /* that they index; bytes */
    int64_t piece;                                     /* elements */
    bool write, combine;                               /* to the indexed side; with what is there */
    qcg_fold how;
} indexed;

static const qir_type *operand_type(const qcg *g, unsigned i)
{
    return qir_op_operand(g->op, i)->type;
}

/* One index as a byte offset along its dimension. */
static llb_val offset_of(qcg *g, llb_val ptr, int64_t dim, int64_t stride)
{
    qir_dtype t = operand_type(g, 1)->dtype;
    llb_val i = llb_load(g, qcg_storage(g, t), ptr, (unsigned)qir_dtype_bytes(t));
    i = LLVMBuildSExt(g->b, i, llb_int(g, 64), "");
    llb_val negative = LLVMBuildICmp(g->b, LLVMIntSLT, i, llb_i64(g, 0), "");
    i = LLVMBuildSelect(g->b, negative, llb_add(g, i, llb_i64(g, dim)), i, "");
    i = llb_smin(g, llb_smax(g, i, llb_i64(g, 0)), llb_i64(g, dim - 1));
    return llb_mul_const(g, i, stride);
}

/* ptr: what is there, update */
static void combine_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    qir_dtype t = operand_type(g, 0)->dtype;
    llb_val x = qcg_load_elements(g, t, ptr[0], n, false);
    llb_val u = qcg_load_elements(g, t, ptr[1], n, splat[1]);
    qcg_store_elements(g, t, qcg_fold_lanes(g, *(qcg_fold *)ctx, t, x, u), ptr[0]);
}

static void combine(qcg *g, llb_val to, llb_val from, int64_t count, int64_t elem, qcg_fold how)
{
    qcg_nest n = {.rank = 1, .nptr = 2, .dim = {count}, .elem = {elem, elem}, .ptr = {to, from}};
    n.step[0][0] = n.step[1][0] = elem;
    qcg_nest_run(g, &n, COMBINE_WIDTH, combine_body, &how);
}

static void place(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const indexed *x = ctx;
    llb_val at = ptr[1];
    (void)splat, (void)n;
    for (unsigned j = 0; j < x->m; j++)
        at = llb_offset(g, at, offset_of(g, llb_at(g, ptr[2], j * x->n.elem[2]), x->dim[j],
                                         x->stride[j]));
    if (x->combine)
        combine(g, at, ptr[0], x->piece, x->n.elem[0], x->how);
    else
        qcg_copy_block(g, x->write ? at : ptr[0], x->write ? ptr[0] : at, x->piece, x->n.elem[0]);
}

/* One more axis of the nest: dense and indices are counted up from the last axis in row-major order;
 * the indexed side moves by `step` bytes. */
static void add_axis(indexed *x, int64_t dim, int64_t step, int64_t tuple)
{
    unsigned a = x->n.rank++;
    x->n.dim[a] = dim;
    x->n.step[1][a] = step;
    x->n.step[2][a] = tuple;
}

static void read_reduction(qcg *g, indexed *x)
{
    static const char *const words[] = {
        [QCG_SUM] = "add", [QCG_PRODUCT] = "mul", [QCG_LARGEST] = "max", [QCG_SMALLEST] = "min"};
    for (qcg_fold f = QCG_SUM; f <= QCG_SMALLEST; f++)
        if (!strcmp(qir_op_string(g->op, "reduction"), words[f])) {
            x->combine = true;
            x->how = f;
        }
}

/* Everything but the axes of the nest and what is indexed. */
static void begin(qcg *g, indexed *x, bool write)
{
    int64_t elem = (int64_t)qir_dtype_bytes(operand_type(g, 0)->dtype);
    int64_t index = (int64_t)qir_dtype_bytes(operand_type(g, 1)->dtype);
    *x = (indexed){.m = 1, .piece = 1, .write = write};
    x->n = (qcg_nest){.nptr = 3, .elem = {elem, elem, index}};
    x->n.ptr[0] = write ? qcg_operand(g, 2) : g->out;
    x->n.ptr[1] = write ? g->out : qcg_operand(g, 0);
    x->n.ptr[2] = qcg_operand(g, 1);
    if (!write)
        return;
    qcg_share_none(g); /* updates of one element have an order */
    read_reduction(g, x);
    qcg_copy_unless_there(g, qir_type_elements(operand_type(g, 0)), elem);
}

static void run(qcg *g, indexed *x)
{
    int64_t step = x->piece * x->n.elem[0];
    for (unsigned a = x->n.rank; a-- > 0; step *= x->n.dim[a])
        x->n.step[0][a] = step;
    if (x->piece)
        qcg_nest_run(g, &x->n, 1, place, x);
}

/* Row-major strides in bytes. */
static void byte_strides(const qir_type *t, int64_t *strides)
{
    qir_type_strides(t, strides);
    for (unsigned a = 0; a < t->rank; a++)
        strides[a] *= (int64_t)qir_dtype_bytes(t->dtype);
}

/* --- gather ----------------------------------------------------------------------------------- */

/* ptr: a row of the result, its index */
static void place_row(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const qcg_codes *c = ctx;
    (void)splat, (void)n;
    qcg_codes_row(g, c, offset_of(g, ptr[1], c->rows.rows, 1), ptr[0], c->rows.k);
}

/* Real rows of a quantized table. */
static bool gather_real(qcg *g)
{
    const qir_type *t = operand_type(g, 1);
    qcg_codes c;
    if (!qcg_codes_get(g, 0, &c))
        return false;
    int64_t index = (int64_t)qir_dtype_bytes(t->dtype);
    qcg_nest n = {.rank = 1, .nptr = 2, .dim = {qir_type_elements(t)}, .elem = {4, index},
                  .ptr = {g->out, qcg_operand(g, 1)}};
    n.step[0][0] = c.rows.k * 4;
    n.step[1][0] = index;
    qcg_nest_run(g, &n, 1, place_row, &c);
    return true;
}

bool qir_lower_gather(qcg *g)
{
    const qir_type *t = operand_type(g, 0);
    if (t->quant && !g->op->results[0].type->quant)
        return gather_real(g);
    unsigned axis = (unsigned)qir_op_int(g->op, "axis");
    int64_t strides[QIR_MAX_RANK];
    indexed x;
    begin(g, &x, false);
    byte_strides(t, strides);
    for (unsigned a = 0; a < axis; a++)
        add_axis(&x, t->dims[a], strides[a], 0);
    add_axis(&x, qir_type_elements(operand_type(g, 1)), 0, x.n.elem[2]);
    x.dim[0] = t->dims[axis];
    x.stride[0] = strides[axis];
    x.piece = strides[axis] / x.n.elem[0];
    run(g, &x);
    return true;
}

static void run_elements(qcg *g, bool write)
{
    const qir_type *t = operand_type(g, 0), *at = operand_type(g, 1);
    unsigned axis = (unsigned)qir_op_int(g->op, "axis");
    int64_t strides[QIR_MAX_RANK], tuple[QIR_MAX_RANK];
    indexed x;
    begin(g, &x, write);
    byte_strides(t, strides);
    byte_strides(at, tuple);
    for (unsigned a = 0; a < at->rank; a++)
        add_axis(&x, at->dims[a], a == axis ? 0 : strides[a], tuple[a]);
    x.dim[0] = t->dims[axis];
    x.stride[0] = strides[axis];
    run(g, &x);
}

static void run_tuples(qcg *g, unsigned batch, bool write)
{
    const qir_type *t = operand_type(g, 0), *at = operand_type(g, 1);
    int64_t strides[QIR_MAX_RANK], tuple[QIR_MAX_RANK];
    indexed x;
    begin(g, &x, write);
    byte_strides(t, strides);
    byte_strides(at, tuple);
    for (unsigned a = 0; a + 1 < at->rank; a++)
        add_axis(&x, at->dims[a], a < batch ? strides[a] : 0, tuple[a]);
    x.m = (unsigned)at->dims[at->rank - 1];
    for (unsigned j = 0; j < x.m; j++) {
        x.dim[j] = t->dims[batch + j];
        x.stride[j] = strides[batch + j];
    }
    for (unsigned a = batch + x.m; a < t->rank; a++)
        x.piece *= t->dims[a];
    run(g, &x);
}

bool qir_lower_gather_elements(qcg *g)
{
    run_elements(g, false);
    return true;
}

bool qir_lower_gather_nd(qcg *g)
{
    run_tuples(g, (unsigned)qir_op_int(g->op, "batch_dims"), false);
    return true;
}

bool qir_lower_scatter_elements(qcg *g)
{
    run_elements(g, true);
    return true;
}

bool qir_lower_scatter_nd(qcg *g)
{
    run_tuples(g, 0, true);
    return true;
}
