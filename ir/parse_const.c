/* Constants and params scopes of the text form. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "qir/qmath.h"
#include "narrow.h"
#include "parse_priv.h"

static const int64_t MAX_CONST_BYTES = (int64_t)1 << 30;

/* --- elements --------------------------------------------------------------------------------- */
static bool store_int(parser *p, const literal *v, const qir_type *type, void *out)
{
    qir_dtype t = type->dtype;
    qir_bounds b = qir_element_bounds(type);
    char buf[256];
    memcpy(buf, v->text.s, v->text.len);
    buf[v->text.len] = 0;
    errno = 0;
    bool is_u64 = t == QIR_u64 && buf[0] != '-';
    uint64_t bits = is_u64 ? strtoull(buf, NULL, 10) : (uint64_t)strtoll(buf, NULL, 10);
    int64_t n = (int64_t)bits;
    if (errno == ERANGE || (!is_u64 && (n < b.lo || n > b.hi)))
        return parse_error(p, v->at, "const.range", "%s is outside the range of %s", buf,
                           qir_element_text(p->ctx, type));
    memcpy(out, &bits, qir_dtype_bytes(t)); /* little-endian hosts */
    return true;
}

static bool store_f64(parser *p, const literal *v, void *out)
{
    char buf[256];
    memcpy(buf, v->text.s, v->text.len);
    buf[v->text.len] = 0;
    double d = strtod_l(buf, NULL, p->c_locale);
    if (isinf(d) && buf[v->text.len - 1] != 'f')
        return parse_error(p, v->at, "float.range", "%s is too large for f64", buf);
    memcpy(out, &d, sizeof d);
    return true;
}

static bool store_float(parser *p, const literal *v, qir_dtype t, void *out)
{
    float f;
    if (t == QIR_f64)
        return store_f64(p, v, out);
    if (!parse_f32(p, v->at, v->text, &f))
        return false;
    uint16_t half = t == QIR_f16 ? qir_f32_to_f16(f) : qir_f32_to_bf16(f);
    if (t == QIR_f32)
        memcpy(out, &f, sizeof f);
    else
        memcpy(out, &half, sizeof half);
    return true;
}

/* Writes one element of `type`. */
static bool store(parser *p, const literal *v, const qir_type *type, void *out)
{
    qir_dtype t = type->dtype;
    if (qir_dtype_is_float(t) && (v->kind == LIT_INT || v->kind == LIT_FLOAT))
        return store_float(p, v, t, out);
    if (qir_dtype_is_int(t) && v->kind == LIT_INT)
        return store_int(p, v, type, out);
    if (t == QIR_i1 && v->kind == LIT_BOOL) {
        *(unsigned char *)out = v->b;
        return true;
    }
    return parse_error(p, v->at, "const.element", "expected an element of type %s",
                       qir_dtype_name(t));
}

/* --- forms ------------------------------------------------------------------------------------ */
static const void *list_data(parser *p, const qir_type *type, const const_init *init)
{
    int64_t want = qir_type_elements(type);
    size_t size = qir_dtype_bytes(type->dtype);
    if ((int64_t)init->value.count != want) {
        parse_error(p, init->at, "const.count", "expected %lld elements for %s, got %zu",
                    (long long)want, qir_type_text(p->ctx, type), init->value.count);
        return NULL;
    }
    char *data = qir_arena_array(p->module->arena, init->value.count, size);
    for (size_t i = 0; i < init->value.count; i++)
        if (!store(p, &p->items.data[init->value.first + i], type, data + i * size))
            return NULL;
    return data;
}

static bool check_elements(parser *p, pos at, const qir_type *type, const unsigned char *bytes,
                           size_t n)
{
    size_t bad = type->kind == QIR_PACKED ? n : qir_first_out_of_range(type, bytes, n);
    return bad == n || parse_error(p, at, "const.range", "byte %zu (0x%02x) is outside the range "
                                   "of %s", bad, bytes[bad], qir_element_text(p->ctx, type));
}

static const void *hex_data(parser *p, const qir_type *type, pos at, slice text, size_t want)
{
    size_t n = 0;
    const unsigned char *bytes = parse_hex(p, at, text, &n);
    if (!bytes)
        return NULL;
    if (n != want) {
        parse_error(p, at, "const.count", "expected %zu bytes for %s, got %zu", want,
                    qir_type_text(p->ctx, type), n);
        return NULL;
    }
    return check_elements(p, at, type, bytes, n) ? bytes : NULL;
}

