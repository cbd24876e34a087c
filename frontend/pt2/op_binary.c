/* Elementwise operators of several tensors or numbers, choices, conversions. */
#include <string.h>

#include "pt2/import.h"

/* Python numbers enter half-precision arithmetic unrounded: it is done in f32 then. */
static bool is_half(qir_dtype t)
{
    return t == QIR_f16 || t == QIR_bf16;
}

/* Arithmetic on booleans is logic. */
static qir_opcode logic_of(qir_opcode opcode)
{
    return opcode == QIR_OP_mul || opcode == QIR_OP_minimum   ? QIR_OP_and
           : opcode == QIR_OP_add || opcode == QIR_OP_maximum ? QIR_OP_or
                                                              : opcode;
}

static qir_value *arithmetic(pt2_call *c, qir_opcode opcode, const pt2_arg *a, const pt2_arg *b,
                             qir_dtype type)
{
    bool number = a->kind != PT2_TENSOR || b->kind != PT2_TENSOR;
    qir_dtype compute = number && is_half(type) ? QIR_f32 : type;
    qir_value *r = fe_emit2(c->fe, type == QIR_i1 ? logic_of(opcode) : opcode, pt2_as(c, a, compute),
                            pt2_as(c, b, compute));
    return fe_cast(c->fe, r, type);
}

static bool set_binary(pt2_call *c, qir_opcode opcode, const pt2_arg *a, const pt2_arg *b,
                       bool in_floats)
{
    const pt2_arg *args[] = {a, b};
    qir_dtype type;
    if (!pt2_common_type(c, args, 2, &type))
        return false;
    if (in_floats && !qir_dtype_is_float(type))
        type = QIR_f32;
    return pt2_set(c, 0, arithmetic(c, opcode, a, b, type));
}

bool pt2_op_binary(pt2_call *c)
{
    return set_binary(c, c->row->opcode, pt2_at(c, 0), pt2_at(c, 1), false);
}

bool pt2_op_div(pt2_call *c)
{
    return set_binary(c, QIR_OP_div, pt2_at(c, 0), pt2_at(c, 1), true);
}

bool pt2_op_fmod(pt2_call *c)
{
    qir_value *a, *b;
    if (!pt2_pair(c, 0, &a, &b))
        return false;
    return pt2_set(c, 0, fe_emit(c->fe, QIR_OP_mod, QIR_OPERANDS(a, b),
                                 QIR_ATTRS({"truncated", qir_attr_bool(c->fe->ctx, true)}), NULL));
}

/* a + alpha * b, or a - alpha * b. */
static bool set_sum(pt2_call *c, qir_opcode opcode, const pt2_arg *a, const pt2_arg *b)
{
    const pt2_arg *alpha = pt2_get(c, "alpha");
    if (pt2_number(alpha) == 1)
        return set_binary(c, opcode, a, b, false);
    const pt2_arg *args[] = {a, b, alpha};
    qir_dtype type;
    if (!pt2_common_type(c, args, 3, &type))
        return false;
    qir_value *scaled = fe_emit2(c->fe, QIR_OP_mul, pt2_as(c, b, type), pt2_as(c, alpha, type));
    return pt2_set(c, 0, fe_emit2(c->fe, opcode, pt2_as(c, a, type), scaled));
}

bool pt2_op_add(pt2_call *c)
{
    return set_sum(c, c->row->opcode, pt2_at(c, 0), pt2_at(c, 1));
}

bool pt2_op_rsub(pt2_call *c)
{
    return set_sum(c, QIR_OP_sub, pt2_at(c, 1), pt2_at(c, 0));
}

/* --- division that rounds ------------------------------------------------------------------------- */
static qir_value *unary(pt2_call *c, qir_opcode opcode, qir_value *x)
{
    return fe_emit1(c->fe, opcode, x, QIR_NO_ATTRS);
}

/* Toward zero: what integer division does. */
static qir_value *quotient_truncated(pt2_call *c, qir_value *a, qir_value *b)
{
    qir_value *q = fe_emit2(c->fe, QIR_OP_div, a, b);
    if (!q || !qir_dtype_is_float(q->type->dtype))
        return q;
    return fe_emit2(c->fe, QIR_OP_mul, unary(c, QIR_OP_sign, q),
                    unary(c, QIR_OP_floor, unary(c, QIR_OP_abs, q)));
}

