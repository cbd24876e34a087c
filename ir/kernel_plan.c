/* Window geometry and blocking: see qir/kernel_plan.h. */
#include "qir/kernel_plan.h"

#include <string.h>
#include "qir/ops.h"
#include "qir/support/checked.h"

enum { PANEL_ROWS = 60, SLACK = 128, BAND_BYTES = 24 << 10, WEIGHT_BYTES = 16 << 10, TILE = 2 };

/* Entry i of n spatial axes out of an attribute that may hold one entry for all. */
static int64_t entry(const int64_t *v, size_t len, unsigned i)
{
    return len == 1 ? v[0] : v[i];
}

static const qir_type *weight_type(const qir_op *op)
{
    const qir_type *t = op->operands[qir_op_weight(op)].value->type;
    return t->kind == QIR_PACKED ? t->logical : t;
}

static void spatial_axes(const qir_op *op, unsigned n, qir_window *w)
{
    size_t nk = 0, ns, np, nd;
    const int64_t *kernel = NULL;
    const int64_t *strides = qir_op_ints(op, "strides", &ns), *pads = qir_op_ints(op, "pads", &np);
    const int64_t *dilations = qir_op_ints(op, "dilations", &nd);
    const qir_type *x = op->operands[0].value->type, *y = op->results[0].type;
    const qir_type *f = qir_op_weight(op) < 0 ? NULL : weight_type(op);
    if (!f)
        kernel = qir_op_ints(op, "kernel", &nk);
    for (unsigned i = 0; i < n; i++) {
        unsigned a = 3 - n + i;
        w->in[a] = x->dims[2 + i];
        w->out[a] = y->dims[2 + i];
        w->kernel[a] = f ? f->dims[2 + i] : entry(kernel, nk, i);
        w->stride[a] = entry(strides, ns, i);
        w->dilation[a] = entry(dilations, nd, i);
        w->begin[a] = entry(pads, np, i);
    }
}

void qir_window_get(const qir_op *op, qir_window *w)
{
    const qir_type *x = op->operands[0].value->type, *y = op->results[0].type;
    *w = (qir_window){.n = 1, .groups = 1, .taps = 1};
    for (unsigned a = 0; a < 3; a++)
        w->in[a] = w->out[a] = w->kernel[a] = w->stride[a] = w->dilation[a] = 1;
    if (op->opcode == QIR_OP_linear || op->opcode == QIR_OP_linear_dynamic) {
        w->c = x->dims[x->rank - 1];
        w->o = y->dims[y->rank - 1];
        w->in[2] = w->out[2] = qir_type_elements(y) / (w->o ? w->o : 1);
        return;
    }
    w->n = x->dims[0];
    w->c = x->dims[1];
    w->o = y->dims[1];
    w->groups = qir_op_weight(op) < 0 ? w->c : qir_op_int(op, "groups");
    spatial_axes(op, x->rank - 2, w);
    for (unsigned a = 0; a < 3; a++) {
        int64_t last = (w->out[a] - 1) * w->stride[a] + (w->kernel[a] - 1) * w->dilation[a];
        w->taps *= w->kernel[a];
        w->padded |= w->begin[a] > 0 || last - w->begin[a] >= w->in[a];
    }
}

/* Products of sizes from the model: saturated, for plan-memory to refuse. */
static int64_t times(int64_t a, int64_t b)
{
    int64_t r;
    return qir_mul_i64(a, b, &r) && r < INT64_MAX >> 2 ? r : INT64_MAX >> 2;
}

/* Bytes of `elements`, with the slack, in whole lines. */
static size_t buffer_bytes(int64_t elements, size_t elem)
{
    return ((size_t)times(elements, (int64_t)elem) + SLACK + 63) / 64 * 64;
}

/* Products of bytes only: operands stored as the level wants them, weights without zero points. */
static bool fits_i8(const qir_level_info *level, const qir_op *op)
{
    const qir_type *x = op->operands[0].value->type, *w = weight_type(op);
    if (x->dtype != level->act || w->dtype != QIR_i8)
        return false;
    for (size_t i = 0; w->quant && i < w->quant->count; i++)
        if (w->quant->zero_point[i])
            return false;
    return true;
}

static bool is_dynamic(const qir_op *op)
{
    return qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_DYNAMIC;
}

/* Rows of sections that fill whole elements of the weight. */
static void choose_dynamic(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    const qir_packing_info *info = qir_packing_get(qir_level_dynamic_packing(level, op));
    const qir_quant *q = weight_type(op)->quant;
    p->elem = qir_dtype_bytes(info->elem);
    p->packing = info;
    bool takes_u8 = info->elem == QIR_u8 || (info->elem == QIR_i8 && qir_level_get(level)->act == QIR_u8);
    p->raised = takes_u8 && op->operands[0].value->type->dtype == QIR_i8;
    p->kgroup = info->kgroup * (int64_t)qir_dtype_bits(info->elem) / info->bits;
    p->sections = q->group ? p->w.c / q->group : 1;
    p->centred = p->elem > 1;
}