static const qir_type *splat_type(parser *p, pos at, const qir_type *type)
{
    if (type->kind == QIR_PACKED) {
        parse_error(p, at, "const.packed", "a packed constant is written as dense<\"0x...\"> or in a "
                    "params file, not as splat");
        return NULL;
    }
    if (qir_type_bytes(type) > (size_t)MAX_CONST_BYTES) {
        parse_error(p, at, "const.size", "constant data above 1 GiB");
        return NULL;
    }
    return type;
}

static qir_const *create_splat(parser *p, const char *name, const qir_type *type,
                               const const_init *init, const qir_loc *loc)
{
    unsigned char element[8] = {0};
    const void *data = element;
    if (!splat_type(p, init->at, type))
        return NULL;
    if (init->value.kind == LIT_STRING)
        data = hex_data(p, type, init->at, init->value.text, qir_dtype_bytes(type->dtype));
    else if (!store(p, &init->value, type, element))
        return NULL;
    return data ? qir_const_splat(p->module, name, type, data, loc) : NULL;
}

static qir_const *create_param(parser *p, const char *name, const qir_type *type,
                               const const_init *init, const qir_loc *loc)
{
    qir_params *scope = qir_module_params(p->module, parse_intern(p, init->scope));
    if (!scope) {
        parse_error(p, init->at, "params.undef", "undefined params '@%.*s', expected a line 'params "
                    "@%.*s = external<\"file.safetensors\">' before", parse_print_slice(init->scope),
                    init->scope.s, parse_print_slice(init->scope), init->scope.s);
        return NULL;
    }
    if (!parse_no_nul(p, init->at, init->key))
        return NULL;
    return qir_const_param(p->module, name, type, scope, parse_intern(p, init->key), loc);
}

static qir_const *create_data(parser *p, const char *name, const qir_type *type,
                              const const_init *init, const qir_loc *loc)
{
    const void *data = NULL;
    if (init->form == CONST_HEX)
        data = hex_data(p, type, init->at, init->value.text, qir_type_bytes(type));
    else if (type->kind == QIR_PACKED)
        parse_error(p, init->at, "const.packed", "a packed constant is written as dense<\"0x...\"> "
                    "or in a params file, not as a list");
    else
        data = list_data(p, type, init);
    return data ? qir_const_create(p->module, name, type, data, false, loc) : NULL;
}

static bool check_name(parser *p, pos at, const char *name, const qir_type *type)
{
    const qir_const *old = qir_module_const(p->module, name);
    if (old) {
        parse_error(p, at, "ssa.redef", "constant '@%s' is defined twice", name);
        qir_note(p->diag, old->loc, "first defined here");
        return false;
    }
    if (type && !qir_type_is_static(type))
        return parse_error(p, at, "const.dynamic", "a constant needs a static shape, got %s",
                           qir_type_text(p->ctx, type));
    return type && !p->bad;
}

void parse_const(parser *p, pos at, slice name, const qir_type *type, const const_init *init)
{
    const char *label = parse_intern(p, name);
    const qir_loc *loc = p->loc ? p->loc : parse_loc(p, at);
    qir_const *c = NULL;
    if (check_name(p, at, label, type)) {
        if (init->form == CONST_SPLAT)
            c = create_splat(p, label, type, init, loc);
        else if (init->form == CONST_PARAM)
            c = create_param(p, label, type, init, loc);
        else
            c = create_data(p, label, type, init, loc);
    }
    if (!c) /* silences its uses */
        qir_strmap_put(&p->bad_consts, label, strlen(label), p);
    parse_reset_statement(p);
}

void parse_params(parser *p, pos at, slice name, slice path)
{
    const char *label = parse_intern(p, name);
    const qir_params *old = qir_module_params(p->module, label);
    if (old) {
        parse_error(p, at, "ssa.redef", "params '@%s' is defined twice", label);
        qir_note(p->diag, old->loc, "first defined here");
    } else if (parse_no_nul(p, at, path)) {
        qir_params_create(p->module, label, parse_intern(p, path),
                          p->loc ? p->loc : parse_loc(p, at));
    }
    parse_reset_statement(p);
}
