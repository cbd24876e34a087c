/* Random inputs: splitmix64, so that a seed gives the same values everywhere. */
#include "run.h"

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

static void random_float(const qir_value *v, uint64_t *state, int64_t i, void *data)
{
    float lo, hi;
    float_range(v, &lo, &hi);
    float x = lo + (hi - lo) * unit(state);
    switch (v->type->dtype) {
    case QIR_f64: ((double *)data)[i] = (double)x; break;
    case QIR_f16: ((uint16_t *)data)[i] = qir_f32_to_f16(x); break;
    case QIR_bf16: ((uint16_t *)data)[i] = qir_f32_to_bf16(x); break;
    default: ((float *)data)[i] = x; break;
    }
}

/* Uniform over the values in use. */
static void random_int(const qir_type *t, uint64_t *state, int64_t i, void *data)
{
    int64_t lo = t->quant ? t->quant->qmin : qir_dtype_min(t->dtype);
    int64_t hi = t->quant ? t->quant->qmax : qir_dtype_max(t->dtype);
    uint64_t range = (uint64_t)hi - (uint64_t)lo + 1; /* 0: all 64 bits */
    uint64_t x = next(state);
    x = (uint64_t)lo + (range ? x % range : x);
    switch (qir_dtype_bytes(t->dtype)) {
    case 1: ((uint8_t *)data)[i] = (uint8_t)x; break;
    case 2: ((uint16_t *)data)[i] = (uint16_t)x; break;
    case 4: ((uint32_t *)data)[i] = (uint32_t)x; break;
    default: ((uint64_t *)data)[i] = x; break;
    }
}

void random_inputs(run *r, uint64_t seed, qir_tensor *in)
{
    for (uint32_t k = 0; k < r->func->body->nargs; k++) {
        const qir_value *v = r->func->body->args[k];
        in[k].type = v->type;
        if (!qir_type_is_static(v->type))
            continue; /* the engine refuses it */
        in[k].data = qir_arena_alloc(qir_context_arena(r->ctx), qir_type_bytes(v->type));
        int64_t n = qir_type_elements(v->type);
        for (int64_t i = 0; i < n; i++) {
            if (qir_type_is_float(v->type))
                random_float(v, &seed, i, in[k].data);
            else
                random_int(v->type, &seed, i, in[k].data);
        }
    }
}
