/* Constants and tiles of depthwise convolutions by columns: see depthwise_tile.h.  Every product adds up to four
 * rows of a kernel column; narrowing puts the results back into order. */
#include "kernels/depthwise_tile.h"

#include "build.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

enum { VECTORS = QCG_COLUMN_VECTORS, LANES_OF_PART = 4, PART = 16 };

/* --- constants -------------------------------------------------------------------------------- */

static int64_t lanes_of(const qir_kernel_plan *p)
{
    return p->columns.vector / 4;
}

/* The channel of a lane of vector `i` of a phase. */
static int64_t channel_of(const qir_kernel_plan *p, int64_t phase, int64_t i, int64_t lane)
{
    const qir_columns *c = &p->columns;
    int64_t start = phase * c->vector, last = p->w.c - c->vector;
    if (!c->flat && start > last)
        start = last;
    return (start + lane / LANES_OF_PART * PART + i * LANES_OF_PART + lane % LANES_OF_PART) % p->w.c;
}

/* Does output row `row` of those at a time see rows of `cell`? */
static bool sees(const qir_kernel_plan *p, int64_t row, int64_t cell)
{
    int64_t first = row * p->w.stride[1];
    return cell * p->kgroup < first + p->w.kernel[1] && (cell + 1) * p->kgroup > first;
}

/* Taps before those of output row `row`, in a cell that holds the taps of all rows. */
static int64_t taps_before(const qir_kernel_plan *p, int64_t row)
{
    return row * p->w.stride[1];
}

/* Then rows read the same weights, stored for the last one: the others have them so much earlier. */
static bool shares_weights(const qcg_depthwise *d)
{
    const qir_kernel_plan *p = d->p;
    return d->m->elem_bytes == 1 && p->columns.cells == 1 &&
           taps_before(p, p->columns.rows - 1) + p->w.kernel[1] <= p->kgroup;
}

/* Are the weights of this row for a cell a vector of their own? */
static bool has_weights(const qcg_depthwise *d, int64_t row, int64_t cell)
{
    return sees(d->p, row, cell) && (!shares_weights(d) || row == d->p->columns.rows - 1);
}

/* Of one vector of sums: in the order of `sums`. */
static int64_t vectors_of_weights(const qcg_depthwise *d)
{
    int64_t n = 0;
    for (int64_t row = 0; row < d->p->columns.rows; row++)
        for (int64_t cell = 0; cell < d->p->columns.cells; cell++)
            n += has_weights(d, row, cell);
    return n * d->p->w.kernel[2];
}

static void store_weight(const qcg_machine *m, void *to, int64_t at, int16_t v)
{
    if (m->elem_bytes == 1)
        ((int8_t *)to)[at] = (int8_t)v;
    else
        ((int16_t *)to)[at] = v;
}

/* The weights of one vector for a column and a cell: of output row `row`, 0 where it sees no input row. */
static void pack_vector(const qcg_depthwise *d, const qcg_weights *w, const int64_t *channels, int64_t row,
                        int64_t cell, int64_t col, void *to)
{
    const qir_window *q = &d->p->w;
    for (int64_t lane = 0; lane < lanes_of(d->p); lane++) {
        for (int64_t i = 0; i < d->p->kgroup; i++) {
            int64_t tap = cell * d->p->kgroup + i - taps_before(d->p, row);
            bool inside = tap >= 0 && tap < q->kernel[1];
            int16_t v = inside ? w->i16[channels[lane] * q->taps + tap * q->kernel[2] + col] : 0;
            store_weight(d->m, to, lane * d->p->kgroup + i, v);
        }
    }
}

/* [phase][vector][column][cell][row] */
static llb_val packed_weights(qcg *g, const qcg_depthwise *d, const qcg_weights *w)
{
    enum { ALIGN = 64, MOST_LANES = 16 };
    const qir_columns *c = &d->p->columns;
    size_t bytes = (size_t)(c->phases * VECTORS * vectors_of_weights(d) * c->vector);
    char *all = qir_arena_alloc(g->arena, bytes), *to = all;
    for (int64_t at = 0; at < c->phases * VECTORS; at++) {
        int64_t channels[MOST_LANES];
        for (int64_t lane = 0; lane < lanes_of(d->p); lane++)
            channels[lane] = channel_of(d->p, at / VECTORS, at % VECTORS, lane);
        for (int64_t col = 0; col < d->p->w.kernel[2]; col++)
            for (int64_t cell = 0; cell < c->cells; cell++)
                for (int64_t row = 0; row < c->rows; row++)
                    if (has_weights(d, row, cell)) {
                        pack_vector(d, w, channels, row, cell, col, to);
                        to += c->vector;
                    }
    }
    return qcg_const(g, all, bytes, ALIGN);
}

