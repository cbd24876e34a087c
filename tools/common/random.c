/* Made-up inputs: splitmix64, so that a seed gives the same values everywhere. */
#include "values.h"

#include "qir/ops.h"
#include "qir/qmath.h"

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* [0, 1) in steps of 2^-24. */
static float unit(uint64_t *state)
{
    return (float)(next(state) >> 40) * 0x1p-24f;
}

/* --- reals ------------------------------------------------------------------------------------- */
/* Range of a float input: what the quantize op that reads it can represent, else [-1, 1). */
static void float_range(const qir_value *v, float *lo, float *hi)
{
    *lo = -1.0f;
    *hi = 1.0f;
    qir_for_each_use(use, v) {
        const qir_quant *q =
            use->user->opcode == QIR_OP_quantize ? use->user->results[0].type->quant : NULL;
        if (!q || q->axis >= 0 || q->count != 1)
            continue;
        *lo = qir_dequantize_value(q->qmin, q->scale[0], q->zero_point[0]);
        *hi = qir_dequantize_value(q->qmax, q->scale[0], q->zero_point[0]);
        return;
    }
}

static void set_float(const qir_type *t, int64_t i, float x, void *data)
{
    switch (t->dtype) {
    case QIR_f64: ((double *)data)[i] = (double)x; break;
    case QIR_f16: ((uint16_t *)data)[i] = qir_f32_to_f16(x); break;
    case QIR_bf16: ((uint16_t *)data)[i] = qir_f32_to_bf16(x); break;
    default: ((float *)data)[i] = x; break;
    }
}

static float random_float(float lo, float hi, uint64_t *state)
{
    return lo + (hi - lo) * unit(state);
}

/* --- integers ---------------------------------------------------------------------------------- */
typedef struct int_range {
    int64_t lo, hi;
} int_range;

static int64_t smallest_dim(const qir_type *t)
{
    int64_t least = INT64_MAX;
    for (unsigned d = 0; d < t->rank; d++)
        least = t->dims[d] < least ? t->dims[d] : least;
    return least;
}

/* Ops whose operand 1 indexes operand 0: along attribute `axis`, or by tuples. */
static const struct indexing {
    qir_opcode opcode;
    bool by_axis;
} indexings[] = {
    {QIR_OP_gather, true},     {QIR_OP_gather_elements, true}, {QIR_OP_scatter_elements, true},
    {QIR_OP_gather_nd, false}, {QIR_OP_scatter_nd, false},
};

/* How many values operand `i` of `op` may have as an index; INT64_MAX: it is none. */
static int64_t index_count(const qir_op *op, uint32_t i)
{
    for (size_t k = 0; i == 1 && k < sizeof indexings / sizeof *indexings; k++) {
        const qir_type *x = qir_op_operand(op, 0)->type;
        if (indexings[k].opcode == op->opcode)
            return indexings[k].by_axis ? x->dims[qir_op_int(op, "axis")] : smallest_dim(x);
    }
    return INT64_MAX;
}

/* Does `op` hand its operand's elements on? */
static bool hands_on(const qir_op *op)
{
    return op->opcode == QIR_OP_cast || op->opcode == QIR_OP_expand || op->opcode == QIR_OP_slice ||
           op->opcode == QIR_OP_concat || op->opcode == QIR_OP_transpose ||
           qir_op_has_trait(op, QIR_TRAIT_VIEW);
}

static int64_t count_of_uses(const qir_value *v, unsigned depth)
{
    enum { DEEPEST = 8 };
    int64_t least = INT64_MAX;
    qir_for_each_use(use, v) {
        const qir_op *op = use->user;
        int64_t n = hands_on(op) && depth < DEEPEST
                        ? count_of_uses(&op->results[0], depth + 1)
                        : index_count(op, (uint32_t)(use - op->operands));
        least = n < least ? n : least;
    }
    return least;
}

/* The values in use: indices stay within what they index, sizes within their limit. */
static int_range range_of(const qir_func *f, const qir_value *v)
{
    const qir_type *t = v->type;
    int64_t limit = qir_func_size_limit(f, v->index);
    if (limit)
        return (int_range){1, limit};
    if (t->quant)
        return (int_range){t->quant->qmin, t->quant->qmax};
    int64_t count = qir_dtype_is_int(t->dtype) ? count_of_uses(v, 0) : INT64_MAX;
    if (count != INT64_MAX)
        return (int_range){0, count > 0 ? count - 1 : 0};
    return (int_range){qir_dtype_min(t->dtype), qir_dtype_max(t->dtype)};
}

