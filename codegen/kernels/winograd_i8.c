/* 3x3 convolution of stride 1 in tiles of 2x2 or 4x4 results: see ir/kernel/winograd_i8.c.
 *
 *   band --B' d B--> panel: matrices [tile][channel] --products--> sums: matrices [tile][column]
 *        --A' m--> lines of pixels --A, epilogue--> results
 *
 * Columns come in groups of a few vectors, and places column by column, so that the sums stay in cache. */
#include <float.h>
#include "kernels/gemm.h"
#include "kernels/winograd.h"
#include "kernels/weights.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

enum { TAPS = 9, ALIGN = 64 };

typedef struct job {
    const qir_kernel_plan *p;
    qcg_window win;
    qcg_gemm m;            /* of one place of all tiles of a block */
    qcg_epilogue sums;     /* of that: none */
    qcg_winograd results;
    int64_t blocks, columns; /* of weights; results of a pixel */
} job;

/* The weights of `vectors` column blocks from `first` on at place 0; *pitch: bytes to the next place. */
static llb_val group_weights(qcg *g, const job *j, llb_val first, unsigned vectors, int64_t *pitch)
{
    const qir_kernel_plan *p = j->p;
    int64_t block = qcg_gemm_block_bytes(&j->m), each = block / (int64_t)p->elem;
    *pitch = p->winograd.weight_pitch;
    if (!*pitch) {
        *pitch = j->blocks * block;
        return llb_index(g, j->m.w, first, block);
    }
    llb_val to = llb_at(g, j->win.panel, (int64_t)p->panel_bytes);
    qcg_winograd_weights(g, &p->winograd, llb_index(g, j->m.w, first, TAPS * each), to, vectors * each);
    return to;
}

/* A loop over the places of a column, or over the columns: `a` and `w` go on by so many places. */
static void next_place(qcg *g, const job *j, qcg_gemm *m, llb_loop *l, int64_t places, int64_t pitch)
{
    llb_begin(g, l, 0, j->p->winograd.tile + 2, 1);
    m->a = llb_index(g, m->a, l->iv, places * j->p->winograd.operand_pitch);
    m->w = llb_index(g, m->w, l->iv, places * pitch);
}

/* Lines of pixels of r->vectors column blocks from `first` on: sums of all places, those of a column at a time. */
static void products(qcg *g, const job *j, const qcg_winograd *r, llb_val first)
{
    qcg_gemm m = j->m;
    int64_t pitch;
    llb_loop lx, ly;
    m.n = r->vectors * m.m->lanes;
    m.out_stride = m.n * 4;
    m.w = group_weights(g, j, first, r->vectors, &pitch);
    next_place(g, j, &m, &lx, 1, pitch);
    next_place(g, j, &m, &ly, j->p->winograd.tile + 2, pitch);
    m.out = llb_index(g, m.out, ly.iv, j->p->winograd.sum_pitch);
    qcg_gemm_emit(g, &m);
    llb_end(g, &ly);
    qcg_winograd_column(g, r, first, lx.iv);
    llb_end(g, &lx);
}

/* `count` groups of as many vectors from block `first` on; `tail`: columns of the last vector. */
static void column_groups(qcg *g, const job *j, const qcg_block *b, int64_t first, int64_t count,
                          unsigned vectors, unsigned tail)
{
    qcg_share s;
    qcg_winograd r = j->results;
    qcg_share_begin(g, &s, count * vectors, vectors, true);
    llb_val block = llb_add(g, s.loop.iv, llb_i64(g, first));
    r.image = b->at;
    r.plane = b->plane;
    r.row = b->row;
    r.vectors = vectors;
    products(g, j, &r, block);
    unsigned whole = vectors - (tail != 0);
    if (whole)
        qcg_winograd_results(g, &r, block, 0, whole, 0);
    if (tail)
        qcg_winograd_results(g, &r, block, whole, 1, tail);
    qcg_share_end(g, &s);
}

static void block(qcg *g, void *ctx, const qcg_block *b)
{
    const job *j = ctx;
    unsigned lanes = j->m.m->lanes, tail = (unsigned)(j->columns % lanes);
    int64_t vectors = QIR_WINOGRAD_VECTORS, whole = j->columns / (vectors * lanes);
    int64_t rest = j->blocks - whole * vectors;
    qcg_winograd_operands(g, &j->win, j->results.sums);
    if (whole)
        column_groups(g, j, b, 0, whole, (unsigned)vectors, 0);
    if (rest)
        column_groups(g, j, b, whole * vectors, 1, (unsigned)rest, tail);
}

/* Of the transformed weights of a place, where that of output `n` and channel `k` lies: in the order of a packing
 * with the machine's lanes and kgroup. */
static int64_t packed_at(const job *j, int64_t n, int64_t k)
{
    int64_t lanes = j->m.m->lanes, kg = j->m.m->kgroup;
    return ((n / lanes * j->m.kblocks + k / kg) * lanes + n % lanes) * kg + k % kg;
}

