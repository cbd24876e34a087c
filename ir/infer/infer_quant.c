/* Ops that change how values are stored: quantize, dequantize, requantize, storage_cast,
 * prepack, relayout; observe. */
#include "infer.h"

#include <string.h>
#include "qir/pack.h"
#include "qir/qmath.h"

static bool expect_static_quant(qir_infer *q, const qir_type *t, const char *what)
{
    return (t->quant && !t->quant->dynamic) ||
           infer_fail(q, "quant.operand",
                      "%s has type %s, expected a quantized type with known "
                      "parameters",
                      what, infer_text(q, t));
}

bool qir_infer_quantize(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    if (!infer_result_given(q, 0, &dims) || !expect_static_quant(q, q->results[0], "result 0"))
        return false;
    return q->results[0]->quant->expressed == x->dtype ||
           infer_fail(q, "quant.expressed", "operand of %s quantized to a type that expresses %s",
                      qir_dtype_name(x->dtype), qir_dtype_name(q->results[0]->quant->expressed));
}

bool qir_infer_dequantize(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    return expect_static_quant(q, x, "operand 0") &&
           infer_result_plain(q, 0, &dims, x->quant->expressed);
}

static bool expect_per_tensor(qir_infer *q, const qir_type *t, const char *what)
{
    return expect_static_quant(q, t, what) &&
           (qir_quant_is_per_tensor(t->quant) ||
            infer_fail(q, "quant.operand", "%s is quantized per axis, expected per tensor", what));
}

bool qir_infer_requantize(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    if (!expect_per_tensor(q, x, "operand 0") || !infer_result_given(q, 0, &dims) ||
        !expect_per_tensor(q, q->results[0], "result 0"))
        return false;
    return infer_multiplier(q, x->quant->scale[0], 1.0f, q->results[0]->quant->scale[0]);
}

bool qir_infer_storage_cast(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    if (!q->results[0] && x->quant)
        return infer_result_plain(q, 0, &dims, x->dtype);
    if (!infer_result_given(q, 0, &dims))
        return false;
    return q->results[0]->dtype == x->dtype ||
           infer_fail(q, "type.result", "reinterprets %s as %s, expected equal storage types",
                      qir_dtype_name(x->dtype), qir_dtype_name(q->results[0]->dtype));
}

/* --- observe --------------------------------------------------------------------------------- */

static int64_t groups_of(qir_infer *q, const qir_type *x, int64_t axis)
{
    int64_t group = infer_int(q, "group");
    return axis < 0 ? 1 : group ? x->dims[axis] / group * (axis > 0 ? x->dims[0] : 1) : x->dims[axis];
}

/* The storage of a derived scale is a bias's: i32. */
static bool observed_storage(qir_infer *q)
{
    return strcmp(infer_string(q, "kind"), "derived") == 0 || infer_storage(q, NULL);
}

static bool measured_range(qir_infer *q, int64_t channels)
{
    size_t nlo, nhi;
    const float *lo = infer_floats(q, "lo", &nlo), *hi = infer_floats(q, "hi", &nhi);
    if (!lo && !hi)
        return true;
    if (nlo != nhi || (int64_t)nlo != channels)
        return infer_fail(q, "quant.count", "lo has %zu entries and hi %zu, expected %lld", nlo,
                          nhi, (long long)channels);
    for (size_t i = 0; i < nlo; i++)
        if (!(lo[i] <= hi[i]))
            return infer_fail(q, "attr.value", "measured range %g to %g, expected lo <= hi",
                              (double)lo[i], (double)hi[i]);
    return true;
}

/* What a pass chose to stand for the operand. */
static bool observed_codes(qir_infer *q, const qir_type *x)
{
    const qir_type *codes = infer_type(q, 1);
    qir_dtype storage;
    if (!codes)
        return true;
    if (!qir_type_same_shape(codes, x))
        return infer_fail(q, "type.shape", "codes of type %s for an operand of type %s",
                          infer_text(q, codes), infer_text(q, x));
    return infer_storage(q, &storage) &&
           (codes->dtype == storage ||
            infer_fail(q, "type.operand", "codes of type %s, expected storage type %s",
                       infer_text(q, codes), qir_dtype_name(storage)));
}

bool qir_infer_observe(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    int64_t axis = infer_int(q, "axis");
    if (x->dtype != QIR_f32)
        return infer_fail(q, "type.operand", "operand of type %s, expected f32; observers count f32",
                          infer_text(q, x));
    if (axis < -1 || axis >= (int64_t)x->rank)
        return infer_fail(q, "quant.axis", "axis %lld of a tensor of rank %u", (long long)axis,
                          x->rank);
    int64_t group = infer_int(q, "group");
    if (group < 0 || (group > 0 && (axis < 0 || x->dims[axis] % group)))
        return infer_fail(q, "quant.group", "group %lld does not divide an axis", (long long)group);
    return observed_storage(q) && infer_eps(q) && observed_codes(q, x) && measured_range(q, groups_of(q, x, axis)) &&
           infer_result(q, 0, &dims, x);
}

/* --- layouts --------------------------------------------------------------------------------- */

bool qir_infer_prepack(qir_infer *q)
{
    const qir_type *w = infer_type(q, 0);
    const char *name = infer_string(q, "packing");
    int64_t groups = infer_int(q, "groups");
    qir_packing packing;
    qir_pack_shape shape;
    if (!qir_packing_from_name(name, strlen(name), &packing))
        return infer_fail(q, "attr.value", "packing \"%s\" is not in the layout table", name);
    if (!qir_pack_shape_get(packing, w, groups, &shape))
        return infer_fail(q, "type.packed",
                          "packing %s does not apply to a weight of type %s in "
                          "%lld groups",
                          name, infer_text(q, w), (long long)groups);
    const qir_type *want = qir_packed_type(q->module->ctx, packing, w, q->loc);
    if (!want)
        return false;
    if (q->results[0] && q->results[0] != want)
        return infer_fail(q, "type.result", "result 0 has type %s, expected %s",
                          infer_text(q, q->results[0]), infer_text(q, want));
    q->results[0] = want;
    return true;
}

bool qir_infer_unpack(qir_infer *q)
{
    const qir_type *p = q->operands[0]->type; /* infer_type looks into it */
    int64_t groups = infer_int(q, "groups");
    qir_pack_shape shape;
    if (!qir_pack_shape_get(p->packing, p->logical, groups, &shape))
        return infer_fail(q, "type.packed", "%s has no %lld groups", infer_text(q, p),
                          (long long)groups);
    if (q->results[0] && q->results[0] != p->logical)
        return infer_fail(q, "type.result", "result 0 has type %s, expected %s",
                          infer_text(q, q->results[0]), infer_text(q, p->logical));
    q->results[0] = p->logical;
    return true;
}

bool qir_infer_relayout(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    const char *name = infer_string(q, "order");
    qir_order order;
    if (!qir_order_from_name(name, strlen(name), &order))
        return infer_fail(q, "attr.value", "unknown physical order \"%s\"", name);
    if (order != QIR_ORDER_row_major && (x->rank < 3 || x->rank > 5))
        return infer_fail(q, "type.order", "order %s of a tensor of rank %u, expected rank 3 to 5",
                          name, x->rank);
    const qir_type *want = qir_type_with_order(q->module->ctx, x, order);
    if (q->results[0] && q->results[0] != want)
        return infer_fail(q, "type.result", "result 0 has type %s, expected %s",
                          infer_text(q, q->results[0]), infer_text(q, want));
    q->results[0] = want;
    return true;
}
