/* grid_sample, in f32.  A coordinate g in [-1, 1] of an axis with `size` elements lies at
 *   v = ((g + 1) * (size - 1)) / 2      with align_corners
 *   v = ((g + 1) * size - 1) / 2        else
 * and mixes the elements at round(v) (nearest), floor(v) + {0, 1} (linear), floor(v) + {-1 .. 2} (cubic,
 * Keys' kernel with a = -0.75).  Padding moves v (cubic: each tap) into the operand; taps that are
 * outside are 0.  Rows are mixed along x, then along y, the first product first. */
#include <math.h>
#include "eval_priv.h"

enum { TAPS = 4 };

typedef struct sampler {
    bool align, nearest, cubic;
    char padding; /* 'z', 'b', 'r' */
} sampler;

typedef struct taps {
    int n;
    int64_t index[TAPS]; /* -1: outside */
    float weight[TAPS];
} taps;

static float into(float v, int64_t size)
{
    v = v < 0.0f ? 0.0f : v;
    return v > (float)(size - 1) ? (float)(size - 1) : v;
}

static float reflected(const sampler *s, float v, int64_t size)
{
    float low = s->align ? 0.0f : -0.5f, span = (float)(s->align ? size - 1 : size);
    if (span == 0.0f)
        return 0.0f;
    float d = fabsf(v - low), q = floorf(d / span), r = d - q * span;
    bool even = q - 2.0f * floorf(q * 0.5f) == 0.0f;
    return into((even ? r : span - r) + low, size);
}

static float padded(const sampler *s, float v, int64_t size)
{
    return s->padding == 'b' ? into(v, size) : s->padding == 'r' ? reflected(s, v, size) : v;
}

static void cubic_weights(float t, float w[TAPS])
{
    const float a = -0.75f;
    float p = t + 1.0f, u = 1.0f - t, q = u + 1.0f;
    w[0] = ((a * p - 5.0f * a) * p + 8.0f * a) * p - 4.0f * a;
    w[1] = ((a + 2.0f) * t - (a + 3.0f)) * t * t + 1.0f;
    w[2] = ((a + 2.0f) * u - (a + 3.0f)) * u * u + 1.0f;
    w[3] = ((a * q - 5.0f * a) * q + 8.0f * a) * q - 4.0f * a;
}

static taps find_taps(const sampler *s, float g, int64_t size)
{
    taps t = {.n = s->nearest ? 1 : s->cubic ? 4 : 2, .weight = {1.0f}};
    float scaled = s->align ? (g + 1.0f) * (float)(size - 1) : (g + 1.0f) * (float)size - 1.0f;
    float v = scaled * 0.5f;
    v = s->cubic ? v : padded(s, v, size);
    float base = s->nearest ? rintf(v) : floorf(v), part = v - base;
    if (s->cubic)
        cubic_weights(part, t.weight);
    else if (!s->nearest)
        t.weight[0] = 1.0f - part, t.weight[1] = part;
    for (int k = 0; k < t.n; k++) {
        float at = s->cubic ? padded(s, base + (float)(k - 1), size) : base + (float)k;
        t.index[k] = at >= 0.0f && at <= (float)(size - 1) ? (int64_t)at : -1;
    }
    return t;
}

static float sample(const float *x, int64_t width, const taps *ty, const taps *tx)
{
    float sum = 0.0f;
    for (int i = 0; i < ty->n; i++) {
        float row = 0.0f;
        for (int k = 0; k < tx->n; k++) {
            bool inside = ty->index[i] >= 0 && tx->index[k] >= 0;
            float v = tx->weight[k] * (inside ? x[ty->index[i] * width + tx->index[k]] : 0.0f);
            row = k ? row + v : v;
        }
        sum = i ? sum + ty->weight[i] * row : ty->weight[i] * row;
    }
    return sum;
}

bool qir_eval_grid_sample(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    const char *mode = qir_op_string(a->op, "mode");
    sampler s = {.align = qir_op_bool(a->op, "align_corners"), .nearest = mode[0] == 'n',
                 .cubic = mode[0] == 'c', .padding = qir_op_string(a->op, "padding")[0]};
    const float *v = eval_f32(a, &a->in[0]), *grid = eval_f32(a, &a->in[1]);
    float *out = eval_out_f32(a, &a->out[0]);
    int64_t plane = x->dims[2] * x->dims[3], positions = y->dims[2] * y->dims[3];
    for (int64_t i = 0; i < y->dims[0] * positions; i++) {
        int64_t n = i / positions, at = i % positions;
        taps tx = find_taps(&s, grid[2 * i], x->dims[3]);
        taps ty = find_taps(&s, grid[2 * i + 1], x->dims[2]);
        for (int64_t c = 0; c < x->dims[1]; c++) {
            int64_t channel = n * x->dims[1] + c;
            out[channel * positions + at] = sample(v + channel * plane, x->dims[3], &ty, &tx);
        }
    }
    eval_put_f32(&a->out[0], out);
    return true;
}
