/* Comparison with the expected results, by the rules of ONNX's own runner. */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "qir/qmath.h"

static double element(const qir_tensor *t, int64_t i)
{
    switch (t->type->dtype) {
    case QIR_f64: return ((const double *)t->data)[i];
    case QIR_f16: return (double)qir_f16_to_f32(((const uint16_t *)t->data)[i]);
    case QIR_bf16: return (double)qir_bf16_to_f32(((const uint16_t *)t->data)[i]);
    default: return (double)((const float *)t->data)[i];
    }
}

static bool close_enough(double got, double want)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want);
    return got == want || fabs(got - want) <= 1e-7 + 1e-3 * fabs(want);
}

static bool check_bytes(test_case *t, unsigned index, const qir_tensor *got, const qir_tensor *want)
{
    bool same = memcmp(got->data, want->data, qir_type_bytes(want->type)) == 0;
    if (!same)
        qir_strbuf_printf(&t->message, "result %u differs", index);
    return same;
}

static bool check_tensor(test_case *t, unsigned index, const qir_tensor *got,
                         const qir_tensor *want)
{
    if (got->type != want->type) {
        qir_strbuf_printf(&t->message, "result %u has type %s, expected %s", index,
                          qir_type_text(t->ctx, got->type), qir_type_text(t->ctx, want->type));
        return false;
    }
    if (!qir_dtype_is_float(want->type->dtype))
        return check_bytes(t, index, got, want);
    for (int64_t i = 0; i < qir_type_elements(want->type); i++)
        if (!close_enough(element(got, i), element(want, i))) {
            qir_strbuf_printf(&t->message, "result %u element %lld is %.9g, expected %.9g", index,
                              (long long)i, element(got, i), element(want, i));
            return false;
        }
    return true;
}

bool check_results(test_case *t, const qir_func *f, const qir_tensor *got)
{
    if (f->nresults != t->noutputs) {
        qir_strbuf_printf(&t->message, "%u results, expected %u", f->nresults, t->noutputs);
        return false;
    }
    for (uint32_t i = 0; i < f->nresults; i++)
        if (!check_tensor(t, i, &got[i], &t->outputs[i]))
            return false;
    return true;
}
