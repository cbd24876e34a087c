/* lstm, gru and rnn on f32: loops over steps and rows at run time; one step of one row is the products
 * with r, into the workspace, and a pass over the cells.  The states live in their results. */
#include <math.h>
#include <string.h>
#include "fmath_ir.h"
#include "kernels/codes.h"
#include "kernels/lanes.h"
#include "kernels/nest.h"
#include "kernels/window.h"

enum { WIDTH = 8, BLOCK = 4 };

typedef struct layer {
    int64_t steps, rows, cells, gates;
    bool coded;      /* r is quantized */
    qcg_codes codes; /* then */
    llb_val made;    /* BLOCK rows of it */
    llb_val dot;     /* [gates * cells] */
    llb_val scaled;  /* [cells]: r * h (gru) */
    llb_val extra;   /* peephole weights or recurrent bias, or NULL */
    llb_val x, h, c, y; /* of one row of one step */
} layer;

typedef void (*row_fn)(qcg *g, layer *l);

/* Values j .. j + n - 1 of block `gate`. */
static llb_val block(qcg *g, const layer *l, llb_val ptr, int64_t gate, llb_val j, unsigned n)
{
    return qcg_lanes_load(g, llb_at(g, ptr, gate * l->cells * 4), j, n);
}

static llb_val add(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildFAdd(g->b, a, b, "");
}

static llb_val mul(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildFMul(g->b, a, b, "");
}

/* BLOCK rows of a quantized r at a time. */
static void coded_products(qcg *g, const layer *l, llb_val h, int64_t first, int64_t count)
{
    int64_t block = count < BLOCK ? count : BLOCK;
    llb_loop blocks, rows;
    llb_begin(g, &blocks, 0, count, block);
    llb_val at = llb_add(g, qcg_overlap(g, blocks.iv, count, block), llb_i64(g, first));
    llb_begin(g, &rows, 0, block, 1);
    llb_val to = llb_index(g, l->made, rows.iv, l->cells * 4);
    qcg_codes_row(g, &l->codes, llb_add(g, at, rows.iv), to, l->cells);
    llb_end(g, &rows);
    qcg_lanes_products(g, llb_index(g, l->dot, at, 4), h, l->made, l->cells, block);
    llb_end(g, &blocks);
}

/* Products with rows of gates first .. first + count - 1 of r. */
static void products(qcg *g, const layer *l, llb_val h, int64_t first, int64_t count)
{
    int64_t at = first * l->cells * 4;
    if (l->coded) {
        coded_products(g, l, h, first * l->cells, count * l->cells);
        return;
    }
    qcg_lanes_products(g, llb_at(g, l->dot, at), h, llb_at(g, qcg_operand(g, 1), at * l->cells),
                       l->cells, count * l->cells);
}

static llb_val gate_sum(qcg *g, const layer *l, int64_t gate, llb_val j, unsigned n)
{
    return add(g, block(g, l, l->x, gate, j, n), block(g, l, l->dot, gate, j, n));
}

static void store_h(qcg *g, const layer *l, llb_val h, llb_val j)
{
    qcg_lanes_store(g, h, l->h, j);
    qcg_lanes_store(g, h, l->y, j);
}

/* --- lstm -------------------------------------------------------------------------------------- */
static llb_val with_peephole(qcg *g, const layer *l, llb_val v, int64_t i, llb_val c, llb_val j)
{
    return l->extra ? add(g, v, mul(g, block(g, l, l->extra, i, j, llb_lanes(v)), c)) : v;
}

static void lstm_cells(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const layer *l = ctx;
    llb_val c = qcg_lanes_load(g, l->c, j, n);
    llb_val i = qcg_fm_sigmoid(g, with_peephole(g, l, gate_sum(g, l, 0, j, n), 0, c, j));
    llb_val f = qcg_fm_sigmoid(g, with_peephole(g, l, gate_sum(g, l, 1, j, n), 1, c, j));
    llb_val t = qcg_fm_tanh(g, gate_sum(g, l, 2, j, n));
    float clip = qir_op_float(g->op, "cell_clip");
    c = add(g, mul(g, f, c), mul(g, i, t));
    if (clip < INFINITY)
        c = llb_clamp_f32(g, c, -clip, clip);
    qcg_lanes_store(g, c, l->c, j);
    llb_val o = qcg_fm_sigmoid(g, with_peephole(g, l, gate_sum(g, l, 3, j, n), 2, c, j));
    store_h(g, l, mul(g, o, qcg_fm_tanh(g, c)), j);
}

static void lstm_row(qcg *g, layer *l)
{
    products(g, l, l->h, 0, 4);
    qcg_lanes_each(g, l->cells, WIDTH, lstm_cells, l);
}

/* --- gru --------------------------------------------------------------------------------------- */
static llb_val with_bias(qcg *g, const layer *l, int64_t gate, llb_val j, unsigned n)
{
    llb_val dot = block(g, l, l->dot, gate, j, n);
    return l->extra ? add(g, dot, block(g, l, l->extra, gate, j, n)) : dot;
}

