/* Starts and epilogues of sums: see sums.h. */
#include "kernels/sums.h"

#include "qir/float_sum.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

/* Longer sums gain less from a cheaper epilogue than the addends take room. */
enum { LONGEST_FLOAT_SUM = 256 };

/* The rows of the weight, each of which is summed up in some columns. */
typedef struct rows {
    const qcg_weights *w;
    int64_t count;
    int32_t raised;
    int32_t *start;
    const qir_factor *factors;
    int32_t lo, hi;
} rows;

static const qir_type *result(const qcg *g)
{
    return g->op->results[0].type;
}

/* The range of the sums of a row, over all operands. */
static qir_sum_range range_of(const qcg *g, const rows *c, int64_t row)
{
    const qir_dtype x = qir_op_operand(g->op, 0)->type->dtype;
    const int64_t xs[] = {qir_dtype_min(x) + c->raised, qir_dtype_max(x) + c->raised};
    qir_sum_range r = {.least = c->start[row], .most = c->start[row]};
    for (int64_t k = 0; k < c->w->k; k++) {
        int64_t v = c->w->i16[row * c->w->k + k];
        r.least += v * xs[v < 0];
        r.most += v * xs[v >= 0];
    }
    r.scale = c->factors[row].real;
    int32_t zp = result(g)->quant->zero_point[0];
    r.lo = c->lo - zp;
    r.hi = c->hi - zp;
    return r;
}

/* Turns the sums into floats, if all of them can be. */
static bool as_floats(qcg *g, rows *c, const qcg_order *o, qcg_sums *s)
{
    if (!g->machine->fuses || c->w->k > LONGEST_FLOAT_SUM || c->factors[0].fixed)
        return false;
    qir_float_sum *found = QIR_NEW_ARRAY(g->arena, qir_float_sum, (size_t)c->count);
    for (int64_t row = 0; row < c->count; row++) {
        qir_sum_range r = range_of(g, c, row);
        if (!qir_float_sum_find(&r, &found[row]))
            return false;
    }
    bool at_zero = true;
    float *constants = QIR_NEW_ARRAY(g->arena, float, 2 * (size_t)o->count);
    for (int64_t i = 0; i < o->count; i++) {
        int64_t row = o->rows[i];
        constants[i] = row < 0 ? 0.0f : c->factors[row].real;
        constants[o->count + i] = row < 0 ? 0.0f : found[row].addend;
    }
    for (int64_t row = 0; row < c->count; row++) {
        c->start[row] = (int32_t)((uint32_t)c->start[row] + found[row].offset);
        at_zero &= found[row].offset == QIR_ZERO_ANCHOR;
    }
    qcg_epilogue_fused(g, &s->e, constants, o->count, at_zero, result(g), c->lo, c->hi);
    return true;
}

static const qir_factor *factors_in_order(qcg *g, const rows *c, const qcg_order *o)
{
    qir_factor *v = QIR_NEW_ARRAY(g->arena, qir_factor, (size_t)o->count);
    for (int64_t i = 0; i < o->count; i++)
        v[i] = c->factors[o->rows[i] < 0 ? 0 : o->rows[i]];
    return v;
}

static int32_t start_of(const rows *c, int64_t row)
{
    return (int32_t)((uint32_t)c->start[row] - (uint32_t)(c->w->excess ? c->w->excess[row] : 0));
}

static llb_val start_in_order(qcg *g, const rows *c, const qcg_order *o)
{
    enum { ALIGN = 64 };
    int32_t *v = QIR_NEW_ARRAY(g->arena, int32_t, (size_t)o->count);
    for (int64_t i = 0; i < o->count; i++)
        v[i] = o->rows[i] < 0 ? 0 : start_of(c, o->rows[i]);
    return qcg_const(g, v, (size_t)o->count * sizeof *v, ALIGN);
}

bool qcg_sums_in_order(qcg *g, const qcg_weights *w, const qcg_order *o, bool floats, qcg_sums *s)
{
    int32_t zp = qir_op_operand(g->op, 0)->type->quant->zero_point[0];
    rows c = {.w = w, .count = w->groups * w->n, .raised = o->raised};
    c.start = qcg_bias_folded(g, w, zp + o->raised, 1);
    *s = (qcg_sums){0};
    if (!c.start)
        return false;
    if (result(g)->quant) {
        int64_t count;
        c.factors = qcg_factors(g, w, 1, &count);
        qcg_result_bounds(g->op, &c.lo, &c.hi);
        if (!floats || !as_floats(g, &c, o, s))
            qcg_epilogue_requantize(g, &s->e, factors_in_order(g, &c, o), o->count, result(g), c.lo, c.hi,
                                    qcg_largest_scaled(g, w));
    }
    s->start = start_in_order(g, &c, o);
    return true;
}

bool qcg_sums_get(qcg *g, const qcg_weights *w, unsigned lanes, bool floats, qcg_sums *s)
{
    int64_t padded = qir_ceil_div(w->n, lanes) * lanes;
    qcg_order o = {.count = w->groups * padded, .raised = w->raised};
    int64_t *order = QIR_NEW_ARRAY(g->arena, int64_t, (size_t)o.count);
    for (int64_t i = 0; i < o.count; i++)
        order[i] = i % padded < w->n ? i / padded * w->n + i % padded : -1;
    o.rows = order;
    return qcg_sums_in_order(g, w, &o, floats, s);
}