/* Down: without the remainder, which has the sign of the divisor, integers divide exactly. */
static qir_value *quotient_floored(pt2_call *c, qir_value *a, qir_value *b)
{
    if (qir_dtype_is_float(a->type->dtype))
        return unary(c, QIR_OP_floor, fe_emit2(c->fe, QIR_OP_div, a, b));
    qir_value *rest = fe_emit2(c->fe, QIR_OP_mod, a, b);
    return fe_emit2(c->fe, QIR_OP_div, fe_emit2(c->fe, QIR_OP_sub, a, rest), b);
}

static bool set_quotient(pt2_call *c, bool floored)
{
    qir_value *a, *b;
    return pt2_pair(c, 0, &a, &b) &&
           pt2_set(c, 0, floored ? quotient_floored(c, a, b) : quotient_truncated(c, a, b));
}

bool pt2_op_floor_divide(pt2_call *c)
{
    return set_quotient(c, true);
}

bool pt2_op_div_mode(pt2_call *c)
{
    const char *mode = pt2_string(c, "rounding_mode");
    if (!mode)
        return pt2_op_div(c);
    if (strcmp(mode, "floor") != 0 && strcmp(mode, "trunc") != 0)
        return fe_error(c->fe, "arg", "rounding_mode '%s' is not known", mode);
    return set_quotient(c, strcmp(mode, "floor") == 0);
}

/* --- powers ------------------------------------------------------------------------------------------ */
/* Small whole exponents are products, as in torch. */
static qir_value *power(pt2_call *c, qir_value *x, double exponent)
{
    fe_builder *fe = c->fe;
    if (exponent == 1)
        return x;
    if (exponent == 2)
        return fe_emit2(fe, QIR_OP_mul, x, x);
    if (exponent == 3)
        return fe_emit2(fe, QIR_OP_mul, fe_emit2(fe, QIR_OP_mul, x, x), x);
    if (x && qir_dtype_is_float(x->type->dtype)) {
        if (exponent == 0.5)
            return unary(c, QIR_OP_sqrt, x);
        if (exponent == -0.5)
            return unary(c, QIR_OP_reciprocal, unary(c, QIR_OP_sqrt, x));
        if (exponent == -1)
            return unary(c, QIR_OP_reciprocal, x);
        if (exponent == -2)
            return unary(c, QIR_OP_reciprocal, fe_emit2(fe, QIR_OP_mul, x, x));
    }
    return fe_emit2(fe, QIR_OP_pow, x, x ? fe_scalar(fe, x->type->dtype, exponent) : NULL);
}

bool pt2_op_pow_scalar(pt2_call *c)
{
    const pt2_arg *args[] = {pt2_at(c, 0), pt2_at(c, 1)};
    qir_dtype type;
    if (!pt2_common_type(c, args, 2, &type))
        return false;
    return pt2_set(c, 0, power(c, pt2_as(c, args[0], type), pt2_number(args[1])));
}

/* A slope per channel lies along axis 1. */
bool pt2_op_prelu(pt2_call *c)
{
    qir_value *x = pt2_self(c), *slope = pt2_tensor(c, "weight");
    int64_t dims[QIR_MAX_RANK];
    if (!x || !slope)
        return false;
    unsigned rank = x->type->rank > 1 ? x->type->rank - 1 : 1;
    for (unsigned i = 0; i < rank; i++)
        dims[i] = i == 0 ? qir_type_elements(slope->type) : 1;
    return pt2_set(c, 0, fe_emit2(c->fe, QIR_OP_prelu, x, fe_reshape(c->fe, slope, dims, rank)));
}

