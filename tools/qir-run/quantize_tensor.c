/* -quantize-tensor: one array under a quantization spec: parameters, codes, errors.  A module around
 * the array goes through the passes that quantize any model, and is evaluated. */
#include "quantized.h"

#include <math.h>
#include <string.h>
#include "qir/builder.h"
#include "qir/pass.h"

/* --- the module -------------------------------------------------------------------------------- */
static bool read_array(quantized *q, qir_tensor *out)
{
    qir_tensor t;
    if (!qir_npy_read(q->r->ctx, q->r->opts->quantize_tensor, &t))
        return false;
    q->type = qir_tensor_type(q->r->ctx, QIR_f32, t.type->dims, t.type->rank, NULL);
    q->n = qir_type_elements(q->type);
    q->x = qir_tensor_reals(&t, q->arena);
    float *f = QIR_NEW_ARRAY(q->arena, float, (size_t)q->n);
    for (int64_t i = 0; i < q->n; i++)
        f[i] = (float)q->x[i];
    *out = (qir_tensor){q->type, f};
    return true;
}

static bool read_spec(quantized *q)
{
    const qir_loc *loc = qir_loc_file(q->r->ctx, "-spec", 0, 0);
    if (!qir_qspec_parse(q->r->ctx, q->r->opts->spec, loc, &q->spec))
        return false;
    return q->spec.kind == QIR_QSPEC_OWN || q->spec.kind == QIR_QSPEC_FIXED ||
           qir_error(q->r->diag, loc, "quant.spec",
                     "'%s' takes its parameters from elsewhere; expected a type with a scheme, or "
                     "fixed ones", q->r->opts->spec);
}

/* An op that takes the array under the spec. */
static qir_func *build(quantized *q, qir_module *m, const qir_tensor *x)
{
    qir_context *ctx = m->ctx;
    const char *spec = q->r->opts->spec, *out = "float";
    qir_func *f = qir_func_create(m, "main", NULL);
    qir_const *c = qir_const_create(m, "x", x->type, x->data, false, NULL);
    qir_builder b = qir_builder_at_end(f->body);
    qir_value *y = qir_build1(&b, QIR_OP_neg, QIR_OPERANDS(&c->value),
                              QIR_ATTRS({"quant.in", qir_attr_strings(ctx, &spec, 1)},
                                        {"quant.out", qir_attr_string(ctx, out, strlen(out))}),
                              NULL);
    if (!y || !qir_build(&b, QIR_OP_return, QIR_OPERANDS(y), QIR_NO_ATTRS, NULL))
        return NULL;
    qir_func_set_results(f, &x->type, NULL, 1);
    return f;
}

/* --- what the evaluation shows ----------------------------------------------------------------- */
static void take_codes(quantized *q, const qir_tensor *t)
{
    qir_type plain = *t->type;
    plain.quant = NULL;
    const double *code = qir_tensor_reals(&(qir_tensor){&plain, t->data}, q->arena);
    for (int64_t i = 0; i < q->n; i++)
        q->code[i] = (int64_t)code[i];
}

/* Parameters that a type holds. */
static void take_static(quantized *q, const qir_tensor *t)
{
    const qir_quant *k = t->type->quant;
    double *scale = QIR_NEW_ARRAY(q->arena, double, k->count);
    double *zero_point = QIR_NEW_ARRAY(q->arena, double, k->count);
    q->cells = (int64_t)k->count;
    for (size_t c = 0; c < k->count; c++)
        scale[c] = (double)k->scale[c], zero_point[c] = k->zero_point[c];
    for (int64_t i = 0; i < q->n; i++)
        q->cell[i] = (int64_t)qir_quant_index(t->type, i);
    q->scale = scale, q->zero_point = zero_point;
    take_codes(q, t);
}

/* Parameters that were computed: one per tensor or row. */
static const double *copy_reals(quantized *q, const qir_tensor *t)
{
    size_t bytes = (size_t)qir_type_elements(t->type) * sizeof(double);
    return qir_arena_copy(q->arena, qir_tensor_reals(t, q->arena), bytes);
}

static void take_dynamic(quantized *q, const qir_tensor *out)
{
    q->cells = qir_type_elements(out[0].type);
    q->scale = copy_reals(q, &out[0]);
    q->zero_point = copy_reals(q, &out[1]);
    for (int64_t i = 0; i < q->n; i++)
        q->cell[i] = i / (q->n / q->cells);
}

static void watch(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    quantized *q = user;
    if (op->opcode == QIR_OP_dequantize)
        take_static(q, &in[0]);
    if (op->opcode == QIR_OP_choose_qparams)
        take_dynamic(q, out);
    if (op->opcode == QIR_OP_quantize_affine)
        take_codes(q, &out[0]);
    if (op->opcode == QIR_OP_neg)
        q->y = copy_reals(q, &in[0]);
}

static void measure(quantized *q)
{
    q->lo = QIR_NEW_ARRAY(q->arena, double, (size_t)q->cells);
    q->hi = QIR_NEW_ARRAY(q->arena, double, (size_t)q->cells);
    q->cell_error = QIR_NEW_ARRAY(q->arena, qir_fidelity, (size_t)q->cells);
    for (int64_t c = 0; c < q->cells; c++)
        q->lo[c] = INFINITY, q->hi[c] = -INFINITY;
    for (int64_t i = 0; i < q->n; i++) {
        int64_t c = q->cell[i];
        q->lo[c] = fmin(q->lo[c], q->x[i]);
        q->hi[c] = fmax(q->hi[c], q->x[i]);
        qir_fidelity_add(&q->cell_error[c], &q->x[i], &q->y[i], 1);
    }
    qir_fidelity_add(&q->error, q->x, q->y, q->n);
}

static bool evaluate(quantized *q, qir_func *f)
{
    qir_eval_options eval = {.on_op = watch, .user = q};
    qir_tensor out;
    q->code = QIR_NEW_ARRAY(q->arena, int64_t, (size_t)q->n);
    q->cell = QIR_NEW_ARRAY(q->arena, int64_t, (size_t)q->n);
    qir_evaluator *e = qir_evaluator_create(f, &eval);
    bool ok = qir_evaluator_run(e, NULL, &out);
    qir_evaluator_destroy(e);
    return ok;
}

int run_quantize_tensor(run *r)
{
    quantized q = {.r = r, .arena = qir_context_new_arena(r->ctx)};
    qir_tensor x;
    r->module = qir_module_create(r->ctx, NULL);
    qir_func *f = read_array(&q, &x) && read_spec(&q) ? build(&q, r->module, &x) : NULL;
    bool ok = f && qir_run_pipeline(r->module, "insert-observers,convert") && evaluate(&q, f);
    if (ok)
        measure(&q);
    ok = ok && quantized_print(&q);
    qir_arena_destroy(q.arena);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}
