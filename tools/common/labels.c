#include "labels.h"

#include <string.h>
#include "qir/fidelity.h"
#include "qir/support/file.h"

static bool read_array(qir_context *ctx, const char *path, int64_t total, qir_tensor *t)
{
    qir_bytes raw;
    if (!qir_read_file(qir_context_diag(ctx), qir_context_arena(ctx), path, (size_t)1 << 32, NULL,
                       &raw))
        return false;
    if (raw.len > 6 && !memcmp(raw.data, "\x93NUMPY", 6))
        return qir_npy_read(ctx, path, t);
    int64_t n = (int64_t)raw.len;
    qir_dtype dtype = n == 4 * total ? QIR_u32 : QIR_u8;
    n /= (int64_t)qir_dtype_bytes(dtype);
    *t = (qir_tensor){qir_tensor_type(ctx, dtype, &n, 1, NULL), (void *)(uintptr_t)raw.data};
    return true;
}

const int64_t *tool_read_labels(qir_context *ctx, const char *path, int64_t total)
{
    qir_arena *arena = qir_context_arena(ctx);
    qir_tensor t;
    if (!read_array(ctx, path, total, &t))
        return NULL;
    if (!qir_dtype_is_int(t.type->dtype) || qir_type_elements(t.type) != total) {
        qir_error(qir_context_diag(ctx), qir_loc_file(ctx, path, 0, 0), "run.labels",
                  "labels of type %s, expected %lld integers (one per sample)",
                  qir_type_text(ctx, t.type), (long long)total);
        return NULL;
    }
    const double *values = qir_tensor_reals(&t, arena);
    int64_t *labels = QIR_NEW_ARRAY(arena, int64_t, (size_t)total);
    for (int64_t i = 0; i < total; i++)
        labels[i] = (int64_t)values[i];
    return labels;
}

int64_t tool_largest(const double *x, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}
