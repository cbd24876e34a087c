/* Tensors made of numbers, masks by position, symbolic integers. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"
#include "qir/support/checked.h"

/* --- one value everywhere -------------------------------------------------------------------------- */
static bool set_splat(pt2_call *c, const int64_t *dims, size_t n, qir_dtype type, const pt2_arg *value)
{
    if (n > QIR_MAX_RANK)
        return fe_error(c->fe, "shape", "rank %zu is above %d", n, QIR_MAX_RANK);
    qir_value *one = pt2_as(c, value, type);
    if (!one || one->kind != QIR_VALUE_CONST)
        return one && fe_error(c->fe, "arg", "the value must be a number");
    return pt2_set(c, 0, fe_splat(c->fe, type, dims, (unsigned)n, qir_const_data(qir_value_const(one))));
}

/* A result of the sizes that an argument gives. */
static bool set_sized(pt2_call *c, qir_dtype natural, const pt2_arg *value)
{
    qir_dtype type;
    size_t n;
    const int64_t *dims = pt2_ints(c, "size", &n);
    return pt2_type(c, "dtype", natural, &type) && set_splat(c, dims, n, type, value);
}

/* A result like the operand. */
static bool set_alike(pt2_call *c, const pt2_arg *value)
{
    const qir_value *x = pt2_self(c);
    qir_dtype type = x ? x->type->dtype : QIR_f32;
    return x && (!pt2_knows(c, "dtype") || pt2_type(c, "dtype", type, &type)) &&
           set_splat(c, x->type->dims, x->type->rank, type, value);
}

static qir_dtype type_of_self(pt2_call *c)
{
    const qir_value *x = pt2_self(c);
    return x ? x->type->dtype : QIR_f32;
}

static qir_dtype type_of_number(const pt2_arg *v)
{
    return v->kind == PT2_FLOAT ? QIR_f32 : v->kind == PT2_BOOL ? QIR_i1 : QIR_i64;
}

static const pt2_arg zero = {.kind = PT2_INT, .i = 0}, one = {.kind = PT2_INT, .i = 1};

bool pt2_op_zeros(pt2_call *c)
{
    return set_sized(c, QIR_f32, &zero);
}

bool pt2_op_ones(pt2_call *c)
{
    return set_sized(c, QIR_f32, &one);
}

bool pt2_op_full(pt2_call *c)
{
    const pt2_arg *value = pt2_get(c, "fill_value");
    return set_sized(c, type_of_number(value), value);
}

bool pt2_op_new_zeros(pt2_call *c)
{
    return set_sized(c, type_of_self(c), &zero);
}

bool pt2_op_new_ones(pt2_call *c)
{
    return set_sized(c, type_of_self(c), &one);
}

bool pt2_op_new_full(pt2_call *c)
{
    return set_sized(c, type_of_self(c), pt2_get(c, "fill_value"));
}

bool pt2_op_zeros_like(pt2_call *c)
{
    return set_alike(c, &zero);
}

bool pt2_op_ones_like(pt2_call *c)
{
    return set_alike(c, &one);
}

bool pt2_op_full_like(pt2_call *c)
{
    return set_alike(c, pt2_at(c, 1));
}

bool pt2_op_scalar_tensor(pt2_call *c)
{
    qir_dtype type;
    return pt2_type(c, "dtype", QIR_f32, &type) && pt2_set(c, 0, pt2_as(c, pt2_get(c, "s"), type));
}

/* --- sequences -------------------------------------------------------------------------------------- */
enum { MAX_RANGE = 1 << 24 };

