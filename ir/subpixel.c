/* Transposed convolutions as convolutions of phases: see qir/subpixel.h.
 *
 * Result position o = s * b + r (block b, phase r) takes tap t of operand position i where
 * s * i + d * t = o + p, that is i = b + e with s * e = r + p - d * t.  The offsets e of all phases
 * and taps, from the least to the largest, are the taps of the convolution. */
#include "qir/subpixel.h"

#include <string.h>
#include "qir/ops.h"
#include "qir/support/checked.h"

static int64_t entry(const qir_op *op, const char *name, unsigned i)
{
    size_t n;
    const int64_t *v = qir_op_ints(op, name, &n);
    return v[n == 1 ? 0 : i];
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static void get_axis(qir_subpixel *s, unsigned a, int64_t in, int64_t out)
{
    int64_t stride = s->stride[a], reach = s->dilation[a] * (s->old_kernel[a] - 1);
    int64_t least = -floor_div(reach - s->pad[a], stride); /* ceil((pad - reach) / stride) */
    int64_t most = floor_div(stride - 1 + s->pad[a], stride);
    least = least > 0 ? 0 : least; /* pads cannot cut: taps without weights reach back to 0 */
    s->begin[a] = -least;
    s->kernel[a] = most - least + 1;
    s->blocks[a] = qir_ceil_div(out, stride);
    s->end[a] = s->blocks[a] + s->kernel[a] - 1 - in - s->begin[a];
    if (s->end[a] < 0) {
        s->blocks[a] -= s->end[a];
        s->end[a] = 0;
    }
}

void qir_subpixel_get(const qir_op *op, qir_subpixel *s)
{
    const qir_type *x = op->operands[0].value->type, *w = op->operands[1].value->type;
    const qir_type *y = op->results[0].type;
    unsigned n = x->rank - 2;
    *s = (qir_subpixel){.axes = n, .groups = qir_op_int(op, "groups"), .cin = x->dims[1],
                        .cout = w->dims[1], .phases = 1, .taps = 1};
    for (unsigned a = 0; a < QIR_SUBPIXEL_AXES; a++) {
        bool own = a + n >= QIR_SUBPIXEL_AXES;
        unsigned i = own ? a + n - QIR_SUBPIXEL_AXES : 0;
        s->stride[a] = own ? entry(op, "strides", i) : 1;
        s->dilation[a] = own ? entry(op, "dilations", i) : 1;
        s->pad[a] = own ? entry(op, "pads", i) : 0;
        s->old_kernel[a] = own ? w->dims[2 + i] : 1;
        get_axis(s, a, own ? x->dims[2 + i] : 1, own ? y->dims[2 + i] : 1);
        s->phases *= s->stride[a];
        s->taps *= s->kernel[a];
    }
}

int64_t qir_subpixel_channel(const qir_subpixel *s, int64_t c, int64_t phase)
{
    return s->groups == 1 ? phase * s->cout + c : c * s->phases + phase;
}

/* Row-major index to one per axis. */
static void split(const int64_t *dims, int64_t i, int64_t *out)
{
    for (unsigned a = QIR_SUBPIXEL_AXES; a-- > 0; i /= dims[a])
        out[a] = i % dims[a];
}

/* Which tap of the transposed convolution tap `tap` of phase `phase` is; -1: none. */
static int64_t old_tap(const qir_subpixel *s, int64_t phase, int64_t tap)
{
    int64_t r[QIR_SUBPIXEL_AXES], j[QIR_SUBPIXEL_AXES], at = 0;
    split(s->stride, phase, r);
    split(s->kernel, tap, j);
    for (unsigned a = 0; a < QIR_SUBPIXEL_AXES; a++) {
        int64_t scaled = r[a] + s->pad[a] - s->stride[a] * (j[a] - s->begin[a]);
        if (scaled < 0 || scaled % s->dilation[a] || scaled / s->dilation[a] >= s->old_kernel[a])
            return -1;
        at = at * s->old_kernel[a] + scaled / s->dilation[a];
    }
    return at;
}

void qir_subpixel_weight(const qir_subpixel *s, const void *w, size_t esize, const void *zero,
                         void *out)
{
    int64_t old_taps = s->old_kernel[0] * s->old_kernel[1] * s->old_kernel[2];
    int64_t channels = s->groups * s->cout, per_group = s->cin / s->groups;
    for (int64_t i = 0; i < channels * s->phases * s->taps; i++) {
        int64_t tap = i % s->taps, phase = i / s->taps % s->phases, c = i / s->taps / s->phases;
        int64_t from = old_tap(s, phase, tap), o = c % s->cout;
        int64_t to = qir_subpixel_channel(s, c, phase) * per_group * s->taps + tap;
        for (int64_t k = 0; k < per_group; k++) {
            int64_t row = (c / s->cout * per_group + k) * s->cout + o;
            char *dst = (char *)out + (size_t)(to + k * s->taps) * esize;
            if (from >= 0)
                memcpy(dst, (const char *)w + (size_t)(row * old_taps + from) * esize, esize);
            else if (zero)
                memcpy(dst, (const char *)zero + (size_t)o * esize, esize);
            else
                memset(dst, 0, esize);
        }
    }
}
