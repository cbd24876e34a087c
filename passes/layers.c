/* Layers by number: an attribute that ops keep through cloning and lowering. */
#include "layers.h"

#include "qir/pass.h"
#include "quant_util.h"

#define TAG "layer.number"

qir_const *qir_observed_const(const qir_value *v)
{
    const qir_op *op = v ? qir_value_op(v) : NULL;
    if (op && op->opcode == QIR_OP_observe)
        v = qir_op_operand(op, 0);
    qir_const *c = v ? qir_value_const(v) : NULL;
    return c && c->value.type->dtype == QIR_f32 && !c->value.type->quant ? c : NULL;
}

bool qir_is_layer(const qir_op *op)
{
    if (qir_op_desc_get(op->opcode)->qrule.kind != QIR_QR_ACCUM)
        return false;
    const qir_value *x = qir_op_operand(op, 0), *bias = qir_op_operand(op, 2);
    return x->type->dtype == QIR_f32 && qir_observed_const(qir_op_operand(op, 1)) &&
           (!bias || qir_observed_const(bias));
}

void qir_layers_find(qir_layers *l, qir_func *f, qir_arena *arena)
{
    size_t n = 0;
    qir_for_each_op(op, f->body)
        n += qir_is_layer(op);
    *l = (qir_layers){f->module->ctx, QIR_NEW_ARRAY(arena, qir_op *, n), 0};
    qir_for_each_op(op, f->body)
        if (qir_is_layer(op)) {
            qir_op_set_attr(op, qir_intern_cstr(l->ctx, TAG), qir_attr_int(l->ctx, l->n));
            l->op[l->n++] = op;
        }
}

void qir_layers_forget(const qir_layers *l)
{
    for (int64_t i = 0; i < l->n; i++)
        qir_op_set_attr(l->op[i], qir_intern_cstr(l->ctx, TAG), NULL);
}

int64_t qir_layers_number(const qir_layers *l, const qir_op *op)
{
    const qir_attr *a = qir_dict_get(op->attrs, qir_intern_cstr(l->ctx, TAG));
    return a ? a->u.i : -1;
}

/* --- biases ------------------------------------------------------------------------------------ */
static void put_bias(qir_op *op, qir_dtype dtype, const void *data, int64_t n)
{
    qir_module *m = qir_op_module(op);
    const qir_value *old = qir_op_operand(op, 2);
    const char *name = old && old->name ? old->name : "bias";
    const qir_type *type = qir_tensor_type(m->ctx, dtype, &n, 1, NULL);
    qir_const *c = qir_const_create(m, name, type, data, true, op->loc);
    if (op->noperands > 2)
        qir_op_set_operand(op, 2, &c->value);
    else
        qir_op_add_operand(op, &c->value);
}

static int32_t saturated(int64_t v)
{
    return (int32_t)(v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v);
}

void qir_layer_set_bias(qir_op *op, const float *b, int64_t n)
{
    const qir_quant *x = qir_op_operand(op, 0)->type->quant, *w = qir_op_operand(op, 1)->type->quant;
    if (!x) {
        put_bias(op, QIR_f32, b, n);
        return;
    }
    int32_t *q = QIR_NEW_ARRAY(qir_op_module(op)->arena, int32_t, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        q[i] = saturated(qir_bias_integer(b[i], x->scale[0], w->scale[w->axis < 0 ? 0 : i]));
    put_bias(op, QIR_i32, q, n);
}

/* --- the copy ---------------------------------------------------------------------------------- */
qir_module *qir_integer_copy(qir_module *m)
{
    qir_module *copy = qir_module_clone(m);
    qir_diag_engine *diag = qir_context_diag(m->ctx);
    bool before = qir_diag_set_quiet(diag, true);
    bool ok = qir_run_pipeline(copy, "qdq,lower-quant");
    qir_diag_set_quiet(diag, before);
    if (!ok)
        qir_module_destroy(copy);
    return ok ? copy : NULL;
}
