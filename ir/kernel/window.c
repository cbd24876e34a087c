/* Window geometry of an op: see qir/kernel_plan.h. */
#include "kernel/kernel.h"

/* Entry i of n spatial axes out of an attribute that may hold one entry for all. */
static int64_t entry(const int64_t *v, size_t len, unsigned i)
{
    return len == 1 ? v[0] : v[i];
}

static void spatial_axes(const qir_op *op, unsigned n, qir_window *w)
{
    size_t nk = 0, ns, np, nd;
    const int64_t *kernel = NULL;
    const int64_t *strides = qir_op_ints(op, "strides", &ns), *pads = qir_op_ints(op, "pads", &np);
    const int64_t *dilations = qir_op_ints(op, "dilations", &nd);
    const qir_type *x = op->operands[0].value->type, *y = op->results[0].type;
    const qir_type *f = qir_op_weight(op) < 0 ? NULL : qir_plan_weight(op);
    if (!f)
        kernel = qir_op_ints(op, "kernel", &nk);
    for (unsigned i = 0; i < n; i++) {
        unsigned a = 3 - n + i;
        w->in[a] = x->dims[2 + i];
        w->out[a] = y->dims[2 + i];
        w->kernel[a] = f ? f->dims[2 + i] : entry(kernel, nk, i);
        w->stride[a] = entry(strides, ns, i);
        w->dilation[a] = entry(dilations, nd, i);
        w->begin[a] = entry(pads, np, i);
    }
}

void qir_window_get(const qir_op *op, qir_window *w)
{
    const qir_type *x = op->operands[0].value->type, *y = op->results[0].type;
    *w = (qir_window){.n = 1, .groups = 1, .taps = 1};
    for (unsigned a = 0; a < 3; a++)
        w->in[a] = w->out[a] = w->kernel[a] = w->stride[a] = w->dilation[a] = 1;
    if (op->opcode == QIR_OP_linear || op->opcode == QIR_OP_linear_dynamic) {
        w->c = x->dims[x->rank - 1];
        w->o = y->dims[y->rank - 1];
        w->in[2] = w->out[2] = qir_type_elements(y) / (w->o ? w->o : 1);
        return;
    }
    w->n = x->dims[0];
    w->c = x->dims[1];
    w->o = y->dims[1];
    w->groups = qir_op_weight(op) < 0 ? w->c : qir_op_int(op, "groups");
    spatial_axes(op, x->rank - 2, w);
    for (unsigned a = 0; a < 3; a++) {
        int64_t last = (w->out[a] - 1) * w->stride[a] + (w->kernel[a] - 1) * w->dilation[a];
        w->taps *= w->kernel[a];
        w->padded |= w->begin[a] > 0 || last - w->begin[a] >= w->in[a];
    }
}

