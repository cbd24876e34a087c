/* Columns are input channels, taps innermost: the order that a convolution's weight has. */
#include "patches.h"

static int64_t entry(const qir_op *op, const char *name, unsigned i)
{
    size_t n;
    const int64_t *v = qir_op_ints(op, name, &n);
    return v[n == 1 ? 0 : i];
}

static int64_t product(const int64_t *d, unsigned from, unsigned to)
{
    int64_t n = 1;
    for (unsigned i = from; i < to; i++)
        n *= d[i];
    return n;
}

static void get_window(const qir_op *op, qir_patches *p)
{
    const qir_type *x = qir_op_operand(op, 0)->type, *w = qir_op_operand(op, 1)->type;
    for (unsigned i = 0; i + 2 < x->rank; i++) {
        p->in[i] = x->dims[2 + i];
        p->out[i] = op->results[0].type->dims[2 + i];
        p->kernel[i] = w->dims[2 + i];
        p->stride[i] = entry(op, "strides", i);
        p->dilation[i] = entry(op, "dilations", i);
        p->pad[i] = entry(op, "pads", i);
    }
}

void qir_patches_get(const qir_op *op, qir_patches *p)
{
    const qir_type *x = qir_op_operand(op, 0)->type, *w = qir_op_operand(op, 1)->type;
    bool linear = op->opcode == QIR_OP_linear;
    *p = (qir_patches){.transposed = op->opcode == QIR_OP_conv_transpose,
                       .groups = linear ? 1 : qir_op_int(op, "groups"),
                       .channels = x->dims[linear ? x->rank - 1 : 1],
                       .positions = linear ? product(x->dims, 0, x->rank - 1) : x->dims[0]};
    for (unsigned i = 0; i < QIR_PATCH_AXES; i++)
        p->in[i] = p->out[i] = p->kernel[i] = p->stride[i] = p->dilation[i] = 1;
    if (!linear)
        get_window(op, p);
    p->taps = product(p->kernel, 0, QIR_PATCH_AXES);
    p->positions *= product(p->out, 0, QIR_PATCH_AXES);
    p->columns = p->channels / p->groups * p->taps;
    p->rows = p->transposed ? w->dims[1] : w->dims[0] / p->groups;
}

/* Where on an axis tap `k` of output position `o` reads; -1: nowhere. */
static int64_t source(const qir_patches *p, unsigned axis, int64_t o, int64_t k)
{
    int64_t i = o * p->stride[axis] - p->pad[axis] + k * p->dilation[axis];
    if (p->transposed) {
        int64_t scaled = o + p->pad[axis] - k * p->dilation[axis];
        i = scaled % p->stride[axis] ? -1 : scaled / p->stride[axis];
    }
    return i < 0 || i >= p->in[axis] ? -1 : i;
}

/* Offset of tap `tap` in a plane of the operand; -1: padding. */
static int64_t plane_offset(const qir_patches *p, int64_t place, int64_t tap)
{
    int64_t offset = 0, scale = 1;
    for (unsigned axis = QIR_PATCH_AXES; axis-- > 0;) {
        int64_t i = source(p, axis, place % p->out[axis], tap % p->kernel[axis]);
        if (i < 0)
            return -1;
        offset += i * scale;
        scale *= p->in[axis];
        place /= p->out[axis];
        tap /= p->kernel[axis];
    }
    return offset;
}

void qir_patches_row(const qir_patches *p, const float *x, int64_t group, int64_t position,
                     float *row)
{
    int64_t places = product(p->out, 0, QIR_PATCH_AXES), plane = product(p->in, 0, QIR_PATCH_AXES);
    int64_t channels = p->channels / p->groups;
    x += (position / places * p->channels + group * channels) * plane;
    for (int64_t tap = 0; tap < p->taps; tap++) {
        int64_t at = plane_offset(p, position % places, tap);
        for (int64_t c = 0; c < channels; c++)
            row[c * p->taps + tap] = at < 0 ? 0.0f : x[c * plane + at];
    }
}

int64_t qir_patches_weight(const qir_patches *p, int64_t group, int64_t row, int64_t column)
{
    if (!p->transposed)
        return (group * p->rows + row) * p->columns + column;
    int64_t channel = group * (p->channels / p->groups) + column / p->taps;
    return (channel * p->rows + row) * p->taps + column % p->taps;
}