static qir_value *range(pt2_call *c, double start, double step, int64_t n)
{
    double *v = QIR_NEW_ARRAY(c->fe->scratch, double, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        v[i] = start + (double)i * step;
    return fe_const(c->fe, QIR_f64, &n, 1, v);
}

static qir_value *int_range(pt2_call *c, int64_t start, int64_t step, int64_t n)
{
    int64_t *v = QIR_NEW_ARRAY(c->fe->scratch, int64_t, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        v[i] = start + i * step;
    return fe_const(c->fe, QIR_i64, &n, 1, v);
}

/* `start` and `step` are there in some of the overloads only. */
static const pt2_arg *arg_or(const pt2_call *c, const char *name, const pt2_arg *dflt)
{
    return pt2_knows(c, name) ? pt2_get(c, name) : dflt;
}

static bool is_whole(const pt2_arg *a)
{
    return a->kind != PT2_FLOAT;
}

bool pt2_op_arange(pt2_call *c)
{
    const pt2_arg *start = arg_or(c, "start", &zero), *step = arg_or(c, "step", &one);
    const pt2_arg *end = pt2_get(c, "end");
    bool whole = is_whole(start) && is_whole(step) && is_whole(end);
    double n = ceil((pt2_number(end) - pt2_number(start)) / pt2_number(step));
    qir_dtype type;
    if (!pt2_type(c, "dtype", whole ? QIR_i64 : QIR_f32, &type))
        return false;
    if (!(n >= 0) || n > MAX_RANGE)
        return fe_error(c->fe, "arg", "a range of %g elements", n);
    qir_value *v = whole ? int_range(c, start->i, step->i, (int64_t)n)
                         : range(c, pt2_number(start), pt2_number(step), (int64_t)n);
    return pt2_set(c, 0, fe_cast(c->fe, v, type));
}

/* --- masks by position -------------------------------------------------------------------------------- */
bool pt2_op_eye(pt2_call *c)
{
    int64_t n = pt2_int(c, "n");
    qir_dtype type;
    if (n < 0 || n > 4096)
        return fe_error(c->fe, "arg", "n is %" PRId64, n);
    return pt2_type(c, "dtype", QIR_f32, &type) &&
           pt2_set(c, 0, fe_cast(c->fe, fe_emit2(c->fe, QIR_OP_equal, fe_iota(c->fe, 0, 1, n, 0, 2),
                                                 fe_iota(c->fe, 0, 1, n, 1, 2)), type));
}

static bool set_triangle(pt2_call *c, bool upper)
{
    qir_value *x = pt2_self(c);
    return x && pt2_set(c, 0, fe_triangle(c->fe, x, upper, pt2_int(c, "diagonal")));
}

bool pt2_op_tril(pt2_call *c)
{
    return set_triangle(c, false);
}

bool pt2_op_triu(pt2_call *c)
{
    return set_triangle(c, true);
}

bool pt2_op_one_hot(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t n = pt2_int(c, "num_classes");
    if (!x || n < 1 || n > MAX_RANGE)
        return x && fe_error(c->fe, "arg", "num_classes must be given");
    return pt2_set(c, 0, fe_one_hot(c->fe, x, n, x->type->rank, fe_scalar(c->fe, QIR_i64, 1),
                                    fe_scalar(c->fe, QIR_i64, 0)));
}

/* --- symbolic integers ------------------------------------------------------------------------------ */
bool pt2_op_sym_size(pt2_call *c)
{
    const qir_value *x = pt2_self(c);
    int64_t axis;
    return x && fe_axis(c->fe, pt2_int(c, "dim"), x->type->rank, false, &axis) &&
           pt2_set_number(c, x->type->dims[axis]);
}

bool pt2_op_sym_numel(pt2_call *c)
{
    const qir_value *x = pt2_self(c);
    return x && pt2_set_number(c, qir_type_elements(x->type));
}

static bool set_if(pt2_call *c, bool ok, int64_t v)
{
    return ok ? pt2_set_number(c, v) : fe_error(c->fe, "symint", "the result is outside 64 bits");
}

bool pt2_op_sym_add(pt2_call *c)
{
    int64_t v = 0;
    bool ok = qir_add_i64(pt2_int(c, "a"), pt2_int(c, "b"), &v);
    return set_if(c, ok, v);
}

bool pt2_op_sym_sub(pt2_call *c)
{
    int64_t v;
    bool ok = !__builtin_sub_overflow(pt2_int(c, "a"), pt2_int(c, "b"), &v);
    return set_if(c, ok, v);
}

bool pt2_op_sym_mul(pt2_call *c)
{
    int64_t v = 0;
    bool ok = qir_mul_i64(pt2_int(c, "a"), pt2_int(c, "b"), &v);
    return set_if(c, ok, v);
}

bool pt2_op_sym_neg(pt2_call *c)
{
    int64_t v;
    bool ok = !__builtin_sub_overflow((int64_t)0, pt2_int(c, "a"), &v);
    return set_if(c, ok, v);
}

/* Rounded down, as Python does. */
static bool divide(const pt2_call *c, int64_t *quotient, int64_t *rest)
{
    int64_t a = pt2_int(c, "a"), b = pt2_int(c, "b");
    if (b == 0 || (a == INT64_MIN && b == -1))
        return false;
    bool down = a % b != 0 && (a < 0) != (b < 0);
    *quotient = a / b - down;
    *rest = a % b + (down ? b : 0);
    return true;
}

bool pt2_op_sym_floordiv(pt2_call *c)
{
    int64_t q = 0, r;
    bool ok = divide(c, &q, &r);
    return set_if(c, ok, q);
}

bool pt2_op_sym_mod(pt2_call *c)
{
    int64_t q, r = 0;
    bool ok = divide(c, &q, &r);
    return set_if(c, ok, r);
}
