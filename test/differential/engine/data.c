/* Inputs that a seed decides. */
#include "data.h"

#include "qir/qmath.h"

uint64_t data_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int64_t draw_int(uint64_t *state, int64_t lo, int64_t hi, unsigned extremes)
{
    uint64_t bits = data_next(state);
    if (bits % 100 < extremes)
        return bits & 0x10000 ? lo : hi;
    return lo + (int64_t)((bits >> 20) % (uint64_t)(hi - lo + 1));
}

static float draw_real(uint64_t *state, bool tiny)
{
    uint64_t bits = data_next(state);
    return (tiny && bits % 8 == 0 ? 0x1p-130f : 1.0f) * (float)(int64_t)(bits >> 40) * (8.0f / (1 << 24)) - 4.0f;
}

static void put_int(qir_dtype t, void *data, int64_t i, int64_t v)
{
    if (qir_dtype_bytes(t) == 2)
        ((int16_t *)data)[i] = (int16_t)v;
    else
        ((uint8_t *)data)[i] = (uint8_t)v;
}

qir_tensor data_draw(qir_context *ctx, const qir_type *t, uint64_t seed, uint32_t index)
{
    uint64_t state = seed * 64 + index;
    unsigned extremes = seed % 8 == 5 ? 100 : 10;
    void *data = qir_arena_alloc(qir_context_arena(ctx), qir_type_bytes(t));
    int64_t n = qir_type_elements(t);
    for (int64_t i = 0; i < n; i++)
        if (t->quant)
            put_int(t->dtype, data, i, draw_int(&state, t->quant->qmin, t->quant->qmax, extremes));
        else
            ((float *)data)[i] = draw_real(&state, seed % 4 == 1);
    return (qir_tensor){t, data};
}
