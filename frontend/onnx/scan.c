/* Scan over sequences of known length, unrolled. */
#include <inttypes.h>
#include <string.h>

#include "onnx/control.h"

/* --- Scan ---------------------------------------------------------------------------------------
 */

/* Operands are `nstate` values that are handed on and then tensors that are walked through. */
typedef struct scan {
    onnx_unroll u;
    unsigned nstate, nseq;
    const int64_t *in_axes, *in_backwards, *out_axes, *out_backwards; /* NULL: all 0 */
    int64_t steps;
} scan;

static int64_t entry(const int64_t *list, unsigned i)
{
    return list ? list[i] : 0;
}

static bool read_list(onnx_call *c, const char *name, unsigned want, const int64_t **out)
{
    size_t n;
    *out = onnx_attr_ints(c, name, &n);
    return !*out || n == want ||
           fe_error(c->fe, "attr", "'%s' has %zu entries, expected %u", name, n, want);
}

static bool run_scan(scan *s, qir_value *const *in)
{
    fe_builder *fe = s->u.c->fe;
    memcpy(s->u.in, in, s->nstate * sizeof *in);
    s->u.collected.len = 0;
    for (int64_t t = 0; t < s->steps; t++) {
        for (unsigned i = 0; i < s->nseq; i++) {
            int64_t axis, at = entry(s->in_backwards, i) ? s->steps - 1 - t : t;
            qir_value *x = in[s->nstate + i];
            if (!fe_axis(fe, entry(s->in_axes, i), x->type->rank, false, &axis))
                return false;
            if (x->type->dims[axis] != s->steps)
                return fe_error(fe, "shape", "sequences of %" PRId64 " and %" PRId64 " steps",
                                s->steps, x->type->dims[axis]);
            s->u.in[s->nstate + i] = fe_take(fe, x, (unsigned)axis, at);
        }
        if (!onnx_unroll_step(&s->u))
            return false;
        memcpy(s->u.in, s->u.out, s->nstate * sizeof *in);
    }
    return true;
}

/* Result i of the steps just taken. */
static qir_value *scan_result(scan *s, unsigned i)
{
    if (i < s->nstate)
        return s->u.in[i];
    unsigned k = i - s->nstate;
    return onnx_unroll_stack(&s->u, k, entry(s->out_axes, k), entry(s->out_backwards, k));
}

static bool scan_once(scan *s)
{
    onnx_call *c = s->u.c;
    if (!run_scan(s, c->in))
        return false;
    for (unsigned i = 0; i < c->node->nout; i++)
        if (onnx_out_used(c, i) && !onnx_set(c, i, scan_result(s, i)))
            return false;
    return true;
}

/* Operator set 8: axis 0 of everything is a batch, operand 0 says how long its sequences are. */
static bool scan_batch(scan *s)
{
    onnx_call *c = s->u.c;
    unsigned n = s->nstate + s->nseq;
    const qir_type *t = c->in[1 + s->nstate]->type;
    int64_t batch = t->rank ? t->dims[0] : 0;
    qir_value **in = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, n);
    qir_value **list = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, (size_t)batch * c->node->nout);
    if (c->in[0] || batch < 1)
        return fe_error(c->fe, "shape", "sequence_lens or an empty batch");
    for (int64_t b = 0; b < batch; b++) {
        for (unsigned i = 0; i < n; i++)
            in[i] = fe_take(c->fe, c->in[1 + i], 0, b);
        if (c->fe->failed || !run_scan(s, in))
            return false;
        for (unsigned i = 0; i < c->node->nout; i++)
            list[i * batch + b] = scan_result(s, i);
    }
    for (unsigned i = 0; i < c->node->nout; i++)
        if (!onnx_set(c, i, fe_stack(c->fe, list + i * batch, (uint32_t)batch, 0)))
            return false;
    return true;
}

static bool read_scan(onnx_call *c, scan *s, unsigned first, const onnx_graph *g)
{
    int64_t nseq = onnx_attr_int(c, "num_scan_inputs", 0);
    if (nseq < 1 || nseq > (int64_t)c->nin - first)
        return fe_error(c->fe, "attr", "num_scan_inputs is %" PRId64, nseq);
    *s = (scan){.nseq = (unsigned)nseq, .nstate = c->nin - first - (unsigned)nseq};
    if (!onnx_check_body(c, g, s->nstate + s->nseq, s->nstate) || c->node->nout > g->noutputs)
        return c->fe->failed ? false : fe_error(c->fe, "arity", "the body has fewer outputs");
    unsigned nout = (unsigned)g->noutputs - s->nstate;
    if (!read_list(c, first ? "directions" : "scan_input_directions", s->nseq, &s->in_backwards) ||
        !read_list(c, "scan_input_axes", s->nseq, &s->in_axes) ||
        !read_list(c, "scan_output_axes", nout, &s->out_axes) ||
        !read_list(c, "scan_output_directions", nout, &s->out_backwards))
        return false;
    int64_t axis;
    const qir_type *t = c->in[first + s->nstate]->type;
    if (!fe_axis(c->fe, first ? 1 : entry(s->in_axes, 0), t->rank, false, &axis))
        return false;
    s->steps = t->dims[axis];
    s->u = onnx_unroll_begin(c, g, s->nstate);
    return true;
}

bool onnx_scan(onnx_call *c)
{
    onnx_body body;
    scan s;
    const onnx_graph *g = onnx_body_attr(c, "body");
    bool batched = c->opset < 9;
    for (unsigned i = batched; i < c->nin; i++)
        if (!c->in[i])
            return fe_error(c->fe, "arity", "operand %u is missing", i);
    if (!g || !read_scan(c, &s, batched, g))
        return false;
    bool ok = onnx_body_open(c->imp, &body, g, NULL) && (batched ? scan_batch(&s) : scan_once(&s));
    onnx_body_close(c->imp);
    qir_vec_free(&s.u.collected);
    return ok;
}
