/* Windows of convolutions and pools: sizes and padding. */
#include "core/fe.h"
#include "qir/support/checked.h"

int64_t fe_window_extent(const fe_window *w, unsigned i)
{
    return (w->kernel[i] - 1) * w->dilations[i] + 1;
}

int64_t fe_window_size(const fe_window *w, unsigned i, int64_t in)
{
    int64_t room = in + w->pads[i] + w->pads[w->n + i] - fe_window_extent(w, i);
    return room < 0 ? 0 : room / w->strides[i] + 1;
}

void fe_window_pad_same(fe_window *w, const int64_t *in, bool upper)
{
    for (unsigned i = 0; i < w->n; i++) {
        int64_t out = qir_ceil_div(in[i], w->strides[i]);
        int64_t total = (out - 1) * w->strides[i] + fe_window_extent(w, i) - in[i];
        total = total < 0 ? 0 : total;
        w->pads[i] = upper ? total / 2 : total - total / 2;
        w->pads[w->n + i] = total - w->pads[i];
    }
}

const qir_attr *fe_unless(fe_builder *fe, const int64_t *list, unsigned n, int64_t dflt)
{
    for (unsigned i = 0; i < n; i++)
        if (list[i] != dflt)
            return qir_attr_ints(fe->ctx, list, n);
    return NULL;
}
