/* linear_dynamic and conv_dynamic: products of integers whose parameters come from run time. */
#include "infer.h"

static bool expect(qir_infer *q, unsigned i, bool ok, const char *what)
{
    return ok || infer_fail(q, "type.operand", "operand %u has type %s, expected %s", i,
                            infer_text(q, infer_type(q, i)), what);
}

/* A single element, or one for each index of the dimensions before `from`. */
static bool counts_fit(const qir_type *x, unsigned from, const qir_type *t)
{
    if (qir_type_elements(t) == 1)
        return true;
    bool ok = t->rank == x->rank;
    for (unsigned d = 0; ok && d < t->rank; d++)
        ok = t->dims[d] == (d < from ? x->dims[d] : 1);
    return ok;
}

/* Operands 0 to 2: integers and their parameters, one per index of the dimensions before `from`. */
static bool check_rows(qir_infer *q, unsigned from, const char *unit)
{
    const qir_type *x = infer_type(q, 0), *s = infer_type(q, 1), *z = infer_type(q, 2);
    if (!expect(q, 0, x->dtype == QIR_i8 || x->dtype == QIR_u8, "i8 or u8") ||
        !expect(q, 1, s->dtype == QIR_f32, "f32") || !expect(q, 2, z->dtype == QIR_i32, "i32"))
        return false;
    for (unsigned i = 1; i < 3; i++)
        if (!counts_fit(x, from, infer_type(q, i)))
            return infer_fail(q, "quant.block", "operand %u has type %s, expected one element, or "
                              "one per %s of %s", i, infer_text(q, infer_type(q, i)), unit,
                              infer_text(q, x));
    return qir_type_elements(s) == qir_type_elements(z) ||
           infer_fail(q, "quant.block", "scales %s and zero points %s, expected equal numbers",
                      infer_text(q, s), infer_text(q, z));
}

static bool check_weight(qir_infer *q, bool groups)
{
    const qir_type *w = infer_type(q, 3);
    const qir_quant *p = w->quant;
    bool fits = p && !p->dynamic && qir_dtype_is_int(w->dtype) && qir_dtype_bits(w->dtype) <= 8 &&
                (p->group ? groups && p->axis == 1 : p->axis <= 0);
    return fits || infer_fail(q, "quant.axis",
                              "weight of type %s, expected at most 8 bits, quantized per tensor, per "
                              "axis 0%s",
                              infer_text(q, w), groups ? " or in groups along axis 1" : "");
}

static bool finish(qir_infer *q, const infer_dims *dims)
{
    const qir_type *b = infer_type(q, 4), *w = infer_type(q, 3);
    if (b && !expect(q, 4, b->dtype == QIR_f32 && b->rank == 1 && b->dims[0] == w->dims[0],
                     "f32, one per row of the weight"))
        return false;
    return infer_bounds(q) && infer_result_plain(q, 0, dims, QIR_f32);
}

bool qir_infer_linear_dynamic(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims;
    return infer_linear_dims(q, x, infer_type(q, 3), &dims) &&
           check_rows(q, x->rank - 1, "row") && check_weight(q, true) && finish(q, &dims);
}

bool qir_infer_conv_dynamic(qir_infer *q)
{
    infer_dims dims;
    return infer_conv_dims(q, infer_type(q, 0), infer_type(q, 3), &dims) &&
           check_rows(q, 1, "image") && check_weight(q, false) && finish(q, &dims);
}
