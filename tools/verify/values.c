/* Inputs and outputs of several runs as the bytes that runner programs read and write. */
#include "values.h"

#include <string.h>
#include "verify.h"

size_t verify_input_bytes(const qir_func *f)
{
    size_t n = 0;
    for (uint32_t i = 0; i < f->body->nargs; i++)
        n += qir_type_bytes(f->body->args[i]->type);
    return n;
}

size_t verify_output_bytes(const qir_func *f)
{
    size_t n = 0;
    for (uint32_t k = 0; k < f->nresults; k++)
        n += qir_type_bytes(f->result_types[k]);
    return n;
}

void verify_append(verify_values *v, const qir_tensor *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        qir_strbuf_write(&v->bytes, t[i].data, qir_type_bytes(t[i].type));
    v->runs++;
}

void verify_make_inputs(const qir_func *f, size_t runs, verify_values *out)
{
    if (!verify_input_bytes(f))
        runs = 1; /* they would all be the same */
    for (size_t k = 0; k < runs; k++) {
        qir_arena *arena = qir_context_new_arena(f->module->ctx);
        qir_tensor *in = QIR_NEW_ARRAY(arena, qir_tensor, f->body->nargs + 1);
        tool_edge_inputs(f, arena, (unsigned)k, in);
        verify_append(out, in, f->body->nargs);
        qir_arena_destroy(arena);
    }
}

bool verify_read_inputs(const qir_func *f, qir_samples *s, size_t most, verify_values *out)
{
    qir_arena *arena = qir_context_new_arena(f->module->ctx);
    qir_tensor *in = QIR_NEW_ARRAY(arena, qir_tensor, f->body->nargs + 1);
    int64_t n = qir_samples_count(s);
    bool ok = true;
    for (int64_t i = 0; ok && i < n && (size_t)i < most; i++) {
        ok = qir_samples_read(s, i, in);
        if (ok)
            verify_append(out, in, f->body->nargs);
    }
    qir_arena_destroy(arena);
    return ok;
}

void verify_unpack(const qir_func *f, const verify_values *v, size_t k, qir_arena *arena, qir_tensor *in)
{
    const char *at = v->bytes.data + k * verify_input_bytes(f);
    for (uint32_t i = 0; i < f->body->nargs; i++) {
        const qir_type *t = f->body->args[i]->type;
        in[i] = (qir_tensor){t, qir_arena_copy(arena, at, qir_type_bytes(t))};
        at += qir_type_bytes(t);
    }
}

/* --- NaN ------------------------------------------------------------------------------------------ */
/* Infinity, and the highest bit of the mantissa, which quiet NaNs have. */
static const struct nan_bits {
    qir_dtype dtype;
    uint64_t infinity, quiet;
} nan_bits[] = {
    {QIR_f64, 0x7ff0000000000000u, 0x0008000000000000u},
    {QIR_f32, 0x7f800000u, 0x00400000u},
    {QIR_f16, 0x7c00u, 0x0200u},
    {QIR_bf16, 0x7f80u, 0x0040u},
};

static void unify_elements(const struct nan_bits *n, int64_t elements, char *data)
{
    size_t each = qir_dtype_bytes(n->dtype);
    uint64_t sign = (uint64_t)1 << (8 * each - 1);
    for (int64_t i = 0; i < elements; i++, data += each) {
        uint64_t bits = 0, nan = n->infinity | n->quiet;
        memcpy(&bits, data, each);
        if ((bits & ~sign) > n->infinity)
            memcpy(data, &nan, each);
    }
}

void verify_unify_nans(const qir_func *f, verify_values *v)
{
    char *at = v->bytes.data;
    for (size_t run = 0; run < v->runs; run++)
        for (uint32_t k = 0; k < f->nresults; k++) {
            const qir_type *t = f->result_types[k];
            for (size_t i = 0; i < sizeof nan_bits / sizeof *nan_bits; i++)
                if (nan_bits[i].dtype == t->dtype)
                    unify_elements(&nan_bits[i], qir_type_elements(t), at);
            at += qir_type_bytes(t);
        }
}

/* --- comparing ------------------------------------------------------------------------------------ */
bool verify_equal(const verify_values *a, const verify_values *b)
{
    return a->bytes.len == b->bytes.len &&
           (!a->bytes.len || !memcmp(a->bytes.data, b->bytes.data, a->bytes.len));
}

void verify_free(verify_values *v)
{
    qir_strbuf_free(&v->bytes);
    v->runs = 0;
}
