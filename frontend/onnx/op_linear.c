/* Matrix products and batch normalization.  A product with a constant matrix becomes `linear`,
 * whose weight is [O, I], so that it quantizes per output channel. */
#include "onnx/import.h"

static const int64_t swap[] = {1, 0};

static bool is_matrix_weight(const qir_value *v)
{
    return v->type->rank == 2 && fe_is_weight(v);
}

bool onnx_matmul(onnx_call *c)
{
    qir_value *a = c->in[0], *b = c->in[1];
    if (is_matrix_weight(b) && qir_type_is_float(b->type) && a->type->rank) {
        onnx_release(c, 1);
        return onnx_set(c, 0,
                        fe_emit2(c->fe, QIR_OP_linear, a, fe_transpose_weight(c->fe, b, swap)));
    }
    return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_matmul, a, b));
}

static qir_value *scaled(onnx_call *c, qir_value *x, float factor)
{
    if (!x || factor == 1.0f)
        return x;
    qir_value *f = fe_scalar(c->fe, x->type->dtype, (double)factor);
    if (!f)
        return NULL;
    return fe_emit_folded(c->fe, QIR_OP_mul, QIR_OPERANDS(x, f), QIR_NO_ATTRS, NULL);
}

/* The [O] bias of linear if C is one row for all: [O], [1, O], a scalar.  Else NULL. */
static qir_value *row_bias(onnx_call *c, qir_value *bias, int64_t n)
{
    const qir_type *t = bias->type;
    int64_t count = qir_type_elements(t);
    if (t->rank >= 1 && t->dims[t->rank - 1] == n && count == n)
        return fe_reshape(c->fe, bias, &n, 1);
    if (count == 1)
        return fe_expand(c->fe, fe_reshape(c->fe, bias, (int64_t[]){1}, 1), &n, 1);
    return NULL;
}

/* y = x * w^T + beta * C. */
static qir_value *linear(onnx_call *c, qir_value *x, qir_value *w, qir_value *bias, float beta)
{
    if (!x || !w || !bias)
        return fe_emit2(c->fe, QIR_OP_linear, x, w);
    bias = scaled(c, bias, beta);
    if (!bias)
        return NULL;
    qir_value *row =
        fe_is_weight(bias) || bias->type->rank == 1 ? row_bias(c, bias, w->type->dims[0]) : NULL;
    if (row)
        return fe_emit(c->fe, QIR_OP_linear, QIR_OPERANDS(x, w, row), QIR_NO_ATTRS, NULL);
    if (c->fe->failed)
        return NULL;
    return fe_emit2(c->fe, QIR_OP_add, fe_emit2(c->fe, QIR_OP_linear, x, w), bias);
}

bool onnx_gemm(onnx_call *c)
{
    qir_value *a = c->in[0], *b = c->in[1], *bias = onnx_in(c, 2);
    float alpha = onnx_attr_float(c, "alpha", 1), beta = onnx_attr_float(c, "beta", 1);
    bool trans_a = onnx_attr_int(c, "transA", 0), trans_b = onnx_attr_int(c, "transB", 0);
    onnx_attr_int(c, "broadcast", 0); /* before operator set 7; numpy rules cover it */
    if (a->type->rank != 2 || b->type->rank != 2)
        return fe_error(c->fe, "shape", "operands must have rank 2");
    if (trans_a)
        a = fe_transpose(c->fe, a, swap);
    if (trans_b || fe_is_weight(b)) {
        onnx_release(c, 1);
        qir_value *w = trans_b ? b : fe_transpose_weight(c->fe, b, swap);
        if (w && alpha != 1.0f && w->kind == QIR_VALUE_CONST)
            w = scaled(c, w, alpha);
        else
            a = scaled(c, a, alpha);
        return onnx_set(c, 0, linear(c, a, w, bias, beta));
    }
    qir_value *r = scaled(c, fe_emit2(c->fe, QIR_OP_matmul, a, b), alpha);
    if (bias)
        r = fe_emit2(c->fe, QIR_OP_add, r, scaled(c, bias, beta));
    return onnx_set(c, 0, r);
}

/* The inference form only: the other results exist in training. */
bool onnx_batch_norm(onnx_call *c)
{
    float epsilon = onnx_attr_float(c, "epsilon", 1e-5f);
    onnx_attr_float(c, "momentum", 0.9f);
    onnx_attr_int(c, "is_test", 1);
    if (onnx_attr_int(c, "training_mode", 0))
        return fe_error(c->fe, "attr", "training_mode is not supported");
    if (onnx_attr_int(c, "spatial", 1) != 1)
        return fe_error(c->fe, "attr", "spatial = 0 is not supported");
    for (unsigned i = 1; i < c->node->nout; i++)
        if (onnx_out_used(c, i))
            return fe_error(c->fe, "attr", "training results are not supported");
    return onnx_set(c, 0,
                    fe_emit(c->fe, QIR_OP_batch_norm, c->in, 5,
                            QIR_ATTRS({"epsilon", qir_attr_float(c->fe->ctx, epsilon)}), NULL));
}