static void choose_elements(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    p->sections = 1;
    if (is_dynamic(op)) {
        choose_dynamic(level, op, p);
        return;
    }
    p->is_float = qir_dtype_is_float(op->operands[0].value->type->dtype);
    const qir_level_info *facts = qir_level_get(level);
    p->wide = p->kind != QIR_KERNEL_GEMM ||
              (!p->is_float && qir_packing_get(facts->gemm)->elem == QIR_i8 && !fits_i8(facts, op));
    const qir_packing_info *info = qir_packing_get(p->wide ? facts->wide : facts->gemm);
    p->elem = p->is_float ? 4 : qir_dtype_bytes(info->elem);
    p->kgroup = p->is_float ? 16 : info->kgroup;
    if (p->kind == QIR_KERNEL_POOL)
        p->elem = qir_dtype_bytes(op->operands[0].value->type->dtype);
}

/* Size of equal blocks of at most `most` that cover `size`: the last one overlaps least. */
static int64_t even_blocks(int64_t size, int64_t most)
{
    if (most < 1)
        most = 1;
    return qir_ceil_div(size, qir_ceil_div(size, most));
}

/* Output rows per block: enough panel rows to reuse the weights, few enough to stay in cache. */
static int64_t choose_block(const qir_kernel_plan *p)
{
    const qir_window *w = &p->w;
    int64_t block = PANEL_ROWS / w->out[2];
    if (p->kind != QIR_KERNEL_GEMM) {
        int64_t row = times(times(w->kernel[0], p->band_width), times(w->c, (int64_t)p->elem));
        block = BAND_BYTES / times(row, w->stride[1]);
    }
    return even_blocks(w->out[1], block);
}

static void plan_direct(qir_kernel_plan *p)
{
    const qir_window *w = &p->w;
    int64_t positions = w->n * w->out[0] * w->out[1] * w->out[2];
    size_t operand = p->is_float ? 4 : 1;
    p->in_place = p->elem == operand && p->k_stride == p->k && !p->raised;
    p->block = even_blocks(positions, p->in_place ? positions : PANEL_ROWS);
    p->panel_rows = p->block;
}

static void plan_blocks(qir_kernel_plan *p)
{
    const qir_window *w = &p->w;
    p->band_width = (w->out[2] - 1) * w->stride[2] + (w->kernel[2] - 1) * w->dilation[2] + 1;
    p->block = choose_block(p);
    p->panel_rows = p->block * w->out[2];
    p->band_rows = (p->block - 1) * w->stride[1] + (w->kernel[1] - 1) * w->dilation[1] + 1;
    p->has_band = true;
    int64_t plane = times(times(p->band_rows, p->band_width), w->c);
    p->band_bytes = buffer_bytes(times(w->kernel[0], plane), p->elem);
}

/* Size of blocks of at most `most` that cover `size`: of the sizes above half of it the one with
 * which the last block overlaps least. */
static int64_t fitting_blocks(int64_t size, int64_t most)
{
    int64_t best = most;
    for (int64_t b = most; b > most / 2; b--)
        if (qir_ceil_div(size, b) * b < qir_ceil_div(size, best) * best)
            best = b;
    return best;
}

/* Float products: as many rows of the weight at a time as stay in cache, in whole tiles. */
static void plan_weight_rows(const qir_op *op, qir_kernel_plan *p)
{
    int64_t n = p->w.o / p->w.groups, tiles = qir_ceil_div(n, TILE);
    int64_t most = WEIGHT_BYTES / TILE / times(p->k_stride, 4);
    most = most < 1 ? 1 : most < tiles ? most : tiles;
    int64_t rows = fitting_blocks(tiles, most) * TILE;
    p->weight_rows = rows < n ? rows : n;
    if (weight_type(op)->quant)
        p->weight_bytes = buffer_bytes(times(p->weight_rows, p->k_stride), p->elem);
}

/* Of every step: rows of a linear op have their own, positions of an image share one. */
static bool one_zero_point(const qir_op *op)
{
    return op->opcode != QIR_OP_conv_dynamic || op->operands[0].value->type->dims[0] == 1 ||
           qir_type_elements(op->operands[1].value->type) == 1;
}

static bool is_depthwise(const qir_window *w)
{
    return w->groups == w->c && w->o == w->c && w->c > 1;
}

void qir_kernel_plan_get(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    memset(p, 0, sizeof *p);
    qir_window_get(op, &p->w);
    const qir_window *w = &p->w;
    p->kind = qir_op_weight(op) < 0                  ? QIR_KERNEL_POOL
              : is_depthwise(w) && !is_dynamic(op) ? QIR_KERNEL_DEPTHWISE
                                                   : QIR_KERNEL_GEMM;
    choose_elements(level, op, p);
    if (p->kind == QIR_KERNEL_POOL && !w->padded)
        return; /* reads its operand where it is */
    if (p->kind != QIR_KERNEL_GEMM) {
        plan_blocks(p);
        return;
    }
    p->k = w->c / w->groups * w->taps;
    p->k_stride = p->sections * qir_ceil_div(p->k / p->sections, p->kgroup) * p->kgroup;
    bool pointwise = w->taps == 1 && !w->padded && w->groups == 1 && one_zero_point(op);
    for (unsigned a = 0; a < 3; a++)
        pointwise = pointwise && w->stride[a] == 1;
    p->direct = pointwise;
    if (pointwise)
        plan_direct(p);
    else
        plan_blocks(p);
    if (!p->in_place)
        p->panel_bytes = buffer_bytes(times(p->panel_rows, p->k_stride), p->elem);
    if (p->is_float)
        plan_weight_rows(op, p);
}

size_t qir_kernel_plan_bytes(const qir_kernel_plan *p)
{
    return p->band_bytes + p->panel_bytes + p->weight_bytes;
}
