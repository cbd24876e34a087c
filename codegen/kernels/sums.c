/* Starts and epilogues of sums: see sums.h. */
#include "kernels/sums.h"

#include "qir/float_sum.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

/* Longer sums gain less from a cheaper epilogue than the addends take room. */
enum { LONGEST_FLOAT_SUM = 256 };

typedef struct columns {
    const qcg_weights *w;
    int64_t padded, count; /* of one group, of all */
    int32_t *start;
    const qir_factor *factors;
    int32_t lo, hi;
} columns;

static const qir_type *result(const qcg *g)
{
    return g->op->results[0].type;
}

/* The range of the sums of weight row `row`, over all operands. */
static qir_sum_range range_of(const qcg *g, const columns *c, int64_t row, int64_t column)
{
    const qir_dtype x = qir_op_operand(g->op, 0)->type->dtype;
    const int64_t xs[] = {qir_dtype_min(x), qir_dtype_max(x)};
    qir_sum_range r = {.least = c->start[column], .most = c->start[column]};
    for (int64_t k = 0; k < c->w->k; k++) {
        int64_t v = c->w->i16[row * c->w->k + k];
        r.least += v * xs[v < 0];
        r.most += v * xs[v >= 0];
    }
    r.scale = c->factors[column].real;
    int32_t zp = result(g)->quant->zero_point[0];
    r.lo = c->lo - zp;
    r.hi = c->hi - zp;
    return r;
}

/* Turns the sums into floats, if all of them can be. */
static bool as_floats(qcg *g, columns *c, qcg_sums *s)
{
    if (!g->machine->fuses || c->w->k > LONGEST_FLOAT_SUM || c->factors[0].fixed)
        return false;
    float *constants = QIR_NEW_ARRAY(g->arena, float, 2 * (size_t)c->count);
    int32_t *start = QIR_NEW_ARRAY(g->arena, int32_t, (size_t)c->count);
    for (int64_t row = 0; row < c->w->groups * c->w->n; row++) {
        int64_t column = row / c->w->n * c->padded + row % c->w->n;
        qir_sum_range r = range_of(g, c, row, column);
        qir_float_sum f;
        if (!qir_float_sum_find(&r, &f))
            return false;
        start[column] = (int32_t)((uint32_t)c->start[column] + f.offset);
        constants[column] = r.scale;
        constants[c->count + column] = f.addend;
    }
    c->start = start;
    qcg_epilogue_fused(g, &s->e, constants, c->count, result(g), c->lo, c->hi);
    return true;
}

bool qcg_sums_get(qcg *g, const qcg_weights *w, unsigned lanes, bool floats, qcg_sums *s)
{
    int32_t zp = qir_op_operand(g->op, 0)->type->quant->zero_point[0];
    columns c = {.w = w, .padded = qir_ceil_div(w->n, lanes) * lanes};
    c.count = w->groups * c.padded;
    c.start = qcg_bias_folded(g, w, zp, lanes);
    *s = (qcg_sums){0};
    if (!c.start)
        return false;
    if (result(g)->quant) {
        c.factors = qcg_factors(g, w, lanes, &c.count);
        qcg_result_bounds(g->op, &c.lo, &c.hi);
        if (!floats || !as_floats(g, &c, s))
            qcg_epilogue_requantize(g, &s->e, c.factors, c.count, result(g), c.lo, c.hi,
                                    qcg_largest_scaled(g, w));
    }
    s->start = qcg_const(g, c.start, (size_t)c.count * sizeof *c.start, 32);
    return true;
}
