/* Decodes TensorMeta: element type, sizes, strides; sizes may be expressions. */
#include <string.h>

#include "pt2/program.h"

/* The schema's codes, which are not those of c10. */
static const struct {
    const char *name;
    int code, dtype; /* dtype -1: not supported */
} dtypes[] = {
    {"uint8", 1, QIR_u8},      {"int8", 2, QIR_i8},     {"int16", 3, QIR_i16},
    {"int32", 4, QIR_i32},     {"int64", 5, QIR_i64},   {"float16", 6, QIR_f16},
    {"float32", 7, QIR_f32},   {"float64", 8, QIR_f64}, {"complex32", 9, -1},
    {"complex64", 10, -1},     {"complex128", 11, -1},  {"bool", 12, QIR_i1},
    {"bfloat16", 13, QIR_bf16}, {"uint16", 28, QIR_u16}, {"float8_e4m3fn", 29, -1},
    {"float8_e5m2", 30, -1},   {"float8_e4m3fnuz", 31, -1}, {"float8_e5m2fnuz", 32, -1},
};
enum { NDTYPES = sizeof dtypes / sizeof dtypes[0] };

bool pt2_dtype(int64_t code, qir_dtype *out)
{
    for (int i = 0; i < NDTYPES; i++)
        if (dtypes[i].code == code && dtypes[i].dtype >= 0) {
            *out = (qir_dtype)dtypes[i].dtype;
            return true;
        }
    return false;
}

const char *pt2_dtype_name(qir_context *ctx, int64_t code)
{
    for (int i = 0; i < NDTYPES; i++)
        if (dtypes[i].code == code)
            return dtypes[i].name;
    return qir_arena_printf(qir_context_arena(ctx), "%lld", (long long)code);
}

/* SymInt: as_int, or as_expr with a hint that is nobody's business. */
bool pt2_size_read(const qir_json *j, pt2_size *out)
{
    const char *arm;
    qir_json v, expr;
    *out = (pt2_size){0};
    if (!qir_json_arm(j, &arm, &v))
        return false;
    if (strcmp(arm, "as_int") == 0)
        return qir_json_int(&v, &out->value);
    if (strcmp(arm, "as_expr") == 0)
        return qir_json_member(&v, "expr_str", &expr) && qir_json_string(&expr, &out->expr);
    return qir_json_fail(j, "unknown kind of integer '%.40s'", arm);
}

static bool read_sizes(qir_arena *arena, const qir_json *meta, const char *key, size_t *n,
                       pt2_size **out)
{
    qir_json list;
    if (!qir_json_member(meta, key, &list) || !qir_json_count(&list, n))
        return false;
    if (*n > 64)
        return qir_json_fail(&list, "rank %zu is above 64", *n);
    *out = QIR_NEW_ARRAY(arena, pt2_size, *n);
    for (size_t i = 0; i < *n; i++) {
        qir_json item = qir_json_item(&list, i);
        if (!pt2_size_read(&item, &(*out)[i]))
            return false;
    }
    return true;
}

bool pt2_meta_read(qir_arena *arena, const qir_json *j, pt2_meta *out)
{
    enum { STRIDED = 7 };
    qir_json dtype, layout, offset;
    size_t nstrides;
    int64_t kind;
    if (!qir_json_member(j, "dtype", &dtype) || !qir_json_int(&dtype, &out->dtype) ||
        !read_sizes(arena, j, "sizes", &out->rank, &out->sizes) ||
        !read_sizes(arena, j, "strides", &nstrides, &out->strides) ||
        !qir_json_member(j, "storage_offset", &offset) || !pt2_size_read(&offset, &out->offset) ||
        !qir_json_member(j, "layout", &layout) || !qir_json_int(&layout, &kind))
        return false;
    if (nstrides != out->rank)
        return qir_json_fail(j, "%zu strides for rank %zu", nstrides, out->rank);
    return kind == STRIDED || qir_json_fail(&layout, "only strided tensors are supported");
}
