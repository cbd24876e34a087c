/* Ops whose quantization parameters are values: choose_qparams, quantize_affine, dequantize_affine.
 */
#include <string.h>
#include "infer.h"
#include "qir/support/checked.h"

bool infer_storage(qir_infer *q, qir_dtype *dtype)
{
    const char *name = infer_string(q, "dtype");
    int64_t qmin = infer_int(q, "qmin"), qmax = infer_int(q, "qmax");
    qir_dtype t;
    if (!qir_dtype_from_name(name, strlen(name), &t) || !qir_dtype_is_int(t) ||
        qir_dtype_bits(t) > 16)
        return infer_fail(q, "attr.value",
                          "dtype \"%s\", expected an integer type of up to 16 bits", name);
    if (dtype)
        *dtype = t;
    return (qmin < qmax && qmin >= qir_dtype_min(t) && qmax <= qir_dtype_max(t)) ||
           infer_fail(q, "quant.range", "range %lld to %lld is empty or outside %s",
                      (long long)qmin, (long long)qmax, name);
}

bool infer_eps(qir_infer *q)
{
    return infer_float(q, "eps") >= 0 ||
           infer_fail(q, "attr.value", "eps %g, expected a number that is not negative",
                      (double)infer_float(q, "eps"));
}

/* Dimensions of the parameters of operand 0. */
static bool block_counts(qir_infer *q, infer_dims *out)
{
    const qir_type *x = infer_type(q, 0);
    size_t n;
    const int64_t *block = infer_ints(q, "block", &n);
    if (n != x->rank)
        return infer_fail(q, "quant.block", "block has %zu entries for an operand of rank %u", n,
                          x->rank);
    *out = infer_dims_of(x);
    for (unsigned i = 0; i < x->rank; i++) {
        if (block[i] < 1 || block[i] > QIR_MAX_ELEMENTS)
            return infer_fail(q, "quant.block", "block entry %lld, expected 1 to 2^40",
                              (long long)block[i]);
        out->d[i] = qir_ceil_div(x->dims[i], block[i]);
    }
    return true;
}

static bool check_params(qir_infer *q, unsigned i, const infer_dims *want)
{
    const qir_type *t = infer_type(q, i);
    bool same = !t || t->rank == want->rank;
    for (unsigned d = 0; t && same && d < t->rank; d++)
        same = t->dims[d] == want->d[d];
    return same || infer_fail(q, "quant.block", "operand %u has type %s, expected shape %s", i,
                              infer_text(q, t), infer_dims_text(q, want));
}

static bool expect_f32(qir_infer *q, unsigned i)
{
    const qir_type *t = infer_type(q, i);
    return t->dtype == QIR_f32 ||
           infer_fail(q, "type.operand", "operand %u has type %s, expected f32", i,
                      infer_text(q, t));
}

bool qir_infer_choose_qparams(qir_infer *q)
{
    infer_dims counts;
    return expect_f32(q, 0) && infer_nonempty(q, infer_type(q, 0), "operand") &&
           infer_storage(q, NULL) && infer_eps(q) && block_counts(q, &counts) &&
           infer_result_plain(q, 0, &counts, QIR_f32) && infer_result_plain(q, 1, &counts, QIR_i32);
}

bool qir_infer_quantize_affine(qir_infer *q)
{
    infer_dims dims = infer_dims_of(infer_type(q, 0)), counts;
    qir_dtype dtype;
    return expect_f32(q, 0) && expect_f32(q, 1) && infer_storage(q, &dtype) &&
           block_counts(q, &counts) && check_params(q, 1, &counts) && check_params(q, 2, &counts) &&
           infer_result_plain(q, 0, &dims, dtype);
}

bool qir_infer_dequantize_affine(qir_infer *q)
{
    infer_dims dims = infer_dims_of(infer_type(q, 0)), counts;
    qir_dtype dtype = infer_type(q, 1)->dtype;
    if (dtype == QIR_f64)
        return infer_fail(q, "type.operand", "scales of type %s, expected f32, f16 or bf16",
                          infer_text(q, infer_type(q, 1)));
    return block_counts(q, &counts) && check_params(q, 1, &counts) && check_params(q, 2, &counts) &&
           infer_result_plain(q, 0, &dims, dtype);
}
