/* linear_dynamic and conv_dynamic: tables of the weights, and the walk over the operand. */
#include "kernels/dynamic.h"

#include <math.h>
#include "kernels/codes.h"
#include "kernels/weights.h"
#include "qir/pack.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

typedef struct job {
    const qir_kernel_plan *p;
    const qir_type *w;   /* of the weight */
    const void *data;    /* its elements, row-major */
    qir_pack_shape shape;
    qcg_window win;
    qcg_gemm m;
    qcg_dynamic d;
    qcg_epilogue plain; /* no steps: floats are stored as they are */
} job;

/* --- tables of the weights -------------------------------------------------------------------- */

static int64_t columns(const job *j)
{
    return j->shape.nblocks * j->shape.info->nblock;
}

/* Index of the row-major weight where section `section` of row `row` begins. */
static int64_t first_weight(const job *j, int64_t row, int64_t section)
{
    return row * j->shape.k + section * (j->shape.k / j->shape.sections);
}

/* Entry of a table of all groups for (row, section): blocks, sections, columns of a block. */
static int64_t entry(const job *j, int64_t row, int64_t section)
{
    int64_t nb = j->shape.info->nblock, n = row % j->shape.n;
    int64_t block = row / j->shape.n * j->shape.nblocks + n / nb;
    return (block * j->shape.sections + section) * nb + n % nb;
}

#define EACH_ENTRY(j, row, section)                                                                \
    for (int64_t row = 0; row < (j)->shape.groups * (j)->shape.n; row++)                           \
        for (int64_t section = 0; section < (j)->shape.sections; section++)

static int64_t entries(const job *j)
{
    return j->shape.groups * columns(j) * j->shape.sections;
}

/* Can sums of sections be scaled as floats that they begin as? */
static bool fuses(const qcg *g, const job *j, const float *scale)
{
    int64_t each = j->shape.k / j->shape.sections, largest = 255 * ((1 << qir_dtype_bits(j->w->dtype)) - 1);
    if (!g->machine->fuses || j->shape.sections < 2 || each >= (1 << 22) / largest)
        return false;
    for (int64_t i = 0; i < entries(j); i++) {
        float product = QCG_FLOAT_BASE * scale[i];
        if (!(scale[i] >= 0.0f) || !isfinite(product) || (double)product != (double)QCG_FLOAT_BASE * (double)scale[i])
            return false;
    }
    return true;
}

static void put_scales(qcg *g, job *j)
{
    float *v = QIR_NEW_ARRAY(g->arena, float, (size_t)entries(j));
    EACH_ENTRY(j, row, section)
        v[entry(j, row, section)] =
            j->w->quant->scale[qir_quant_index(j->w, first_weight(j, row, section))];
    j->d.fused = fuses(g, j, v);
    j->d.weight_scale = qcg_stored_scales(g, v, (size_t)entries(j), &j->d.scale_type);
}

static int32_t zero_point(const job *j, int64_t row, int64_t section)
{
    return j->w->quant->zero_point[qir_quant_index(j->w, first_weight(j, row, section))];
}

/* Zero points that unpacked weights still have. */
static void put_zeros(qcg *g, job *j)
{
    int8_t *v = QIR_NEW_ARRAY(g->arena, int8_t, (size_t)entries(j));
    bool any = false;
    j->d.raised = qir_pack_raised(j->shape.info);
    EACH_ENTRY(j, row, section) {
        int32_t z = zero_point(j, row, section) - qir_pack_origin(j->w);
        v[entry(j, row, section)] = (int8_t)(z + j->d.raised);
        any = any || z != 0;
    }
    if (any && j->shape.parts > 1)
        j->d.weight_zero = qcg_const(g, v, (size_t)entries(j), 64);
}

static int32_t stored(const job *j, int64_t i)
{
    return qir_dtype_is_signed(j->w->dtype) ? ((const int8_t *)j->data)[i]
                                            : ((const uint8_t *)j->data)[i];
}

/* Weights that share elements and have sections are counted where they are read: once for many rows, or, if that is
 * one dot step more, for so few rows that they wait for memory. */
static bool counts(const job *j)
{
    enum { FEW_ROWS = 2 };
    bool cheap = j->p->weight_bytes || (j->m.m->counts && j->p->panel_rows <= FEW_ROWS);
    return cheap && j->shape.parts > 1 && j->shape.sections > 1;
}

static void put_sums(qcg *g, job *j)
{
    size_t n = (size_t)entries(j);
    int32_t *v = QIR_NEW_ARRAY(g->arena, int32_t, n);
    int16_t *half = QIR_NEW_ARRAY(g->arena, int16_t, n);
    int64_t each = j->shape.k / j->shape.sections;
    j->d.counted = counts(j);
    j->d.sum_type = j->d.counted && each << qir_dtype_bits(j->w->dtype) > INT16_MAX ? QIR_i32 : QIR_i16;
    if (j->d.counted)
        return;
    EACH_ENTRY(j, row, section) {
        int32_t z = zero_point(j, row, section), sum = 0;
        for (int64_t i = 0; i < each; i++)
            sum += stored(j, first_weight(j, row, section) + i) - z;
        v[entry(j, row, section)] = sum;
        half[entry(j, row, section)] = (int16_t)sum;
        if (sum != (int16_t)sum)
            j->d.sum_type = QIR_i32;
    }
    j->d.sums = j->d.sum_type == QIR_i32 ? qcg_const(g, v, n * 4, 64) : qcg_const(g, half, n * 2, 64);
}

