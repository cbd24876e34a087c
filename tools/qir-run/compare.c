/* -compare: results against reference files; -labels: top-1. */
#include "run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "labels.h"
#include "qir/qmath.h"

static double number(const run *r, const char *option, const char *text)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= 0))
        cl_usage_error(r->tool, "%s takes a number that is not negative, got '%s'", option, text);
    return v;
}

/* --- values ----------------------------------------------------------------------------------- */
static bool read_reference(run *r, const char *path, qir_tensor *out)
{
    size_t len = strlen(path);
    if (len < 3 || strcmp(path + len - 3, ".pb"))
        return qir_npy_read(r->ctx, path, out);
    qir_bytes bytes;
    qir_arena *arena = qir_context_arena(r->ctx);
    return qir_read_file(r->diag, arena, path, (size_t)r->opts->common.max_source, "-fmax-source",
                         &bytes) &&
           qir_tensorproto_read(r->ctx, arena, path, bytes.data, bytes.len, out);
}

/* Element as a real number: floats, dequantized values if `real`, else what is stored. */
static double element(const qir_type *t, const void *data, int64_t i, bool real)
{
    size_t size = qir_dtype_bytes(t->dtype);
    uint64_t bits = 0;
    memcpy(&bits, (const char *)data + (size_t)i * size, size);
    double d;
    float f;
    switch (t->dtype) {
    case QIR_f64: memcpy(&d, &bits, sizeof d); return d;
    case QIR_f32: memcpy(&f, &bits, sizeof f); return (double)f;
    case QIR_f16: return (double)qir_f16_to_f32((uint16_t)bits);
    case QIR_bf16: return (double)qir_bf16_to_f32((uint16_t)bits);
    default: break;
    }
    unsigned shift = 64 - 8 * (unsigned)size;
    int64_t v = qir_dtype_is_signed(t->dtype) ? (int64_t)(bits << shift) >> shift : (int64_t)bits;
    if (real && t->quant && t->quant->axis < 0)
        return (double)qir_dequantize_value((int32_t)v, t->quant->scale[0],
                                            t->quant->zero_point[0]);
    return (double)v;
}

/* --- -compare --------------------------------------------------------------------------------- */
typedef struct difference {
    int64_t count, where;
    double largest, got, want;
} difference;

static bool equal_within(double got, double want, double atol, double rtol)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want);
    if (isinf(got) || isinf(want))
        return got == want;
    return fabs(got - want) <= atol + rtol * fabs(want);
}

static difference differ(const run *r, const qir_type *t, const void *data, const qir_tensor *ref,
                         int64_t n)
{
    double atol = number(r, "-atol", r->opts->atol), rtol = number(r, "-rtol", r->opts->rtol);
    bool real = qir_dtype_is_float(ref->type->dtype);
    difference d = {.where = -1, .largest = -1};
    for (int64_t i = 0; i < n; i++) {
        double got = element(t, data, i, real), want = element(ref->type, ref->data, i, false);
        if (equal_within(got, want, atol, rtol))
            continue;
        double size = isnan(got - want) ? INFINITY : fabs(got - want);
        d.count++;
        if (size > d.largest)
            d = (difference){d.count, i, size, got, want};
    }
    return d;
}

static int compare_one(run *r, const results *s, const char *text)
{
    uint32_t i;
    const char *path;
    qir_tensor ref;
    if (!find_result(r, text, &i, &path) || !read_reference(r, path, &ref))
        return CL_EXIT_ERROR;
    const qir_type *t = r->func->result_types[i];
    int64_t n = qir_type_elements(t) * s->samples;
    if (qir_type_elements(ref.type) != n) {
        printf("%s: shape differs: %s, reference %s\n", result_name(r, i), qir_type_text(r->ctx, t),
               qir_type_text(r->ctx, ref.type));
        return CL_EXIT_THRESHOLD;
    }
    difference d = differ(r, t, s->bytes[i].data, &ref, n);
    if (!d.count) {
        printf("%s: equal within the tolerance\n", result_name(r, i));
        return CL_EXIT_OK;
    }
    printf(
        "%s: %lld of %lld values differ; largest difference %g at %lld: got %.9g, expected %.9g\n",
        result_name(r, i), (long long)d.count, (long long)n, d.largest, (long long)d.where, d.got,
        d.want);
    return CL_EXIT_THRESHOLD;
}

int results_compare(run *r, const results *s)
{
    int worst = CL_EXIT_OK;
    for (size_t k = 0; k < r->opts->compare.len; k++) {
        int code = compare_one(r, s, r->opts->compare.items[k]);
        if (code == CL_EXIT_ERROR)
            return code;
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* --- -labels ---------------------------------------------------------------------------------- */
static int64_t largest(const qir_type *t, const char *data, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (element(t, data, i, false) > element(t, data, best, false))
            best = i;
    return best;
}

bool results_top1(run *r, const results *s, int64_t first, int64_t total)
{
    const int64_t *labels = tool_read_labels(r->ctx, r->opts->labels, total);
    if (!labels)
        return false;
    const qir_type *t = r->func->result_types[0];
    int64_t right = 0, n = qir_type_elements(t);
    for (int64_t i = 0; i < s->samples; i++)
        right +=
            largest(t, s->bytes[0].data + (size_t)i * qir_type_bytes(t), n) == labels[first + i];
    printf("top-1: %.2f %% (%lld of %lld)\n",
           s->samples ? 100.0 * (double)right / (double)s->samples : 0.0, (long long)right,
           (long long)s->samples);
    return true;
}
