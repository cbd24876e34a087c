/* Element types of mixed operands: torch's promotion. */
#include "pt2/import.h"

enum { BOOL, INTEGER, REAL };

static int kind_of(qir_dtype t)
{
    return t == QIR_i1 ? BOOL : qir_dtype_is_float(t) ? REAL : INTEGER;
}

/* Both integers, or both floats. */
static qir_dtype wider(qir_dtype a, qir_dtype b)
{
    bool mixed = kind_of(a) == INTEGER && qir_dtype_is_signed(a) != qir_dtype_is_signed(b);
    if (a == b)
        return a;
    if (qir_dtype_bits(a) == qir_dtype_bits(b)) /* u8 and i8; f16 and bf16 */
        return mixed && a != QIR_i64 ? QIR_i16 : QIR_f32;
    qir_dtype larger = qir_dtype_bits(a) > qir_dtype_bits(b) ? a : b;
    return mixed && !qir_dtype_is_signed(larger) ? QIR_i64 : larger;
}

/* Tensors of one standing: the higher kind, then the wider type. */
static qir_dtype join(qir_dtype a, qir_dtype b)
{
    return kind_of(a) == kind_of(b) ? wider(a, b) : kind_of(a) > kind_of(b) ? a : b;
}

static qir_dtype number_type(const pt2_arg *arg)
{
    return arg->kind == PT2_FLOAT ? QIR_f32 : arg->kind == PT2_BOOL ? QIR_i1 : QIR_i64;
}

bool pt2_common_type(pt2_call *c, const pt2_arg *const *args, unsigned n, qir_dtype *out)
{
    enum { NUMBER, SCALAR, TENSOR, STANDINGS };
    bool have[STANDINGS] = {false}, any = false;
    qir_dtype types[STANDINGS] = {QIR_f32};
    *out = QIR_f32;
    for (unsigned i = 0; i < n; i++) {
        qir_value *v = pt2_tensor_of(c, args[i]);
        if (c->fe->failed)
            return false;
        int standing = !v ? NUMBER : v->type->rank ? TENSOR : SCALAR;
        qir_dtype t = v ? v->type->dtype : number_type(args[i]);
        types[standing] = have[standing] ? join(types[standing], t) : t;
        have[standing] = true;
    }
    for (int s = STANDINGS; s-- > 0;) {
        if (have[s] && (!any || kind_of(types[s]) > kind_of(*out)))
            *out = types[s];
        any = any || have[s];
    }
    return true;
}

qir_value *pt2_as(pt2_call *c, const pt2_arg *arg, qir_dtype type)
{
    if (arg->kind == PT2_TENSOR)
        return fe_cast(c->fe, pt2_tensor_of(c, arg), type);
    if (arg->kind == PT2_INT && !qir_dtype_is_float(type) && type != QIR_i1)
        return fe_const(c->fe, type, NULL, 0, &arg->i); /* every bit of 64 */
    return fe_scalar(c->fe, type, pt2_number(arg));
}

qir_value *pt2_floats(pt2_call *c, qir_value *x)
{
    return !x || qir_dtype_is_float(x->type->dtype) ? x : fe_cast(c->fe, x, QIR_f32);
}

bool pt2_pair(pt2_call *c, unsigned i, qir_value **a, qir_value **b)
{
    const pt2_arg *args[] = {pt2_at(c, i), pt2_at(c, i + 1)};
    qir_dtype type;
    if (!pt2_common_type(c, args, 2, &type))
        return false;
    *a = pt2_as(c, args[0], type);
    *b = pt2_as(c, args[1], type);
    return *a && *b;
}