static qcg_order order_of(qcg *g, const qcg_depthwise *d)
{
    int64_t lanes = lanes_of(d->p), n = d->p->columns.phases * VECTORS * lanes;
    int64_t *channels = QIR_NEW_ARRAY(g->arena, int64_t, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        channels[i] = channel_of(d->p, i / lanes / VECTORS, i / lanes % VECTORS, i % lanes);
    return (qcg_order){.rows = channels, .count = n, .raised = qcg_columns_raise(&d->c)};
}

bool qcg_depthwise_constants(qcg *g, qcg_depthwise *d)
{
    qcg_weights w;
    if (!qcg_weights_get(g, d->p->w.groups, &w))
        return false;
    w.groups = 1; /* one matrix: a row of taps per channel */
    w.n = d->p->w.c;
    qcg_order order = order_of(g, d);
    if (!qcg_sums_in_order(g, &w, &order, true, &d->sums))
        return false;
    d->w = packed_weights(g, d, &w);
    d->elem = qcg_epilogue_elem(&d->sums.e);
    return true;
}

qcg_depthwise_run qcg_depthwise_run_of(qcg *g, const qcg_depthwise *d, llb_val start, llb_val out)
{
    qcg_depthwise_run r = {.src = d->c.planes, .out = out};
    r.w = llb_index(g, d->w, start, VECTORS * vectors_of_weights(d));
    r.bias = llb_index(g, d->sums.start, start, VECTORS);
    r.scale = d->sums.e.scale ? llb_index(g, d->sums.e.scale, start, VECTORS) : NULL;
    return r;
}

/* --- one tile --------------------------------------------------------------------------------- */

static llb_val load_start(qcg *g, const qcg_depthwise *d, llb_val from, int64_t vector)
{
    llb_type words = llb_vec(llb_int(g, 32), (unsigned)lanes_of(d->p));
    return llb_load(g, words, llb_at(g, from, vector * d->p->columns.vector), 16);
}

/* Bytes of each lane, so many earlier. */
static llb_val earlier_taps(qcg *g, llb_val v, int64_t taps)
{
    llb_type bytes = LLVMTypeOf(v);
    unsigned lanes = llb_lanes(v) / 4;
    v = LLVMBuildBitCast(g->b, v, llb_vec(llb_int(g, 32), lanes), "");
    v = LLVMBuildLShr(g->b, v, llb_i32s(g, 8 * (int)taps, lanes), "");
    return LLVMBuildBitCast(g->b, v, bytes, "");
}

/* Of an output row: vector number `vector`, which may be the last row's. */
static llb_val load_weights(qcg *g, const qcg_depthwise *d, llb_val from, int64_t vector, int64_t row)
{
    unsigned n = (unsigned)lanes_of(d->p) * (unsigned)d->p->kgroup;
    llb_val at = llb_at(g, from, vector * d->p->columns.vector);
    llb_val v = llb_load(g, llb_vec(llb_int(g, 8 * d->m->elem_bytes), n), at, 16);
    int64_t earlier = taps_before(d->p, d->p->columns.rows - 1 - row);
    return shares_weights(d) && earlier ? earlier_taps(g, v, earlier) : v;
}

/* The same address, unknown: what is there is loaded where it is needed, again in every turn of a loop, and
 * not before what stands before; registers would not hold all of it. */
static llb_val again(qcg *g, llb_val p)
{
    llb_type t = LLVMTypeOf(p);
    return qcg_asm(g, t, &t, &p, 1, "", "=r,0");
}

/* Vectors that are finished before anything begins that stands behind: the scheduler would rather begin
 * everything at once, and keep it on the stack. */
static void finish(qcg *g, llb_val *v, int64_t n)
{
    const char *constraints = qcg_arch_is(g, "aarch64") ? "=w,0" : "=v,0";
    for (int64_t i = 0; i < n; i++) {
        llb_type t = LLVMTypeOf(v[i]);
        v[i] = qcg_asm(g, t, &t, &v[i], 1, "", constraints);
    }
}

/* Sums of vector `i`: acc[row * positions + position]. */
static void sums(qcg *g, const qcg_depthwise *d, const qcg_depthwise_run *r, unsigned i, llb_val *acc)
{
    const qir_window *q = &d->p->w;
    const qir_columns *c = &d->p->columns;
    llb_val weights = r->w, start = load_start(g, d, again(g, r->bias), i);
    for (int64_t j = 0; j < c->rows * r->positions; j++)
        acc[j] = start;
    int64_t next = i * vectors_of_weights(d), first = c->begin - q->begin[2] * c->pitch;
    for (int64_t col = 0; col < q->kernel[2]; col++) {
        for (int64_t cell = 0; cell < c->cells; cell++) {
            llb_val x[QCG_MAX_POSITIONS];
            weights = again(g, weights);
            for (unsigned p = 0; p < r->positions; p++)
                x[p] = r->held ? r->held[(p * q->stride[2] + col) * VECTORS + i]
                               : qcg_columns_load(g, &d->c, llb_at(g, r->src, p * r->src_step), cell, i,
                                                  first + col * q->dilation[2] * c->pitch);
            for (int64_t row = 0; row < c->rows; row++) {
                if (!sees(d->p, row, cell))
                    continue;
                llb_val w = load_weights(g, d, weights, next, row);
                next += has_weights(d, row, cell);
                for (unsigned p = 0; p < r->positions; p++) {
                    llb_val *sum = &acc[row * r->positions + p];
                    *sum = d->m->dot(g, *sum, x[p], w);
                }
            }
            finish(g, acc, c->rows * r->positions);
        }
    }
}

static llb_val result_at(qcg *g, const qcg_depthwise *d, const qcg_depthwise_run *r, int64_t j)
{
    int64_t row = d->p->w.out[2] * d->p->w.c * d->elem;
    return llb_at(g, r->out, j / r->positions * row + j % r->positions * r->out_step * d->elem);
}

static void store(qcg *g, const qcg_depthwise_run *r, llb_val v, llb_val to)
{
    llb_store(g, r->tail ? llb_slice(g, v, 0, r->tail) : v, to, 1);
}

/* Vectors 0 .. 3 in the order of channels. */
static llb_val in_order(qcg *g, const llb_val *v)
{
    unsigned lanes = llb_lanes(v[0]), n = VECTORS * lanes;
    llb_val all = llb_concat_all(g, v, VECTORS), index[64];
    for (unsigned i = 0; i < n; i++)
        index[i] = llb_i32s(g, (int32_t)(i % PART / 4 * lanes + i / PART * 4 + i % 4), 1);
    return LLVMBuildShuffleVector(g->b, all, LLVMGetPoison(LLVMTypeOf(all)), LLVMConstVector(index, n), "");
}

static void word_tile(qcg *g, const qcg_depthwise *d, const qcg_depthwise_run *r)
{
    llb_val acc[VECTORS][2 * QCG_MAX_POSITIONS], v[VECTORS];
    for (unsigned i = 0; i < VECTORS; i++)
        sums(g, d, r, i, acc[i]);
    for (int64_t j = 0; j < d->p->columns.rows * r->positions; j++) {
        for (unsigned i = 0; i < VECTORS; i++)
            v[i] = acc[i][j];
        store(g, r, in_order(g, v), result_at(g, d, r, j));
    }
}

/* Two vectors of sums at a time become words. */
static void byte_tile(qcg *g, const qcg_depthwise *d, const qcg_depthwise_run *r)
{
    int64_t n = d->p->columns.rows * r->positions;
    llb_val acc[2][2 * QCG_MAX_POSITIONS], words[2][2 * QCG_MAX_POSITIONS];
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 0; i < 2; i++) {
            sums(g, d, r, 2 * half + i, acc[i]);
            llb_val scale = llb_at(g, again(g, r->scale), (2 * half + i) * d->p->columns.vector);
            for (int64_t j = 0; j < n; j++)
                acc[i][j] = qcg_epilogue_apply(g, &d->sums.e, acc[i][j], scale);
            finish(g, acc[i], n);
        }
        for (int64_t j = 0; j < n; j++)
            words[half][j] = d->m->narrow_words(g, acc[0][j], acc[1][j], d->sums.e.zp);
        finish(g, words[half], n);
    }
    for (int64_t j = 0; j < n; j++) {
        llb_val bytes = d->m->narrow_bytes(g, words[0][j], words[1][j], d->sums.e.is_unsigned);
        store(g, r, qcg_epilogue_bound(g, &d->sums.e, bytes), result_at(g, d, r, j));
    }
}

void qcg_depthwise_tile(qcg *g, const qcg_depthwise *d, const qcg_depthwise_run *r)
{
    (d->sums.e.narrow ? byte_tile : word_tile)(g, d, r);
}