/* self + value * tensor1 * tensor2 */
static bool set_accumulated(pt2_call *c, qir_opcode opcode)
{
    qir_value *x = pt2_self(c);
    qir_value *y = fe_emit2(c->fe, opcode, pt2_tensor(c, "tensor1"), pt2_tensor(c, "tensor2"));
    if (!x || !y)
        return false;
    if (pt2_float(c, "value") != 1)
        y = fe_emit2(c->fe, QIR_OP_mul, y, pt2_as(c, pt2_get(c, "value"), y->type->dtype));
    return pt2_set(c, 0, fe_emit2(c->fe, QIR_OP_add, x, y));
}

bool pt2_op_addcmul(pt2_call *c)
{
    return set_accumulated(c, QIR_OP_mul);
}

bool pt2_op_addcdiv(pt2_call *c)
{
    return set_accumulated(c, QIR_OP_div);
}

/* self + weight * (end - self) */
bool pt2_op_lerp(pt2_call *c)
{
    qir_value *a = pt2_self(c), *b = pt2_tensor(c, "end");
    qir_value *step = fe_emit2(c->fe, QIR_OP_sub, b, a);
    if (!step)
        return false;
    step = fe_emit2(c->fe, QIR_OP_mul, step, pt2_as(c, pt2_get(c, "weight"), step->type->dtype));
    return pt2_set(c, 0, fe_emit2(c->fe, QIR_OP_add, a, step));
}

/* --- comparisons, logic, choices ------------------------------------------------------------------ */
bool pt2_op_compare(pt2_call *c)
{
    qir_value *a, *b;
    return pt2_pair(c, 0, &a, &b) && pt2_set(c, 0, fe_emit2(c->fe, c->row->opcode, a, b));
}

bool pt2_op_compare_swapped(pt2_call *c)
{
    qir_value *a, *b;
    return pt2_pair(c, 0, &a, &b) && pt2_set(c, 0, fe_emit2(c->fe, c->row->opcode, b, a));
}

bool pt2_op_compare_not(pt2_call *c)
{
    qir_value *a, *b;
    return pt2_pair(c, 0, &a, &b) &&
           pt2_set(c, 0, unary(c, QIR_OP_not, fe_emit2(c->fe, c->row->opcode, a, b)));
}

bool pt2_op_logical(pt2_call *c)
{
    return pt2_set(c, 0, fe_emit2(c->fe, c->row->opcode, pt2_as(c, pt2_at(c, 0), QIR_i1),
                                  pt2_as(c, pt2_at(c, 1), QIR_i1)));
}

static bool set_where(pt2_call *c, qir_value *cond, qir_value *x, qir_value *y)
{
    cond = fe_cast(c->fe, cond, QIR_i1);
    if (!cond || !x || !y)
        return false;
    return pt2_set(c, 0, fe_emit(c->fe, QIR_OP_where, QIR_OPERANDS(cond, x, y), QIR_NO_ATTRS, NULL));
}

bool pt2_op_where(pt2_call *c)
{
    qir_value *x, *y;
    return pt2_pair(c, 1, &x, &y) && set_where(c, pt2_self(c), x, y);
}

bool pt2_op_masked_fill(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    return x && set_where(c, pt2_tensor(c, "mask"), pt2_as(c, pt2_get(c, "value"), x->type->dtype), x);
}

bool pt2_op_clamp_tensor(pt2_call *c)
{
    qir_value *x = pt2_self(c), *lo = pt2_tensor(c, "min"), *hi = pt2_tensor(c, "max");
    if (!x || c->fe->failed)
        return false;
    if (lo)
        x = fe_emit2(c->fe, QIR_OP_maximum, x, fe_cast(c->fe, lo, x->type->dtype));
    if (hi)
        x = fe_emit2(c->fe, QIR_OP_minimum, x, fe_cast(c->fe, hi, x->type->dtype));
    return pt2_set(c, 0, x);
}

/* --- conversions --------------------------------------------------------------------------------------- */
bool pt2_op_to(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    qir_dtype type;
    return x && pt2_type(c, "dtype", x->type->dtype, &type) &&
           pt2_set(c, 0, fe_cast(c->fe, x, type));
}

bool pt2_op_to_other(pt2_call *c)
{
    qir_value *x = pt2_self(c), *other = pt2_tensor(c, "other");
    return other && pt2_set(c, 0, fe_cast(c->fe, x, other->type->dtype));
}
