/* The header of a .npy file: magic, version, length, then a Python dictionary literal of which only
 * the three known keys with values of known form are accepted.  Nothing is evaluated. */
#include "io/npy.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "qir/diag.h"
#include "qir/support/checked.h"

typedef struct cursor {
    qir_context *ctx;
    const char *path;
    const char *p, *end;
    uint64_t base; /* position of *start in the file */
    const char *start;
} cursor;

static bool fail(const cursor *c, const char *code, const char *text)
{
    const qir_loc *loc = qir_loc_offset(c->ctx, c->path, c->base + (uint64_t)(c->p - c->start));
    return qir_error(qir_context_diag(c->ctx), loc, code, "%s", text);
}

static void skip_space(cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t'))
        c->p++;
}

static bool take(cursor *c, char want)
{
    skip_space(c);
    if (c->p >= c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

/* 'text' or "text" without escapes. */
static bool take_string(cursor *c, const char **s, size_t *len)
{
    skip_space(c);
    if (c->p >= c->end || (*c->p != '\'' && *c->p != '"'))
        return fail(c, "npy.dict", "expected a quoted string in the header dictionary");
    char quote = *c->p++;
    *s = c->p;
    while (c->p < c->end && *c->p != quote && *c->p != '\\' && (unsigned char)*c->p >= ' ')
        c->p++;
    if (c->p >= c->end || *c->p != quote)
        return fail(c, "npy.dict", "a string of the header dictionary does not end");
    *len = (size_t)(c->p++ - *s);
    return true;
}

/* --- values ----------------------------------------------------------------------------------- */
static const struct {
    const char *code;
    qir_dtype dtype;
} descrs[] = {{"f4", QIR_f32}, {"f8", QIR_f64}, {"f2", QIR_f16}, {"b1", QIR_i1},
              {"i1", QIR_i8},  {"i2", QIR_i16}, {"i4", QIR_i32}, {"i8", QIR_i64},
              {"u1", QIR_u8},  {"u2", QIR_u16}, {"u4", QIR_u32}, {"u8", QIR_u64}};

static bool take_descr(cursor *c, qir_npy *h)
{
    const char *s;
    size_t len;
    skip_space(c);
    if (c->p < c->end && *c->p == '[')
        return fail(c, "npy.dtype", "structured dtypes are not supported, save one plain array");
    if (!take_string(c, &s, &len))
        return false;
    if (len >= 2 && (s[1] == 'O' || s[0] == 'O'))
        return fail(c, "npy.pickle",
                    "object arrays hold pickled code and are never loaded; save "
                    "with a numeric dtype and allow_pickle=False");
    for (size_t i = 0; len == 3 && i < sizeof descrs / sizeof *descrs; i++) {
        if (strncmp(s + 1, descrs[i].code, 2) || !memchr("<>|=", s[0], 4))
            continue;
        h->dtype = descrs[i].dtype;
        h->swap = s[0] == '>' && qir_dtype_bytes(h->dtype) > 1;
        return true;
    }
    return fail(c, "npy.dtype", "unsupported dtype, expected float16/32/64, an integer or bool");
}

static bool take_bool(cursor *c, bool *out)
{
    skip_space(c);
    size_t left = (size_t)(c->end - c->p);
    if (left >= 4 && !memcmp(c->p, "True", 4)) {
        *out = true;
        c->p += 4;
        return true;
    }
    if (left >= 5 && !memcmp(c->p, "False", 5)) {
        *out = false;
        c->p += 5;
        return true;
    }
    return fail(c, "npy.dict", "'fortran_order' must be True or False");
}

static bool take_dim(cursor *c, int64_t *out)
{
    int64_t v = 0;
    if (!isdigit((unsigned char)*c->p))
        return fail(c, "npy.shape", "a dimension must be a number that is not negative");
    for (; c->p < c->end && isdigit((unsigned char)*c->p); c->p++)
        if (!qir_mul_i64(v, 10, &v) || !qir_add_i64(v, *c->p - '0', &v))
            return fail(c, "npy.shape", "a dimension is too large");
    if (c->p < c->end && *c->p == 'L') /* Python 2 wrote long integers so */
        c->p++;
    *out = v;
    return true;
}

static bool take_shape(cursor *c, qir_npy *h)
{
    if (!take(c, '('))
        return fail(c, "npy.shape", "'shape' must be a tuple of numbers");
    h->rank = 0;
    while (!take(c, ')')) {
        if (c->p >= c->end)
            return fail(c, "npy.shape", "'shape' does not end");
        if (h->rank == QIR_NPY_MAX_RANK)
            return fail(c, "npy.shape", "too many dimensions");
        if (!take_dim(c, &h->dims[h->rank]))
            return false;
        h->rank++;
        skip_space(c);
        if (!take(c, ',') && (c->p >= c->end || *c->p != ')'))
            return fail(c, "npy.shape", "expected ',' or ')' after a dimension");
    }
    return true;
}

/* --- the dictionary --------------------------------------------------------------------------- */
enum { DESCR = 1, ORDER = 2, SHAPE = 4, ALL = 7 };

static bool take_entry(cursor *c, qir_npy *h, unsigned *seen)
{
    static const char *const names[] = {"descr", "fortran_order", "shape"};
    const char *key;
    size_t len;
    if (!take_string(c, &key, &len))
        return false;
    unsigned which = 0;
    for (unsigned i = 0; i < 3; i++)
        if (strlen(names[i]) == len && !memcmp(names[i], key, len))
            which = 1u << i;
    if (!which)
        return fail(c, "npy.dict",
                    "unknown key in the header, expected 'descr', 'fortran_order' "
                    "and 'shape'");
    if (*seen & which)
        return fail(c, "npy.dict", "a key of the header appears twice");
    *seen |= which;
    if (!take(c, ':'))
        return fail(c, "npy.dict", "expected ':' after a key of the header");
    return which == DESCR   ? take_descr(c, h)
           : which == ORDER ? take_bool(c, &h->fortran)
                            : take_shape(c, h);
}

static bool take_dict(cursor *c, qir_npy *h)
{
    unsigned seen = 0;
    if (!take(c, '{'))
        return fail(c, "npy.dict", "the header is not a dictionary");
    while (!take(c, '}')) {
        if (!take_entry(c, h, &seen))
            return false;
        skip_space(c);
        if (!take(c, ',') && (c->p >= c->end || *c->p != '}'))
            return fail(c, "npy.dict", "expected ',' or '}' in the header dictionary");
    }
    skip_space(c);
    if (c->p != c->end)
        return fail(c, "npy.dict", "bytes after the header dictionary");
    if (seen != ALL)
        return fail(c, "npy.dict", "the header lacks one of 'descr', 'fortran_order', 'shape'");
    return true;
}

static bool check_size(const cursor *c, const qir_reader *r, qir_npy *h)
{
    int64_t n = 1;
    for (unsigned i = 0; i < h->rank; i++)
        if (!qir_mul_i64(n, h->dims[i], &n))
            return fail(c, "npy.shape", "the number of elements overflows");
    if (!qir_mul_i64(n, (int64_t)qir_dtype_bytes(h->dtype), &n))
        return fail(c, "npy.shape", "the number of bytes overflows");
    h->bytes = (uint64_t)n;
    if (h->bytes == r->size - h->offset)
        return true;
    return qir_error(qir_context_diag(c->ctx), qir_loc_offset(c->ctx, c->path, h->offset),
                     "npy.shape", "the shape needs %" PRIu64 " bytes, the file holds %" PRIu64,
                     h->bytes, r->size - h->offset);
}

/* Reads magic, version and length; returns the header's length, 0 = diagnosed. */
static size_t read_preamble(cursor *c, qir_reader *r, unsigned *start)
{
    unsigned char b[12] = {0};
    size_t have = r->size < sizeof b ? (size_t)r->size : sizeof b;
    if (!r->read_at(r, 0, b, have))
        return 0;
    if (have < 10 || memcmp(b, "\x93NUMPY", 6))
        return fail(c, "npy.header", "not a .npy file: the magic bytes are missing"), 0;
    if (b[6] < 1 || b[6] > 3 || b[7] != 0)
        return fail(c, "npy.header", "unknown .npy version, expected 1.0, 2.0 or 3.0"), 0;
    *start = b[6] == 1 ? 10 : 12;
    size_t len = b[8] | (size_t)b[9] << 8;
    if (b[6] > 1)
        len |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (len > QIR_NPY_MAX_HEADER)
        return fail(c, "npy.header", "the header is longer than 64 KiB"), 0;
    if (len == 0 || *start + len > r->size)
        return fail(c, "npy.header", "the header is longer than the file"), 0;
    return len;
}

bool qir_npy_open(qir_context *ctx, qir_reader *r, qir_npy *out)
{
    cursor c = {.ctx = ctx, .path = r->path};
    unsigned start = 0;
    size_t len = read_preamble(&c, r, &start);
    if (!len)
        return false;
    qir_arena *arena = qir_context_new_arena(ctx);
    char *text = qir_arena_alloc(arena, len + 1); /* NUL at the end */
    c.base = start;
    c.p = c.start = text;
    c.end = text + len;
    *out = (qir_npy){.offset = start + len};
    bool ok = r->read_at(r, start, text, len) && take_dict(&c, out) && check_size(&c, r, out);
    out->fortran = out->fortran && out->rank > 1;
    qir_arena_destroy(arena);
    return ok;
}