static llb_val gru_gate(qcg *g, const layer *l, int64_t gate, llb_val j, unsigned n)
{
    return qcg_fm_sigmoid(g, add(g, block(g, l, l->x, gate, j, n), with_bias(g, l, gate, j, n)));
}

static void scale_h(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const layer *l = ctx;
    qcg_lanes_store(g, mul(g, gru_gate(g, l, 0, j, n), qcg_lanes_load(g, l->h, j, n)), l->scaled, j);
}

static void gru_cells(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const layer *l = ctx;
    llb_val z = gru_gate(g, l, 1, j, n), recurrent = with_bias(g, l, 2, j, n);
    if (qir_op_bool(g->op, "reset_after"))
        recurrent = mul(g, gru_gate(g, l, 0, j, n), recurrent);
    llb_val t = qcg_fm_tanh(g, add(g, block(g, l, l->x, 2, j, n), recurrent));
    llb_val rest = LLVMBuildFSub(g->b, llb_f32s(g, 1.0f, n), z, "");
    store_h(g, l, add(g, mul(g, rest, t), mul(g, z, qcg_lanes_load(g, l->h, j, n))), j);
}

static void gru_row(qcg *g, layer *l)
{
    bool after = qir_op_bool(g->op, "reset_after");
    products(g, l, l->h, 0, after ? 3 : 2);
    if (!after) {
        qcg_lanes_each(g, l->cells, WIDTH, scale_h, l);
        products(g, l, l->scaled, 2, 1);
    }
    qcg_lanes_each(g, l->cells, WIDTH, gru_cells, l);
}

/* --- rnn --------------------------------------------------------------------------------------- */
static void rnn_cells(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const layer *l = ctx;
    llb_val v = gate_sum(g, l, 0, j, n), zero = llb_f32s(g, 0.0f, n);
    bool relu = !strcmp(qir_op_string(g->op, "activation"), "relu");
    /* maximum of v and 0 that keeps v where it is NaN or -0 */
    store_h(g, l, relu ? llb_fmax(g, zero, v) : qcg_fm_tanh(g, v), j);
}

static void rnn_row(qcg *g, layer *l)
{
    products(g, l, l->h, 0, 1);
    qcg_lanes_each(g, l->cells, WIDTH, rnn_cells, l);
}

/* --- steps ------------------------------------------------------------------------------------- */
static void step(qcg *g, layer *l, llb_val t, row_fn fn)
{
    qcg_share rows;
    qcg_share_begin(g, &rows, l->rows, 1, true);
    llb_val row = rows.loop.iv, at = llb_add(g, llb_mul_const(g, t, l->rows), row);
    int64_t bytes = l->cells * 4;
    l->x = llb_index(g, qcg_operand(g, 0), at, l->gates * bytes);
    l->y = llb_index(g, g->out, at, bytes);
    l->h = llb_index(g, g->outs[1], row, bytes);
    l->c = g->op->nresults > 2 ? llb_index(g, g->outs[2], row, bytes) : NULL;
    fn(g, l);
    qcg_share_end(g, &rows);
}

/* First states into the results that hold them; rows are shared as those of the steps are. */
static void copy_states(qcg *g, const layer *l)
{
    qcg_share rows;
    qcg_share_begin(g, &rows, l->rows, 1, true);
    for (uint32_t i = 1; i < g->op->nresults; i++)
        qcg_lanes_copy(g, llb_index(g, g->outs[i], rows.loop.iv, l->cells * 4),
                       llb_index(g, qcg_operand(g, i + 1), rows.loop.iv, l->cells * 4), l->cells);
    qcg_share_end(g, &rows);
}

static bool lower(qcg *g, uint32_t extra, row_fn fn)
{
    const qir_type *xw = qir_op_operand(g->op, 0)->type, *r = qir_op_operand(g->op, 1)->type;
    if (xw->dtype != QIR_f32)
        return qcg_unsupported(g, "f32");
    layer l = {.steps = xw->dims[0], .rows = xw->dims[1], .cells = r->dims[1], .dot = g->ws};
    l.gates = r->dims[0] / l.cells;
    l.scaled = llb_at(g, g->ws, r->dims[0] * 4);
    l.made = llb_at(g, l.scaled, l.cells * 4);
    l.coded = r->quant;
    if (l.coded && !qcg_codes_get(g, 1, &l.codes))
        return false;
    l.extra = qir_op_operand(g->op, extra) ? qcg_operand(g, extra) : NULL;
    copy_states(g, &l);
    llb_loop steps;
    llb_begin(g, &steps, 0, l.steps, 1);
    llb_val last = llb_i64(g, l.steps - 1);
    step(g, &l, qir_op_bool(g->op, "reverse") ? LLVMBuildSub(g->b, last, steps.iv, "") : steps.iv, fn);
    llb_end(g, &steps);
    return true;
}

bool qir_lower_lstm(qcg *g)
{
    return lower(g, 4, lstm_row);
}

bool qir_lower_gru(qcg *g)
{
    return lower(g, 3, gru_row);
}

bool qir_lower_rnn(qcg *g)
{
    return lower(g, UINT32_MAX, rnn_row);
}
