/* Control flow whose course is known at import: If takes its branch, Loop is unrolled. */
#include <string.h>

#include "onnx/control.h"

static bool const_bool(onnx_call *c, qir_value *v, bool *out)
{
    int64_t i;
    if (!v || v->kind != QIR_VALUE_CONST)
        return fe_error(c->fe, "const", "the condition depends on the data");
    if (!fe_const_int(c->fe, v, &i))
        return false;
    *out = i != 0;
    return true;
}

static bool take_branch(onnx_call *c, const onnx_graph *g)
{
    qir_value **out = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, g->noutputs);
    if (!onnx_body_expand(c->imp, NULL, 0, out))
        return false;
    for (unsigned i = 0; i < c->node->nout; i++)
        if (!onnx_set(c, i, out[i]))
            return false;
    return true;
}

bool onnx_if(onnx_call *c)
{
    onnx_body body;
    bool condition = false;
    const onnx_graph *yes = onnx_body_attr(c, "then_branch"),
                     *no = onnx_body_attr(c, "else_branch");
    if (!yes || !no || !const_bool(c, c->in[0], &condition))
        return false;
    const onnx_graph *g = condition ? yes : no;
    if (!onnx_check_body(c, g, 0, c->node->nout))
        return false;
    bool ok = onnx_body_open(c->imp, &body, g, NULL) && take_branch(c, g);
    onnx_body_close(c->imp);
    return ok;
}

/* --- Loop ---------------------------------------------------------------------------------------
 */

static bool run_loop(onnx_unroll *u, int64_t trips, bool go)
{
    onnx_call *c = u->c;
    unsigned carried = c->nin > 2 ? c->nin - 2 : 0;
    for (unsigned i = 0; i < carried; i++)
        u->in[2 + i] = c->in[2 + i];
    for (int64_t i = 0; go && (trips < 0 || i < trips); i++) {
        u->in[0] = fe_const(c->fe, QIR_i64, NULL, 0, &i);
        u->in[1] = fe_scalar(c->fe, QIR_i1, 1);
        if (!onnx_unroll_step(u) || !const_bool(c, u->out[0], &go))
            return false;
        memcpy(u->in + 2, u->out + 1, carried * sizeof *u->in);
    }
    for (unsigned i = 0; i < c->node->nout; i++) {
        qir_value *v = i < carried           ? u->in[2 + i]
                       : onnx_out_used(c, i) ? onnx_unroll_stack(u, i - carried, 0, false)
                                             : NULL;
        if (onnx_out_used(c, i) && !onnx_set(c, i, v))
            return false;
    }
    return true;
}

bool onnx_loop(onnx_call *c)
{
    onnx_body body;
    int64_t trips = -1;
    bool go = true;
    const onnx_graph *g = onnx_body_attr(c, "body");
    unsigned carried = c->nin > 2 ? c->nin - 2 : 0;
    if (!g ||
        !onnx_check_body(c, g, carried + 2,
                         (carried > c->node->nout ? carried : c->node->nout) + 1) ||
        (onnx_in(c, 0) && !fe_const_int(c->fe, c->in[0], &trips)) ||
        (onnx_in(c, 1) && !const_bool(c, c->in[1], &go)))
        return false;
    if (onnx_in(c, 0) && trips < 0)
        trips = 0;
    onnx_unroll u = onnx_unroll_begin(c, g, carried + 1);
    bool ok = onnx_body_open(c->imp, &body, g, NULL) && run_loop(&u, trips, go);
    onnx_body_close(c->imp);
    qir_vec_free(&u.collected);
    return ok;
}
