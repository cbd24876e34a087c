/* Builds a function of the op alone, with real operands, and evaluates it. */
#include "mean_response.h"

#include "qir/builder.h"
#include "qir/fidelity.h"

int qir_mean_response_axis(const qir_op *op)
{
    return op->opcode == QIR_OP_linear ? (int)op->results[0].type->rank - 1 : 1;
}

static const qir_dict *unbounded(const qir_op *op)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const qir_dict *d = qir_dict_set(ctx, op->attrs, qir_intern_cstr(ctx, "min"), NULL);
    return qir_dict_set(ctx, d, qir_intern_cstr(ctx, "max"), NULL);
}

static const qir_type *real_type(qir_context *ctx, const qir_type *t)
{
    return qir_tensor_type(ctx, QIR_f32, t->dims, t->rank, NULL);
}

static qir_func *function_of(qir_module *m, const qir_op *op, const qir_type *weight)
{
    qir_func *f = qir_func_create(m, "main", op->loc);
    const qir_type *x = real_type(m->ctx, qir_op_operand(op, 0)->type);
    qir_value *in[] = {qir_func_add_arg(f, x, "x", NULL),
                       qir_func_add_arg(f, real_type(m->ctx, weight), "w", NULL)};
    const qir_type *result = NULL;
    qir_builder b = qir_builder_at_end(f->body);
    qir_op *y = qir_build_dict(&b, op->opcode, in, 2, unbounded(op), &result);
    if (!y || !qir_build(&b, QIR_OP_return, QIR_OPERANDS(&y->results[0]), QIR_NO_ATTRS, NULL))
        return NULL;
    qir_func_set_results(f, &y->results[0].type, NULL, 1);
    return f;
}

static void *floats(qir_arena *arena, const double *x, int64_t n)
{
    float *f = QIR_NEW_ARRAY(arena, float, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        f[i] = (float)x[i];
    return f;
}

static void average(const qir_tensor *y, int axis, double *out)
{
    int64_t n = qir_type_elements(y->type), channels = y->type->dims[axis], inner = 1;
    for (unsigned i = (unsigned)axis + 1; i < y->type->rank; i++)
        inner *= y->type->dims[i];
    for (int64_t c = 0; c < channels; c++)
        out[c] = 0.0;
    for (int64_t i = 0; i < n; i++)
        out[i / inner % channels] += (double)((const float *)y->data)[i];
    for (int64_t c = 0; c < channels; c++)
        out[c] /= (double)(n / channels);
}

bool qir_mean_response(const qir_op *op, const double *x, const qir_tensor *weight, double *out)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    qir_module *m = qir_module_create(ctx, NULL);
    qir_func *f = function_of(m, op, weight->type);
    qir_evaluator *e = f ? qir_evaluator_create(f, NULL) : NULL;
    bool ok = e != NULL;
    if (ok) {
        const qir_type *xt = f->body->args[0]->type, *wt = f->body->args[1]->type;
        const double *w = qir_tensor_reals(weight, m->arena);
        qir_tensor in[] = {{xt, floats(m->arena, x, qir_type_elements(xt))},
                           {wt, floats(m->arena, w, qir_type_elements(wt))}}, y;
        ok = qir_evaluator_run(e, in, &y);
        if (ok)
            average(&y, qir_mean_response_axis(op), out);
    }
    qir_evaluator_destroy(e);
    qir_module_destroy(m);
    return ok;
}
