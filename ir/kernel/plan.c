/* Blocks, bands and panels: what several kernels need. */
#include "kernel/kernel.h"

#include "qir/layout.h"
#include "qir/support/checked.h"

enum { PANEL_ROWS = 60, MANY_ROWS = 12, SLACK = 128, LINE = 64, PAGE = 4096, PAIRED = 16 };

const qir_type *qir_plan_weight(const qir_op *op)
{
    const qir_type *t = op->operands[qir_op_weight(op)].value->type;
    return t->kind == QIR_PACKED ? t->logical : t;
}

qir_const *qir_plan_weight_const(const qir_op *op)
{
    qir_value *v = qir_op_operand(op, (uint32_t)qir_op_weight(op));
    return v->type->kind == QIR_TENSOR ? qir_value_const(qir_value_root(v)) : NULL;
}

bool qir_plan_weight_is_i8(const qir_op *op)
{
    const qir_type *w = qir_plan_weight(op);
    if (w->dtype != QIR_i8)
        return false;
    for (size_t i = 0; w->quant && i < w->quant->count; i++)
        if (w->quant->zero_point[i])
            return false;
    return true;
}

bool qir_plan_is_dynamic(const qir_op *op)
{
    return qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_DYNAMIC;
}

bool qir_plan_is_float(const qir_op *op)
{
    return qir_dtype_is_float(op->operands[0].value->type->dtype);
}

bool qir_plan_is_of_bytes(const qir_op *op)
{
    return qir_type_is_byte_quant(op->operands[0].value->type) && op->results[0].type->dtype != QIR_i16;
}

bool qir_plan_is_depthwise(const qir_op *op, const qir_window *w)
{
    return !qir_plan_is_dynamic(op) && w->groups == w->c && w->o == w->c && w->c > 1;
}

int64_t qir_plan_times(int64_t a, int64_t b)
{
    int64_t r;
    return qir_mul_i64(a, b, &r) && r < INT64_MAX >> 2 ? r : INT64_MAX >> 2;
}

size_t qir_plan_buffer(int64_t elements, size_t elem)
{
    return ((size_t)qir_plan_times(elements, (int64_t)elem) + SLACK + 63) / 64 * 64;
}

int64_t qir_plan_span(const qir_window *w, unsigned axis, int64_t results)
{
    return (results - 1) * w->stride[axis] + (w->kernel[axis] - 1) * w->dilation[axis] + 1;
}

/* Size of equal blocks of at most `most` that cover `size`: the last one overlaps least. */
static int64_t even_blocks(int64_t size, int64_t most)
{
    if (most < 1)
        most = 1;
    return qir_ceil_div(size, qir_ceil_div(size, most));
}

int64_t qir_plan_fitting_blocks(int64_t size, int64_t most)
{
    int64_t best = most;
    for (int64_t b = most; 2 * b >= most && b; b--)
        if (qir_ceil_div(size, b) * b < qir_ceil_div(size, best) * best)
            best = b;
    return best;
}

int64_t qir_plan_block_in(const qir_kernel_plan *p, int64_t bytes)
{
    const qir_window *w = &p->w;
    int64_t width = qir_plan_times(w->kernel[0], p->band_width);
    int64_t row = qir_plan_times(width, qir_plan_times(w->c, (int64_t)p->elem));
    return bytes / qir_plan_times(row, w->stride[1]);
}

void qir_plan_bands(qir_kernel_plan *p, int64_t rows)
{
    qir_plan_bands_of(p, even_blocks(p->w.out[1], rows));
}

void qir_plan_bands_of(qir_kernel_plan *p, int64_t rows)
{
    const qir_window *w = &p->w;
    p->block = rows;
    p->panel_rows = p->block * w->out[2];
    p->band_rows = qir_plan_span(w, 1, p->block);
    p->has_band = true;
    int64_t plane = qir_plan_times(qir_plan_times(p->band_rows, p->band_width), w->c);
    p->band_bytes = qir_plan_buffer(qir_plan_times(w->kernel[0], plane), p->elem);
}

/* Of every step: rows of a linear op have their own, positions of an image share one. */
static bool one_zero_point(const qir_op *op)
{
    return op->opcode != QIR_OP_conv_dynamic || op->operands[0].value->type->dims[0] == 1 ||
           qir_type_elements(op->operands[1].value->type) == 1;
}

/* Rows that lie a multiple of a page apart share the few lines of one set of the first-level cache; half a
 * page, of two. */
static bool crowded(const qir_kernel_plan *p, int64_t distance)
{
    return !p->is_float && qir_plan_times(p->k_stride, (int64_t)p->elem) % distance == 0;
}

/* Even, for pairs: all rows at once only where they are. */
static int64_t block_of_pairs(int64_t positions, int64_t block)
{
    if (block == positions && positions % 2)
        block = qir_ceil_div(positions, 2);
    return block + block % 2;
}

/* Rows of a panel: all panels alike, or of whole tiles, the last of which then overlap least. */
static int64_t panel_rows(const qir_kernel_plan *p, int64_t positions)
{
    int64_t tile = p->tile_rows;
    if (!tile)
        return even_blocks(positions, p->most_rows);
    int64_t rows = tile * qir_plan_fitting_blocks(qir_ceil_div(positions, tile), p->most_rows / tile);
    return rows < positions ? rows : positions;
}

static void plan_direct(qir_kernel_plan *p, size_t operand)
{
    const qir_window *w = &p->w;
    int64_t positions = w->n * w->out[0] * w->out[1] * w->out[2];
    p->pairs = p->pairs && positions > 1;
    p->in_place = !p->pairs && p->elem == operand && p->k_stride == p->k && !p->raised &&
                  (positions < MANY_ROWS || !crowded(p, PAGE));
    p->block = p->in_place ? positions : panel_rows(p, positions);
    if (p->pairs)
        p->block = block_of_pairs(positions, p->block);
    p->panel_rows = p->block;
}

/* Enough panel rows to reuse the weights, few enough to stay in cache. */
void qir_plan_panels(qir_kernel_plan *p, const qir_op *op)
{
    const qir_window *w = &p->w;
    if (p->most_rows < PANEL_ROWS)
        p->most_rows = PANEL_ROWS;
    p->k = w->c / w->groups * w->taps;
    p->k_stride = p->sections * qir_ceil_div(p->k / p->sections, p->kgroup) * p->kgroup;
    p->direct = w->taps == 1 && !w->padded && w->groups == 1 && one_zero_point(op);
    for (unsigned a = 0; a < 3; a++)
        p->direct = p->direct && w->stride[a] == 1;
    if (p->direct)
        plan_direct(p, qir_dtype_bytes(op->operands[0].value->type->dtype));
    else
        qir_plan_bands(p, p->most_rows / w->out[2]);
    p->pairs = p->pairs && p->panel_rows % 2 == 0;
    p->pitch = p->pairs ? qir_ceil_div(p->k_stride, PAIRED) * PAIRED : p->k_stride;
    if (!p->in_place && crowded(p, PAGE / 2))
        p->pitch += LINE / (int64_t)p->elem;
    if (!p->in_place)
        p->panel_bytes = qir_plan_buffer(qir_plan_times(p->panel_rows, p->pitch), p->elem);
}
