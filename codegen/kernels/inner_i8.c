/* int8 convolution and linear by Winograd's inner product: see ir/kernel/inner_i8.c.
 *
 * A dot step adds to operands of the first half of k the weights of the second, to those of the second half the weights
 * of the first, and multiplies these sums. */
#include "kernels/gemm.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

typedef struct job {
    qcg_products_i8 r;
    llb_val excess; /* i32 of each panel row: the products of its halves */
} job;

/* --- weights ------------------------------------------------------------------------------------ */

static const int16_t *weights_of(const qcg_weights *w, int64_t n)
{
    return w->i16 + n * w->k;
}

/* The products of the halves of each row of the weight. */
static const int32_t *weight_excess(qcg *g, const qcg_weights *w)
{
    int32_t *v = QIR_NEW_ARRAY(g->arena, int32_t, (size_t)w->n);
    for (int64_t n = 0; n < w->n; n++) {
        const int16_t *first = weights_of(w, n), *second = first + w->k / 2;
        uint32_t sum = 0;
        for (int64_t k = 0; k < w->k / 2; k++)
            sum += (uint32_t)(first[k] * second[k]);
        v[n] = (int32_t)sum;
    }
    return v;
}

/* [block of columns][pair of k][half of k][column][2], of the halves the second before the first. */
static llb_val crossed(qcg *g, const qcg_machine *m, const qcg_weights *w)
{
    enum { ALIGN = 64, PAIR = 2 };
    int64_t lanes = m->lanes, half = w->k / 2, count = qir_ceil_div(w->n, lanes) * lanes * w->k;
    int16_t *v = QIR_NEW_ARRAY(g->arena, int16_t, (size_t)count);
    for (int64_t n = 0; n < w->n; n++) {
        int16_t *block = v + n / lanes * lanes * w->k + n % lanes * PAIR;
        for (int64_t k = 0; k < half; k++) {
            int16_t *to = block + k / PAIR * 2 * lanes * PAIR + k % PAIR;
            to[0] = weights_of(w, n)[half + k];
            to[lanes * PAIR] = weights_of(w, n)[k];
        }
    }
    return qcg_const(g, v, (size_t)count * sizeof *v, ALIGN);
}

/* --- rows --------------------------------------------------------------------------------------- */

/* The first `n` lanes of v, and 0. */
static llb_val only(qcg *g, llb_val v, int64_t n)
{
    enum { MOST = 64 };
    llb_val lane[MOST];
    for (unsigned i = 0; i < llb_lanes(v); i++)
        lane[i] = llb_i16s(g, i < n ? -1 : 0, 1);
    return LLVMBuildAnd(g->b, v, LLVMConstVector(lane, llb_lanes(v)), "");
}

/* sum + the products of `n` neighbours from `k` on with those in the other half. */
static llb_val add_products(qcg *g, const job *j, llb_val sum, llb_val row, llb_val k, int64_t n)
{
    const qcg_machine *vm = j->r.m.m->wide;
    llb_type t = llb_vec(llb_int(g, 16), vm->lanes * vm->kgroup);
    llb_val first = llb_index(g, row, k, 2), second = llb_at(g, first, j->r.m.second);
    llb_val x = llb_load(g, t, first, 2);
    return vm->dot(g, sum, n < (int64_t)llb_lanes(x) ? only(g, x, n) : x, llb_load(g, t, second, 2));
}

/* The last vector reads on into what comes next, and multiplies that by 0. */
static llb_val products_of_halves(qcg *g, const job *j, llb_val row)
{
    const qcg_machine *vm = j->r.m.m->wide;
    int64_t each = vm->lanes * vm->kgroup, half = j->r.m.second / 2, whole = half / each * each;
    llb_val sum = llb_i32s(g, 0, vm->lanes);
    if (whole) {
        llb_loop l;
        llb_begin(g, &l, 0, whole, each);
        llb_val so_far = llb_carry(g, &l, sum);
        llb_next(&l, 0, add_products(g, j, so_far, row, l.iv, each));
        llb_end(g, &l);
        sum = l.value[0];
    }
    if (whole < half)
        sum = add_products(g, j, sum, row, llb_i64(g, whole), half - whole);
    return llb_total(g, sum);
}

static void row_excess(qcg *g, const job *j, llb_val rows)
{
    llb_loop l;
    llb_begin(g, &l, 0, j->r.m.rows, 1);
    llb_val sum = products_of_halves(g, j, llb_index(g, rows, l.iv, j->r.m.a_stride));
    llb_store(g, sum, llb_index(g, j->excess, l.iv, 4), 4);
    llb_end(g, &l);
}

/* --- the kernel --------------------------------------------------------------------------------- */

static void products(qcg *g, void *ctx, const qcg_block *b)
{
    const job *j = ctx;
    qcg_gemm m = j->r.m;
    m.a = qcg_products_i8_rows(g, &j->r, b);
    m.row_excess = j->excess;
    m.out = b->out;
    row_excess(g, j, m.a);
    qcg_gemm_emit(g, &m);
}

bool qcg_lower_inner_i8(qcg *g, const qir_kernel_plan *p)
{
    qcg_weights w;
    job j;
    if (!qcg_weights_get(g, 1, &w))
        return false;
    w.excess = weight_excess(g, &w);
    if (!qcg_products_i8_begin(g, p, g->machine->inner, &w, &j.r))
        return false;
    j.r.m.w = crossed(g, j.r.m.m, &w);
    j.r.m.second = p->k / 2 * (int64_t)p->elem;
    j.excess = llb_at(g, j.r.win.panel, (int64_t)p->panel_bytes);
    qcg_products_i8_walk(g, &j.r, products, &j);
    return true;
}