static void set_int(const qir_type *t, int64_t i, int64_t x, void *data)
{
    switch (qir_dtype_bytes(t->dtype)) {
    case 1: ((uint8_t *)data)[i] = (uint8_t)x; break;
    case 2: ((uint16_t *)data)[i] = (uint16_t)x; break;
    case 4: ((uint32_t *)data)[i] = (uint32_t)x; break;
    default: ((uint64_t *)data)[i] = (uint64_t)x; break;
    }
}

static int64_t random_int(int_range r, uint64_t *state)
{
    uint64_t count = (uint64_t)r.hi - (uint64_t)r.lo + 1; /* 0: all 64 bits */
    uint64_t x = next(state);
    return (int64_t)((uint64_t)r.lo + (count ? x % count : x));
}

/* --- edges ------------------------------------------------------------------------------------- */
enum { SMALLEST, LARGEST, EDGES = 6, ANY };

/* Which value element gets: one of the edges, or any. */
static unsigned kind_of(unsigned number, uint64_t *state)
{
    return number < 2 ? number : next(state) % 4 ? (unsigned)ANY : (unsigned)(next(state) % EDGES);
}

static float edge_float(float lo, float hi, unsigned kind, uint64_t *state)
{
    const float edges[EDGES] = {lo, hi, 0.0f, -0.0f, 2.0f * lo, 2.0f * hi};
    return kind < EDGES ? edges[kind] : random_float(lo, hi, state);
}

static int64_t edge_int(int_range r, int64_t zero, unsigned kind, uint64_t *state)
{
    bool one = r.lo == r.hi;
    const int64_t edges[EDGES] = {r.lo, r.hi, r.lo + !one, r.hi - !one,
                                  zero < r.lo || zero > r.hi ? r.lo : zero, r.lo};
    return kind < EDGES ? edges[kind] : random_int(r, state);
}

/* --- whole inputs ------------------------------------------------------------------------------ */
static void fill_floats(const qir_value *v, bool edges, unsigned number, uint64_t *state, void *data)
{
    float lo, hi;
    float_range(v, &lo, &hi);
    int64_t n = qir_type_elements(v->type);
    for (int64_t i = 0; i < n; i++)
        set_float(v->type, i, edges ? edge_float(lo, hi, kind_of(number, state), state)
                                    : random_float(lo, hi, state), data);
}

static void fill_ints(const qir_func *f, const qir_value *v, bool edges, unsigned number,
                      uint64_t *state, void *data)
{
    const qir_quant *q = v->type->quant;
    int64_t zero = q && q->zero_point && q->count ? q->zero_point[0] : 0, n = qir_type_elements(v->type);
    int_range r = range_of(f, v);
    for (int64_t i = 0; i < n; i++)
        set_int(v->type, i, edges ? edge_int(r, zero, kind_of(number, state), state)
                                  : random_int(r, state), data);
}

static void fill(const qir_func *f, qir_arena *arena, bool edges, unsigned number, uint64_t state,
                 qir_tensor *in)
{
    for (uint32_t k = 0; k < f->body->nargs; k++) {
        const qir_value *v = f->body->args[k];
        in[k] = (qir_tensor){v->type, NULL};
        if (!qir_type_is_static(v->type))
            continue; /* what runs it refuses it */
        in[k].data = qir_arena_alloc(arena, qir_type_bytes(v->type));
        if (qir_type_is_float(v->type))
            fill_floats(v, edges, number, &state, in[k].data);
        else
            fill_ints(f, v, edges, number, &state, in[k].data);
    }
}

void tool_random_inputs(const qir_func *f, qir_arena *arena, uint64_t seed, qir_tensor *in)
{
    fill(f, arena, false, 0, seed, in);
}

void tool_edge_inputs(const qir_func *f, qir_arena *arena, unsigned number, qir_tensor *in)
{
    fill(f, arena, true, number, number, in);
}
