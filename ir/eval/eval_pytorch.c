/* Float convolutions, linear, hard_swish and sigmoid as PyTorch's CPU kernels compute them: the same functions,
 * rounded elsewhere, so that what is measured of results (ranges, histograms) is what PyTorch measures.
 *
 * Found by experiment with torch 2.13 (x86-64, AVX-512), batch 1; a processor for which its libraries choose
 * other kernels gives other last bits.  Each sum is one chain of fused multiply-adds from 0, the bias is
 * added last:
 *
 *   conv, small       channels, then taps
 *   conv, large       blocks of 16 channels, then taps, then channels of the block; large: more than 20480
 *                     elements, more than one image, or a kernel of more than 3 on its last two axes
 *   depthwise         taps; starts at the bias
 *   conv_transpose    a chain over channels for each tap, chains added up in the order of taps;
 *                     with a kernel of more than 3: a chain over rows and channels for each column
 *   linear            operands in their order, for more than one row; one row is a matrix-vector product,
 *                     whose order depends on where its memory begins: PyTorch does not define it */
#include <math.h>
#include "eval_priv.h"

enum { LARGE = 20480, BLOCK = 16 };

typedef struct sums {
    qir_eval_args *a;
    eval_window w;
    const float *x, *weight, *bias; /* bias: NULL if there is none */
    int64_t groups, cin, cout;      /* channels per group */
    int64_t in, out, taps;          /* spatial elements */
} sums;

static bool all_f32(const qir_eval_args *a)
{
    for (uint32_t i = 0; i < a->op->noperands; i++)
        if (eval_has(a, i) && (a->in[i].type->quant || a->in[i].type->dtype != QIR_f32))
            return false;
    return !a->out[0].type->quant && a->out[0].type->dtype == QIR_f32;
}

static void set_operands(sums *s, qir_eval_args *a)
{
    s->a = a;
    s->x = a->in[0].data;
    s->weight = a->in[1].data;
    s->bias = eval_has(a, 2) ? a->in[2].data : NULL;
}

static void set_window(sums *s, qir_eval_args *a)
{
    set_operands(s, a);
    eval_get_window(a, a->in[1].type->dims + 2, &s->w);
    s->groups = qir_op_int(a->op, "groups");
    s->in = eval_product(s->w.in, 0, EVAL_SPATIAL);
    s->out = eval_product(s->w.out, 0, EVAL_SPATIAL);
    s->taps = eval_product(s->w.kernel, 0, EVAL_SPATIAL);
}

/* Bias (if it comes last) and bounds of one channel's results. */
static void finish(const sums *s, float *y, int64_t n, const float *bias)
{
    eval_bounds bounds = eval_get_bounds(s->a->op);
    for (int64_t i = 0; i < n; i++)
        y[i] = eval_bound(bias ? y[i] + *bias : y[i], bounds);
}

static bool has_wide_kernel(const sums *s)
{
    return s->w.kernel[1] > 3 && s->w.kernel[2] > 3;
}

/* --- convolution ----------------------------------------------------------------------------- */

/* One tap of one channel, at all positions. */
static void add_tap(const sums *s, const float *x, float weight, int64_t tap, float *y)
{
    const eval_window *w = &s->w;
    int64_t k2 = tap % w->kernel[2], k1 = tap / w->kernel[2] % w->kernel[1];
    int64_t k0 = tap / w->kernel[2] / w->kernel[1];
    for (int64_t o0 = 0; o0 < w->out[0]; o0++) {
        int64_t i0 = eval_operand_index(w, 0, o0, k0);
        for (int64_t o1 = 0; o1 < w->out[1]; o1++) {
            int64_t i1 = eval_operand_index(w, 1, o1, k1);
            for (int64_t o2 = 0; o2 < w->out[2]; o2++, y++) {
                int64_t i2 = eval_operand_index(w, 2, o2, k2);
                if (i0 >= 0 && i1 >= 0 && i2 >= 0)
                    *y = fmaf(weight, x[(i0 * w->in[1] + i1) * w->in[2] + i2], *y);
            }
        }
    }
}

static bool is_large(const sums *s)
{
    return s->groups == 1 && (s->w.batch > 1 || has_wide_kernel(s) ||
                              s->w.batch * s->w.channels * s->in > LARGE);
}

/* All channels of one group for one output channel, `block` of them at a time. */
static void add_channels(const sums *s, const float *x, const float *weight, int64_t block, float *y)
{
    for (int64_t first = 0; first < s->cin; first += block) {
        int64_t end = first + block < s->cin ? first + block : s->cin;
        for (int64_t tap = 0; tap < s->taps; tap++)
            for (int64_t c = first; c < end; c++)
                add_tap(s, x + c * s->in, weight[c * s->taps + tap], tap, y);
    }
}

static bool conv(qir_eval_args *a)
{
    sums s;
    if (!all_f32(a))
        return qir_eval_conv(a);
    set_window(&s, a);
    s.cin = s.w.channels / s.groups;
    s.cout = a->in[1].type->dims[0] / s.groups;
    bool bias_first = s.groups > 1 && s.cin == 1;
    int64_t block = is_large(&s) ? BLOCK : 1;
    float *y = a->out[0].data;
    for (int64_t i = 0; i < s.w.batch * s.groups * s.cout; i++, y += s.out) {
        int64_t o = i % (s.groups * s.cout), g = o / s.cout;
        for (int64_t p = 0; p < s.out; p++)
            y[p] = bias_first && s.bias ? s.bias[o] : 0.0f;
        const float *x = s.x + (i / (s.groups * s.cout) * s.w.channels + g * s.cin) * s.in;
        add_channels(&s, x, s.weight + o * s.cin * s.taps, block, y);
        finish(&s, y, s.out, bias_first || !s.bias ? NULL : &s.bias[o]);
    }
    return true;
}

