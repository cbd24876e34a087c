/* Elementwise ops from 8 bits to 8 bits: a table of all results, made at compile time. */
#include "kernels/elementwise.h"

enum { TABLE_ALIGN = 64 };

/* --- the table ------------------------------------------------------------------------------------ */
static void take_differences(uint8_t table[QCG_TABLE])
{
    enum { ROW = QCG_TABLE / QCG_TABLE_ROWS, HALF = QCG_TABLE / 2 };
    for (int i = QCG_TABLE - 1; i >= 0; i--)
        if (i % HALF >= ROW)
            table[i] ^= table[i - ROW];
}

/* From an order by value to that of stored bytes, as the level wants it. */
static llb_val place(qcg *g, const qcg_lookup *l, const int8_t results[QCG_TABLE])
{
    uint8_t table[QCG_TABLE];
    unsigned first = qir_dtype_is_signed(qcg_operand_type(g, 0)->dtype) ? QCG_TABLE / 2 : 0;
    for (unsigned i = 0; i < QCG_TABLE; i++)
        table[(first + i) % QCG_TABLE] = (uint8_t)results[i];
    if (l && l->differences)
        take_differences(table);
    return qcg_const(g, table, sizeof table, TABLE_ALIGN);
}

static qcg_byte_table open_table(qcg *g, const qcg_lookup *l, llb_val at)
{
    qcg_byte_table from = {.at = at}, t = {0};
    if (!l->keep)
        return from;
    for (unsigned i = 0; i < QCG_TABLE / l->row_bytes; i++)
        t.row[i] = qcg_byte_table_row(g, l, &from, i);
    return t;
}

/* --- looking up ----------------------------------------------------------------------------------- */
static void one_by_one(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    (void)splat, (void)n;
    llb_val index = LLVMBuildZExt(g->b, llb_load(g, llb_int(g, 8), ptr[1], 1), llb_int(g, 64), "");
    llb_store(g, llb_load(g, llb_int(g, 8), llb_offset(g, ctx, index), 1), ptr[0], 1);
}

/* Fewer than a step takes are looked up as a step of which they are the first. */
static void by_steps(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const qcg_lookup *l = g->machine->lookup;
    qcg_byte_table t = *(const qcg_byte_table *)ctx;
    (void)splat;
    if (t.at)
        t.at = llb_hide(g, t.at); /* or rows would be loaded before the loop, and spilled */
    llb_val x = llb_load(g, llb_vec(llb_int(g, 8), n), ptr[1], 1);
    llb_store(g, llb_slice(g, l->step(g, &t, llb_slice(g, x, 0, l->bytes)), 0, n), ptr[0], 1);
}

bool qcg_elementwise_table(qcg *g, const int8_t results[QCG_TABLE])
{
    const qcg_lookup *l = g->machine->lookup;
    llb_val at = place(g, l, results);
    qcg_nest n;
    qcg_nest_elementwise(g, &n, 1);
    if (l) {
        qcg_byte_table t = open_table(g, l, at);
        qcg_nest_run(g, &n, l->bytes, by_steps, &t);
    } else {
        qcg_nest_run(g, &n, 1, one_by_one, at);
    }
    return true;
}
