/* Normalizations. */
#include "core/compose.h"

/* An affine parameter in the shape of dimensions `axis` and following of x. */
static qir_value *shaped_like(fe_builder *fe, qir_value *v, const qir_value *x, int64_t axis)
{
    return v && v->type->rank <= x->type->rank - axis
               ? fe_expand(fe, v, x->type->dims + axis, x->type->rank - (unsigned)axis)
               : v;
}

static qir_value *norm(fe_builder *fe, qir_opcode opcode, qir_value *x, int64_t axis,
                       qir_value *gamma, qir_value *beta, float epsilon)
{
    if (!x)
        return NULL;
    gamma = shaped_like(fe, gamma, x, axis);
    beta = shaped_like(fe, beta, x, axis);
    return fe->failed ? NULL
                      : fe_emit(fe, opcode, (qir_value *[]){x, gamma, beta},
                                beta    ? 3
                                : gamma ? 2
                                        : 1,
                                QIR_ATTRS({"axis", qir_attr_int(fe->ctx, axis)},
                                          {"epsilon", qir_attr_float(fe->ctx, epsilon)}),
                                NULL);
}

qir_value *fe_layer_norm(fe_builder *fe, qir_value *x, int64_t axis, qir_value *gamma,
                         qir_value *beta, float epsilon)
{
    return norm(fe, QIR_OP_layer_norm, x, axis, gamma, beta, epsilon);
}

qir_value *fe_rms_norm(fe_builder *fe, qir_value *x, int64_t axis, qir_value *gamma, float epsilon)
{
    return norm(fe, QIR_OP_rms_norm, x, axis, gamma, NULL, epsilon);
}

static qir_value *mean_from(fe_builder *fe, qir_value *x, int64_t axis)
{
    int64_t axes[QIR_MAX_RANK];
    if (!x)
        return NULL;
    for (int64_t i = axis; i < x->type->rank; i++)
        axes[i - axis] = i;
    return fe_emit1(
        fe, QIR_OP_reduce_mean, x,
        QIR_ATTRS({"axes", qir_attr_ints(fe->ctx, axes, x->type->rank - (size_t)axis)}));
}

bool fe_layer_norm_statistics(fe_builder *fe, qir_value *x, int64_t axis, float epsilon,
                              qir_value **mean, qir_value **inverse_deviation)
{
    *mean = mean_from(fe, x, axis);
    qir_value *d = fe_emit2(fe, QIR_OP_sub, x, *mean);
    qir_value *variance = mean_from(fe, fe_emit2(fe, QIR_OP_mul, d, d), axis);
    if (!variance)
        return false;
    qir_value *sum =
        fe_emit2(fe, QIR_OP_add, variance, fe_scalar(fe, variance->type->dtype, (double)epsilon));
    qir_value *root = fe_emit1(fe, QIR_OP_sqrt, sum, QIR_NO_ATTRS);
    *inverse_deviation = fe_emit1(fe, QIR_OP_reciprocal, root, QIR_NO_ATTRS);
    return *inverse_deviation;
}

/* v [C] as [C, 1, ...]: broadcasts along axis 1. */
static qir_value *per_channel(fe_builder *fe, qir_value *v, unsigned rank)
{
    int64_t dims[QIR_MAX_RANK] = {qir_type_elements(v->type)};
    for (unsigned i = 1; i + 1 < rank; i++)
        dims[i] = 1;
    return fe_reshape(fe, v, dims, rank - 1);
}

qir_value *fe_group_norm(fe_builder *fe, qir_value *x, int64_t groups, qir_value *gamma,
                         qir_value *beta, float epsilon)
{
    const qir_type *t = x ? x->type : NULL;
    if (!x)
        return NULL;
    if (t->rank < 2 || groups < 1 || !t->dims[0] || !t->dims[1] || t->dims[1] % groups)
        return fe_error(fe, "shape", "channels cannot be split into %lld groups",
                        (long long)groups),
               NULL;
    int64_t rows[3] = {t->dims[0], groups, qir_type_elements(t) / t->dims[0] / groups};
    qir_value *y = fe_layer_norm(fe, fe_reshape(fe, x, rows, 3), 2, NULL, NULL, epsilon);
    y = fe_reshape(fe, y, t->dims, t->rank);
    if (gamma)
        y = fe_emit2(fe, QIR_OP_mul, y, per_channel(fe, gamma, t->rank));
    if (beta)
        y = fe_emit2(fe, QIR_OP_add, y, per_channel(fe, beta, t->rank));
    return y;
}

/* --- across channels --------------------------------------------------------------------------- */
/* Means over neighbouring channels are those of a pooling window; padding counts as zeros. */
static qir_value *channel_means(fe_builder *fe, qir_value *x, int64_t size)
{
    const qir_type *t = x->type;
    int64_t before = (size - 1) / 2, rest = qir_type_elements(t) / t->dims[0] / t->dims[1];
    int64_t dims[] = {t->dims[0], 1, t->dims[1], rest}, kernel[] = {size, 1};
    int64_t pads[] = {before, 0, size - 1 - before, 0};
    qir_value *v = fe_reshape(fe, x, dims, 4);
    v = fe_emit1(fe, QIR_OP_avg_pool, v,
                 QIR_ATTRS({"kernel", qir_attr_ints(fe->ctx, kernel, 2)},
                           {"pads", qir_attr_ints(fe->ctx, pads, 4)},
                           {"count_pads", qir_attr_bool(fe->ctx, true)}));
    return fe_reshape(fe, v, t->dims, t->rank);
}

qir_value *fe_lrn(fe_builder *fe, qir_value *x, int64_t size, float alpha, float beta, float bias)
{
    if (!x || x->type->rank < 2 || size < 1 || size > INT32_MAX || !qir_type_elements(x->type)) {
        fe_error(fe, "shape", "expected elements along two axes or more, and a size from 1");
        return NULL;
    }
    qir_dtype t = x->type->dtype;
    qir_value *squares = fe_emit2(fe, QIR_OP_mul, x, x);
    qir_value *v = squares ? channel_means(fe, squares, size) : NULL;
    v = fe_emit2(fe, QIR_OP_mul, v, fe_scalar(fe, t, (double)alpha * (double)size));
    v = fe_emit2(fe, QIR_OP_add, v, fe_scalar(fe, t, (double)bias));
    v = fe_emit2(fe, QIR_OP_pow, v, fe_scalar(fe, t, (double)beta));
    return fe_emit2(fe, QIR_OP_div, x, v);
}