static bool put_bias(qcg *g, job *j)
{
    const void *data;
    if (!qcg_bias_data(g, &data))
        return false;
    if (!data)
        return true;
    int64_t n = j->shape.groups * columns(j);
    float *v = QIR_NEW_ARRAY(g->arena, float, (size_t)n);
    for (int64_t row = 0; row < j->shape.groups * j->shape.n; row++)
        v[row / j->shape.n * columns(j) + row % j->shape.n] = ((const float *)data)[row];
    j->d.bias = qcg_const(g, v, (size_t)n * 4, 64);
    return true;
}

/* --- the walk --------------------------------------------------------------------------------- */

/* One product per group; the rows of a step that is not direct belong to one image. */
static void products(qcg *g, void *ctx, const qcg_block *b)
{
    const job *j = ctx;
    int64_t table = columns(j) * j->shape.sections;
    qcg_gemm m = j->m;
    qcg_dynamic d = j->d;
    bool one = qir_type_elements(qir_op_operand(g->op, 1)->type) == 1;
    d.row_step = !one && j->p->direct ? 4 : 0;
    d.scale = llb_index(g, qcg_operand(g, 1), b->at, one ? 0 : 4);
    d.zero = llb_index(g, qcg_operand(g, 2), b->at, one ? 0 : 4);
    llb_loop l;
    llb_begin(g, &l, 0, j->p->w.groups, 1);
    if (!j->p->direct)
        qcg_panel_gather(g, &j->win, l.iv);
    m.a = j->p->direct ? b->rows : j->win.panel;
    m.w = llb_index(g, m.w, l.iv, (int64_t)qir_pack_bytes(&j->shape) / j->shape.groups);
    m.out = llb_index(g, b->out, l.iv, m.n * 4);
    d.weight_scale = llb_index(g, d.weight_scale, l.iv, table * (int64_t)qir_dtype_bytes(d.scale_type));
    d.weight_zero = d.weight_zero ? llb_index(g, d.weight_zero, l.iv, table) : NULL;
    if (d.sums)
        d.sums = llb_index(g, d.sums, l.iv, table * (int64_t)qir_dtype_bytes(d.sum_type));
    d.bias = d.bias ? llb_index(g, d.bias, l.iv, columns(j) * 4) : NULL;
    m.dynamic = &d;
    if (m.unpacked)
        qcg_zero_words(g, &m, &d, llb_at(g, m.unpacked, -(int64_t)j->p->zero_bytes));
    qcg_gemm_emit(g, &m);
    llb_end(g, &l);
}

/* Steps of a section, each of pairs of products with u8, whose sums fit i16. */
static bool is_narrow(const job *j)
{
    int64_t range = 1 << qir_dtype_bits(j->w->dtype), largest = j->d.weight_zero ? range - 1 : range / 2;
    int64_t steps = j->shape.kblocks / j->shape.sections * j->shape.parts;
    return j->m.m->pairs && j->shape.parts > 1 && j->shape.sections > 1 && steps * 2 * UINT8_MAX * largest <= INT16_MAX;
}

static void set_product(qcg *g, job *j)
{
    j->m.n = j->shape.n;
    j->m.lines = 1;
    j->m.rows = j->p->panel_rows;
    j->m.sections = j->shape.sections;
    j->m.kblocks = j->shape.kblocks / j->shape.sections;
    j->m.parts = (unsigned)j->shape.parts;
    j->m.narrow = is_narrow(j);
    j->m.a_stride = j->p->pitch * (int64_t)j->p->elem;
    j->m.out_stride = j->p->w.o * 4;
    j->m.e = &j->plain;
    if (j->p->weight_bytes) {
        j->m.unpacked = llb_at(g, g->ws, (int64_t)(j->p->band_bytes + j->p->panel_bytes + j->p->zero_bytes));
        j->m.unpacked_columns = j->p->weight_rows;
        j->m.unpacked_sections = j->p->weight_sections;
    }
    if (j->p->sum_bytes)
        j->d.partial = llb_at(g, j->m.unpacked, (int64_t)j->p->weight_bytes);
    j->m.dynamic = &j->d;
    j->d.grouped = j->w->quant->group != 0;
    j->d.operand_raised = j->p->raised ? 128 : 0;
}

bool qcg_lower_gemm_dynamic(qcg *g, const qir_kernel_plan *p)
{
    const qir_type *w = qir_op_operand(g->op, (uint32_t)qir_op_weight(g->op))->type;
    job j = {.p = p, .w = w->kind == QIR_PACKED ? w->logical : w};
    qir_packing packing = qir_level_dynamic_packing(g->level, g->op);
    j.data = qcg_weight_data(g, p->w.groups);
    j.m.m = qcg_machine_of(g->machine, p->packing);
    j.m.w = j.data ? qcg_weights_packed(g, p->w.groups, packing) : NULL;
    if (!j.m.w || !qir_pack_shape_get_groups(packing, j.w, p->w.groups, &j.shape))
        return false;
    qcg_window_init(g, &j.win, p, 0);
    qcg_window_take_zero_points(g, &j.win);
    put_scales(g, &j);
    put_zeros(g, &j);
    if (!p->centred)
        put_sums(g, &j);
    if (!put_bias(g, &j))
        return false;
    set_product(g, &j);
    j.win.inner = qcg_gemm_units(g, &j.m);
    qcg_window_walk(g, &j.win, 4, products, &j);
    return true;
}
