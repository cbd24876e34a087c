/* Tables of bytes: one load per element.  The channels of a pixel are unrolled, so that each knows its
 * table. */
#include "kernels/nest.h"

enum { MOST_CHANNELS = 8, PIXELS = 8 };

/* ptr: results, bytes, table; `n` times `*unrolled` elements. */
static void body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const int64_t *unrolled = ctx;
    qir_dtype t = g->op->results[0].type->dtype;
    int64_t size = (int64_t)qir_dtype_bytes(t);
    (void)splat;
    for (int64_t i = 0; i < n * *unrolled; i++) {
        llb_val x = llb_load(g, llb_int(g, 8), llb_at(g, ptr[1], i), 1);
        x = LLVMBuildZExt(g->b, x, llb_int(g, 64), "");
        llb_val from = llb_index(g, llb_at(g, ptr[2], i % *unrolled * 256 * size), x, size);
        llb_store(g, llb_load(g, qcg_storage(g, t), from, (unsigned)size),
                  llb_at(g, ptr[0], i * size), (unsigned)size);
    }
}

bool qir_lower_lookup(qcg *g)
{
    const qir_type *table = qir_op_operand(g->op, 1)->type, *y = g->op->results[0].type;
    int64_t size = (int64_t)qir_dtype_bytes(y->dtype), rows = table->rank == 2 ? table->dims[0] : 1;
    int64_t unrolled = rows <= MOST_CHANNELS ? rows : 1;
    if (qir_type_elements(y) == 0)
        return true;
    qcg_nest n = {
        .rank = 2,
        .nptr = 3,
        .dim = {qir_type_elements(y) / rows, rows / unrolled},
        .step = {{rows * size, unrolled * size}, {rows, unrolled}, {0, unrolled * 256 * size}},
        .elem = {unrolled * size, unrolled, 256 * size},
        .ptr = {g->out, qcg_operand(g, 0), qcg_operand(g, 1)},
    };
    qcg_nest_run(g, &n, rows == 1 ? PIXELS : 1, body, &unrolled);
    return true;
}
