/* Helpers of the infer functions: messages, attribute values, quantized operands. */
#include "infer.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include "qir/qmath.h"
#include "qir/support/assert.h"
#include "qir/support/strbuf.h"

/* --- messages -------------------------------------------------------------------------------- */

bool infer_fail(qir_infer *q, const char *code, const char *fmt, ...)
{
    qir_strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    qir_strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    qir_error(qir_context_diag(q->module->ctx), q->loc, code, "%s: %s",
              qir_op_desc_get(q->opcode)->name, qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return false;
}

const char *infer_text(const qir_infer *q, const qir_type *t)
{
    return qir_type_text(q->module->ctx, t);
}

const char *infer_dims_text(const qir_infer *q, const infer_dims *dims)
{
    qir_strbuf b = {0};
    for (unsigned i = 0; i < dims->rank; i++)
        qir_strbuf_printf(&b, "%s%lld", i ? "x" : "", (long long)dims->d[i]);
    const char *text = qir_arena_strndup(q->module->arena, qir_strbuf_cstr(&b), b.len);
    qir_strbuf_free(&b);
    return dims->rank ? text : "(scalar)";
}

/* --- operands and attributes ----------------------------------------------------------------- */

const qir_type *infer_type(const qir_infer *q, unsigned i)
{
    if (i >= q->noperands || !q->operands[i])
        return NULL;
    const qir_type *t = q->operands[i]->type;
    return t->kind == QIR_PACKED ? t->logical : t;
}

infer_dims infer_dims_of(const qir_type *t)
{
    infer_dims dims = {.rank = t->rank};
    for (unsigned i = 0; i < t->rank; i++)
        dims.d[i] = t->dims[i];
    return dims;
}

bool infer_push(qir_infer *q, infer_dims *dims, int64_t d)
{
    if (dims->rank == QIR_MAX_RANK)
        return infer_fail(q, "type.rank", "result rank is above the limit of %d", QIR_MAX_RANK);
    dims->d[dims->rank++] = d;
    return true;
}

static const qir_attr *present(const qir_infer *q, const char *name)
{
    const qir_attr *a = infer_attr(q, name);
    QIR_ASSERT(a, name);
    return a;
}

int64_t infer_int(const qir_infer *q, const char *name)
{
    return present(q, name)->u.i;
}

float infer_float(const qir_infer *q, const char *name)
{
    return present(q, name)->u.f;
}

bool infer_bool(const qir_infer *q, const char *name)
{
    return present(q, name)->u.b;
}

const char *infer_string(const qir_infer *q, const char *name)
{
    return present(q, name)->u.s;
}

const int64_t *infer_ints(const qir_infer *q, const char *name, size_t *n)
{
    const qir_attr *a = present(q, name);
    *n = a->len;
    return a->u.ints;
}

const float *infer_floats(const qir_infer *q, const char *name, size_t *n)
{
    const qir_attr *a = infer_attr(q, name);
    *n = a ? a->len : 0;
    return a ? a->u.floats : NULL;
}

bool infer_list(qir_infer *q, const char *name, unsigned n, int64_t least, const char *code,
                int64_t *out)
{
    size_t len;
    const int64_t *v = infer_ints(q, name, &len);
    if (len != n && len != 1)
        return infer_fail(q, code, "%s has %zu entries, expected %u or a single one", name, len, n);
    for (unsigned i = 0; i < n; i++) {
        out[i] = v[len == 1 ? 0 : i];
        if (out[i] < least || out[i] > INT32_MAX)
            return infer_fail(q, code, "%s entry %lld, expected %lld to 2^31 - 1", name,
                              (long long)out[i], (long long)least);
    }
    return true;
}

bool infer_axis(qir_infer *q, unsigned rank, unsigned *axis)
{
    int64_t v = infer_int(q, "axis");
    if (v < 0 || v >= (int64_t)rank)
        return infer_fail(q, "shape.axis", "axis %lld of a tensor of rank %u; axes count from 0",
                          (long long)v, rank);
    *axis = (unsigned)v;
    return true;
}

bool infer_word(qir_infer *q, const char *name, const char *const *words)
{
    const char *given = infer_string(q, name);
    qir_strbuf all = {0};
    for (const char *const *w = words; *w; w++) {
        if (!strcmp(*w, given)) {
            qir_strbuf_free(&all);
            return true;
        }
        qir_strbuf_printf(&all, "%s%s", w == words ? "" : ", ", *w);
    }
    infer_fail(q, "attr.value", "%s \"%s\", expected one of %s", name, given,
               qir_strbuf_cstr(&all));
    qir_strbuf_free(&all);
    return false;
}

bool infer_bounds(qir_infer *q)
{
    float min = infer_float(q, "min"), max = infer_float(q, "max");
    return min <= max ||
           infer_fail(q, "attr.value", "bounds min %g and max %g, expected min <= max", (double)min,
                      (double)max);
}

bool infer_nonempty(qir_infer *q, const qir_type *t, const char *what)
{
    for (unsigned i = 0; i < t->rank; i++)
        if (!t->dims[i])
            return infer_fail(q, "shape.empty", "%s %s has no elements", what, infer_text(q, t));
    return true;
}

/* --- quantization ---------------------------------------------------------------------------- */

const char *infer_activations(const qir_infer *q)
{
    bool words = qir_op_desc_get(q->opcode)->traits & QIR_TRAIT_WORDS;
    return words ? "i8, u8, or i16 with zero point 0, quantized per tensor"
                 : "i8 or u8 quantized per tensor";
}

bool infer_activation(qir_infer *q, unsigned i)
{
    const qir_type *t = infer_type(q, i);
    return qir_opcode_computes_on(q->opcode, t) ||
           infer_fail(q, "quant.operand",
                      "operand %u has type %s, expected %s; dequantize other forms first", i,
                      infer_text(q, t), infer_activations(q));
}

bool infer_multiplier(qir_infer *q, float sa, float sb, float sy)
{
    float m = qir_requant_multiplier(sa, sb, sy);
    const qir_quant *y = q->results[0]->quant;
    return qir_requant_multiplier_ok(m, y) ||
           infer_fail(q, "quant.multiplier",
                      "scales %g and %g of the operands and %g of the result "
                      "give the multiplier %g, outside [2^-32, %d)",
                      (double)sa, (double)sb, (double)sy, (double)m, qir_requant_limit(y));
}

bool infer_movable(qir_infer *q, const qir_type *x)
{
    return !x->quant || (qir_quant_is_per_tensor(x->quant) && !x->quant->dynamic) ||
           infer_fail(q, "quant.axis", "operand of type %s, expected parameters per tensor",
                      infer_text(q, x));
}