/* --- transposed ------------------------------------------------------------------------------ */

/* Where operand position `i` of an axis lands with tap `k`; -1: outside. */
static int64_t result_index(const eval_window *w, int axis, int64_t i, int64_t k)
{
    int64_t o = i * w->stride[axis] - w->pad[axis] + k * w->dilation[axis];
    return o < 0 || o >= w->out[axis] ? -1 : o;
}

static void spread_tap(const sums *s, const float *x, float weight, int64_t tap, float *y)
{
    const eval_window *w = &s->w;
    int64_t k2 = tap % w->kernel[2], k1 = tap / w->kernel[2] % w->kernel[1];
    int64_t k0 = tap / w->kernel[2] / w->kernel[1];
    for (int64_t i0 = 0; i0 < w->in[0]; i0++)
        for (int64_t i1 = 0; i1 < w->in[1]; i1++)
            for (int64_t i2 = 0; i2 < w->in[2]; i2++, x++) {
                int64_t o0 = result_index(w, 0, i0, k0), o1 = result_index(w, 1, i1, k1);
                int64_t o2 = result_index(w, 2, i2, k2);
                if (o0 < 0 || o1 < 0 || o2 < 0)
                    continue;
                float *to = &y[(o0 * w->out[1] + o1) * w->out[2] + o2];
                *to = fmaf(weight, *x, *to);
            }
}

/* Chains of the taps first, first + step, ... into y. */
static void add_chain(const sums *s, const float *x, const float *weight, int64_t first, int64_t step,
                      float *chain, float *y)
{
    memset(chain, 0, (size_t)s->out * sizeof *chain);
    for (int64_t tap = first; tap < s->taps; tap += step)
        for (int64_t c = 0; c < s->cin; c++)
            spread_tap(s, x + c * s->in, weight[c * s->cout * s->taps + tap], tap, chain);
    for (int64_t p = 0; p < s->out; p++)
        y[p] += chain[p];
}

static bool conv_transpose(qir_eval_args *a)
{
    sums s;
    if (!all_f32(a))
        return qir_eval_conv_transpose(a);
    set_window(&s, a);
    s.cin = s.w.channels / s.groups;
    s.cout = a->in[1].type->dims[1];
    bool columns = s.groups == 1 && has_wide_kernel(&s);
    int64_t chains = columns ? s.w.kernel[2] : s.taps;
    float *y = a->out[0].data, *chain = QIR_NEW_ARRAY(a->scratch, float, (size_t)s.out);
    for (int64_t i = 0; i < s.w.batch * s.groups * s.cout; i++, y += s.out) {
        int64_t o = i % (s.groups * s.cout), g = o / s.cout;
        const float *x = s.x + (i / (s.groups * s.cout) * s.w.channels + g * s.cin) * s.in;
        const float *weight = s.weight + (g * s.cin * s.cout + o % s.cout) * s.taps;
        for (int64_t k = 0; k < chains; k++)
            add_chain(&s, x, weight, k, chains, chain, y);
        finish(&s, y, s.out, s.bias ? &s.bias[o] : NULL);
    }
    return true;
}

/* --- linear ---------------------------------------------------------------------------------- */

static bool linear(qir_eval_args *a)
{
    sums s;
    if (!all_f32(a))
        return qir_eval_linear(a);
    set_operands(&s, a);
    const qir_type *w = a->in[1].type;
    int64_t depth = w->dims[1], width = w->dims[0], n = qir_type_elements(a->out[0].type);
    float *y = a->out[0].data;
    for (int64_t i = 0; i < n; i++) {
        const float *x = s.x + i / width * depth, *weight = s.weight + i % width * depth;
        for (int64_t k = 0; k < depth; k++)
            y[i] = fmaf(x[k], weight[k], y[i]);
        finish(&s, &y[i], 1, s.bias ? &s.bias[i % width] : NULL);
    }
    return true;
}

/* --- elementwise ----------------------------------------------------------------------------- */

static bool each(qir_eval_args *a, float (*f)(float), qir_eval_fn other)
{
    if (!all_f32(a))
        return other(a);
    const float *x = a->in[0].data;
    float *y = a->out[0].data;
    int64_t n = qir_type_elements(a->out[0].type);
    for (int64_t i = 0; i < n; i++)
        y[i] = f(x[i]);
    return true;
}

static float hard_swish_of(float x)
{
    float gate = fminf(fmaxf(x + 3.0f, 0.0f), 6.0f);
    return x * gate / 6.0f;
}

/* Its exponential is within one unit of the exact one: the same in 97 of 100 cases. */
static float sigmoid_of(float x)
{
    return 1.0f / (1.0f + (float)exp(-(double)x));
}

static bool hard_swish(qir_eval_args *a)
{
    return each(a, hard_swish_of, qir_eval_unary);
}

static bool sigmoid(qir_eval_args *a)
{
    return each(a, sigmoid_of, qir_eval_unary);
}

qir_eval_fn qir_eval_as_pytorch(const qir_op *op)
{
    static const struct {
        qir_opcode opcode;
        qir_eval_fn fn;
    } fns[] = {{QIR_OP_conv, conv},
               {QIR_OP_conv_transpose, conv_transpose},
               {QIR_OP_linear, linear},
               {QIR_OP_hard_swish, hard_swish},
               {QIR_OP_sigmoid, sigmoid}};
    for (size_t i = 0; i < sizeof fns / sizeof fns[0]; i++)
        if (fns[i].opcode == op->opcode)
            return fns[i].fn;
    return NULL;
}