static int16_t tap(const job *j, const qcg_weights *w, int64_t n, int64_t k, unsigned t)
{
    return w->i16[(n * TAPS + t) * j->p->k + k];
}

/* Transformed weights of every place. */
static llb_val transformed(qcg *g, const job *j, const qcg_weights *w)
{
    const qir_winograd *form = &j->p->winograd;
    int64_t place = j->blocks * qcg_gemm_block_bytes(&j->m) / 2;
    int16_t *v = QIR_NEW_ARRAY(g->arena, int16_t, (size_t)(form->places * place));
    int16_t u[QCG_WINOGRAD_PLACES], taps[TAPS];
    for (int64_t n = 0; n < w->n; n++) {
        for (int64_t k = 0; k < j->p->k; k++) {
            for (unsigned t = 0; t < TAPS; t++)
                taps[t] = tap(j, w, n, k, t);
            qcg_winograd_weight(form, taps, u);
            for (int64_t i = 0; i < form->places; i++)
                v[i * place + packed_at(j, n, k)] = u[i];
        }
    }
    return qcg_const(g, v, (size_t)(form->places * place) * sizeof *v, ALIGN);
}

/* Bytes for qcg_winograd_weights. */
static llb_val untransformed(qcg *g, const job *j, const qcg_weights *w)
{
    int64_t lanes = qcg_winograd_lanes(g), all = TAPS * j->blocks * qcg_gemm_block_bytes(&j->m) / 2;
    int8_t *v = QIR_NEW_ARRAY(g->arena, int8_t, (size_t)all);
    for (int64_t n = 0; n < w->n; n++) {
        for (int64_t k = 0; k < j->p->k; k++) {
            int64_t at = packed_at(j, n, k);
            for (unsigned t = 0; t < TAPS; t++)
                v[(at / lanes * TAPS + t) * lanes + at % lanes] = (int8_t)tap(j, w, n, k, t);
        }
    }
    return qcg_const(g, v, (size_t)all, ALIGN);
}

static void set_product(qcg *g, job *j, const qcg_weights *w)
{
    const qir_kernel_plan *p = j->p;
    j->m = (qcg_gemm){.m = g->machine->wide, .lines = 1, .sections = 1, .parts = 1, .e = &j->sums};
    j->m.rows = p->panel_rows;
    j->m.kblocks = p->k_stride / j->m.m->kgroup;
    j->m.a_stride = p->k_stride * (int64_t)p->elem;
    j->m.a = j->win.panel;
    j->m.out = j->results.sums;
    j->columns = w->n;
    j->blocks = qir_ceil_div(w->n, j->m.m->lanes);
    j->m.w = (p->winograd.weight_pitch ? untransformed : transformed)(g, j, w);
}

/* Divides each factor, if that is exact: of floats that stay normal. */
static bool divide(qir_factor *f, int64_t count, float power_of_two)
{
    for (int64_t i = 0; i < count; i++)
        if (f[i].fixed || (f[i].real != 0.0f && f[i].real < power_of_two * FLT_MIN))
            return false;
    for (int64_t i = 0; i < count; i++)
        f[i].real /= power_of_two;
    return true;
}

static void set_results(qcg *g, qcg_winograd *r, const qcg_weights *w)
{
    int32_t lo, hi;
    int64_t count;
    qcg_result_bounds(g->op, &lo, &hi);
    const qir_factor *factors = qcg_factors(g, w, r->m->lanes, &count);
    qir_factor *f = qir_arena_copy(g->arena, factors, (size_t)count * sizeof *f);
    r->scaled = divide(f, count, (float)(1 << r->p->winograd.shift));
    qcg_epilogue_requantize(g, &r->e, f, count, g->op->results[0].type, lo, hi, qcg_largest_scaled(g, w));
}

bool qcg_lower_winograd_i8(qcg *g, const qir_kernel_plan *p)
{
    const qir_type *x = qir_op_operand(g->op, 0)->type;
    qcg_weights w;
    if (!qcg_weights_get(g, 1, &w))
        return false;
    job j = {.p = p, .results = {.p = p, .m = g->machine->wide}};
    int32_t zp = x->quant->zero_point[0];
    qcg_window_init(g, &j.win, p, zp);
    qcg_winograd *r = &j.results;
    r->sums = llb_at(g, j.win.panel, (int64_t)(p->panel_bytes + p->weight_bytes));
    set_product(g, &j, &w);
    r->bias = qcg_bias_fold(g, &w, zp, r->m->lanes);
    if (!r->bias)
        return false;
    if (g->op->results[0].type->quant)
        set_results(g, r, &w);
    j.win.inner = w.n / (QIR_WINOGRAD_VECTORS * r->m->lanes);
    qcg_window_walk(g, &j.win, qcg_epilogue_elem(&r->e), block, &j);
    return true;
}

bool qcg_lower_winograd4_i8(qcg *g, const qir_kernel_plan *p)
{
    return qcg_lower_winograd_i8(g, p);
}
