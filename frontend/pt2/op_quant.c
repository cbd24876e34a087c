/* Quantization: quantized_decomposed of PT2E, affine operators of torchao.  Parameters that are known make
 * quantized types; those measured at run time stay operands of the affine ops. */
#include <float.h>
#include <inttypes.h>
#include <string.h>

#include "pt2/import.h"

/* What q and dq have in common. */
typedef struct affine {
    qir_value *x;
    qir_dtype storage;
    int64_t qmin, qmax;
    int64_t block[QIR_MAX_RANK];
    const pt2_arg *scale, *zero; /* tensors or numbers; `zero` may be None */
} affine;

/* --- reading ----------------------------------------------------------------------------------------- */
static bool read_range(pt2_call *c, affine *a)
{
    const pt2_arg *lo = pt2_get(c, "quant_min"), *hi = pt2_get(c, "quant_max");
    a->qmin = lo->kind == PT2_NONE ? qir_dtype_min(a->storage) : lo->i;
    a->qmax = hi->kind == PT2_NONE ? qir_dtype_max(a->storage) : hi->i;
    return (a->qmin < a->qmax && a->qmin >= qir_dtype_min(a->storage) &&
            a->qmax <= qir_dtype_max(a->storage)) ||
           fe_error(c->fe, "quant.range", "codes %" PRId64 " to %" PRId64 " of type %s", a->qmin,
                    a->qmax, qir_dtype_name(a->storage));
}

static bool read_affine(pt2_call *c, const char *type, const char *scale, const char *zero, affine *a)
{
    a->x = pt2_self(c);
    a->scale = pt2_get(c, scale);
    a->zero = pt2_get(c, zero);
    if (!a->x || !pt2_type(c, type, QIR_i8, &a->storage) || !fe_can_store(c->fe, a->storage))
        return false;
    memcpy(a->block, a->x->type->dims, a->x->type->rank * sizeof *a->block);
    return read_range(c, a);
}

static bool read_blocks(pt2_call *c, affine *a)
{
    const qir_type *t = a->x->type;
    size_t n;
    const int64_t *block = pt2_ints(c, "block_size", &n);
    if (n != t->rank)
        return fe_error(c->fe, "arg", "block_size has %zu entries for rank %u", n, t->rank);
    for (size_t i = 0; i < n; i++) {
        a->block[i] = block[i] == -1 ? t->dims[i] : block[i];
        if (a->block[i] < 1 || t->dims[i] % a->block[i])
            return fe_error(c->fe, "arg", "blocks of %" PRId64 " in a dimension of %" PRId64,
                            block[i], t->dims[i]);
    }
    return true;
}

static bool read_channel(pt2_call *c, affine *a)
{
    int64_t axis;
    if (!fe_axis(c->fe, pt2_int(c, "axis"), a->x->type->rank, false, &axis))
        return false;
    a->block[axis] = 1;
    return true;
}

static bool last_blocks(pt2_call *c, affine *a, int64_t size)
{
    unsigned rank = a->x->type->rank;
    if (!rank || size < 1 || a->x->type->dims[rank - 1] % size)
        return fe_error(c->fe, "arg", "groups of %" PRId64 " do not divide the last dimension", size);
    for (unsigned i = 0; i < rank; i++)
        a->block[i] = i + 1 < rank ? 1 : size;
    return true;
}

/* --- parameters that are known ------------------------------------------------------------------------ */
static bool is_known(pt2_call *c, const pt2_arg *arg)
{
    const qir_value *v = pt2_tensor_of(c, arg);
    return !v || v->kind == QIR_VALUE_CONST;
}

/* Can a quantized type say it: per tensor, per axis, or groups along the last axis of a matrix? */
static bool is_expressible(const affine *a, int32_t *axis, int64_t *group)
{
    const qir_type *t = a->x->type;
    unsigned split = 0;
    *axis = -1;
    *group = 0;
    for (unsigned i = 0; i < t->rank; i++)
        if (a->block[i] != t->dims[i]) {
            *axis = (int32_t)i;
            split++;
        }
    if (split <= 1 && (*axis < 0 || a->block[*axis] == 1))
        return true;
    if (t->rank != 2 || a->block[0] != 1 || *axis != 1)
        return false;
    *group = a->block[1];
    return true;
}

static int64_t blocks(const affine *a)
{
    int64_t n = 1;
    for (unsigned i = 0; i < a->x->type->rank; i++)
        n *= a->block[i] ? a->x->type->dims[i] / a->block[i] : 1;
    return n;
}

/* One number for all, or a tensor of one per block. */
static bool read_scales(pt2_call *c, const affine *a, size_t n, float *out)
{
    qir_value *v = pt2_tensor_of(c, a->scale);
    size_t given = 1;
    const float *list = v ? fe_const_floats(c->fe, v, &given) : NULL;
    if (c->fe->failed || given != n)
        return !c->fe->failed && fe_error(c->fe, "quant.count", "%zu scales for %zu blocks", given, n);
    for (size_t i = 0; i < n; i++)
        out[i] = list ? list[i] : (float)pt2_number(a->scale);
    return true;
}

static bool read_zeros(pt2_call *c, const affine *a, size_t n, int32_t *out)
{
    qir_value *v = pt2_tensor_of(c, a->zero);
    size_t given = n;
    const int64_t *list = v ? fe_const_ints(c->fe, v, &given) : NULL;
    if (c->fe->failed || given != n)
        return !c->fe->failed &&
               fe_error(c->fe, "quant.count", "%zu zero points for %zu blocks", given, n);
    for (size_t i = 0; i < n; i++) {
        int64_t z = list ? list[i] : a->zero->i;
        if (z < a->qmin || z > a->qmax)
            return fe_error(c->fe, "quant.zp", "zero point %" PRId64 ", expected %" PRId64 " to %" PRId64,
                            z, a->qmin, a->qmax);
        out[i] = (int32_t)z;
    }
    return true;
}

/* The parameters as those of a type.  `*usable` false: they are not known, or no type can say them. */
static bool as_quant(pt2_call *c, const affine *a, bool *usable, qir_quant *q)
{
    *q = (qir_quant){.storage = a->storage, .expressed = QIR_f32};
    *usable = is_known(c, a->scale) && is_known(c, a->zero) && is_expressible(a, &q->axis, &q->group);
    const qir_value *zero = pt2_tensor_of(c, a->zero);
    if (zero && qir_dtype_is_float(zero->type->dtype))
        *usable = false;
    if (c->fe->failed || !*usable)
        return !c->fe->failed;
    q->qmin = (int32_t)a->qmin;
    q->qmax = (int32_t)a->qmax;
    q->count = (size_t)blocks(a);
    float *scale = QIR_NEW_ARRAY(c->fe->scratch, float, q->count);
    int32_t *zp = QIR_NEW_ARRAY(c->fe->scratch, int32_t, q->count);
    q->scale = scale;
    q->zero_point = zp;
    return read_scales(c, a, q->count, scale) && read_zeros(c, a, q->count, zp);
}

/* --- parameters from run time -------------------------------------------------------------------------- */
/* choose_qparams gives f32 and i32, which archives widen before they are used: back to what it was. */
static qir_value *as_chosen(qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    while (op && (op->opcode == QIR_OP_cast || op->opcode == QIR_OP_reshape)) {
        v = op->operands[0].value;
        op = qir_value_op(v);
    }
    return op && op->opcode == QIR_OP_choose_qparams ? v : NULL;
}

/* A tensor or number as one parameter per block. */
static qir_value *per_block(pt2_call *c, const affine *a, const pt2_arg *arg, qir_dtype type)
{
    int64_t dims[QIR_MAX_RANK];
    unsigned rank = a->x->type->rank;
    if (arg->kind == PT2_NONE)
        return NULL;
    qir_value *v = pt2_tensor_of(c, arg), *chosen = v ? as_chosen(v) : NULL;
    v = chosen ? chosen : v ? v : pt2_as(c, arg, type);
    if (v && qir_dtype_is_float(type))
        v = fe_cast(c->fe, v, type);
    for (unsigned i = 0; i < rank; i++)
        dims[i] = a->block[i] ? a->x->type->dims[i] / a->block[i] : 0;
    return fe_reshape(c->fe, v, dims, rank);
}

static const qir_attr *word(pt2_call *c, const char *s)
{
    return qir_attr_string(c->fe->ctx, s, strlen(s));
}

static qir_value *emit_quantize(pt2_call *c, const affine *a)
{
    qir_context *ctx = c->fe->ctx;
    qir_value *scale = per_block(c, a, a->scale, QIR_f32), *zero = per_block(c, a, a->zero, QIR_i32);
    if (!scale || c->fe->failed)
        return NULL;
    return fe_emit(c->fe, QIR_OP_quantize_affine, (qir_value *[]){a->x, scale, zero}, zero ? 3 : 2,
                   QIR_ATTRS({"block", qir_attr_ints(ctx, a->block, a->x->type->rank)},
                             {"dtype", word(c, qir_dtype_name(a->storage))},
                             {"qmin", qir_attr_int(ctx, a->qmin)}, {"qmax", qir_attr_int(ctx, a->qmax)}),
                   NULL);
}

static qir_value *emit_dequantize(pt2_call *c, const affine *a)
{
    qir_value *scale = per_block(c, a, a->scale, QIR_f32), *zero = per_block(c, a, a->zero, QIR_i32);
    if (!scale || c->fe->failed)
        return NULL;
    return fe_emit(c->fe, QIR_OP_dequantize_affine, (qir_value *[]){a->x, scale, zero}, zero ? 3 : 2,
                   QIR_ATTRS({"block", qir_attr_ints(c->fe->ctx, a->block, a->x->type->rank)}), NULL);
}

/* --- quantize and dequantize ---------------------------------------------------------------------------- */
static bool set_quantized(pt2_call *c, affine *a)
{
    qir_quant q;
    bool usable;
    if (!as_quant(c, a, &usable, &q))
        return false;
    if (!usable)
        return pt2_set(c, 0, emit_quantize(c, a));
    q.expressed = a->x->type->dtype;
    const qir_type *t = fe_quant_type(c->fe, &q, a->x->type->dims, a->x->type->rank);
    qir_value *y = t ? fe_emit_folded(c->fe, QIR_OP_quantize, &a->x, 1, QIR_NO_ATTRS, t) : NULL;
    if (y)
        fe_name_value(c->fe, y, c->outs[0]); /* the integers themselves get no op of their own */
    return pt2_set(c, 0, fe_to_plain(c->fe, y));
}

/* Codes outside the range that the operator declares would be read as others. */
static bool check_codes(pt2_call *c, const affine *a)
{
    size_t n = 0;
    const int64_t *codes = a->x->kind == QIR_VALUE_CONST ? fe_const_ints(c->fe, a->x, &n) : NULL;
    for (size_t i = 0; i < n && codes; i++)
        if (codes[i] < a->qmin || codes[i] > a->qmax)
            return fe_error(c->fe, "quant.range", "holds %" PRId64 ", expected %" PRId64 " to %" PRId64,
                            codes[i], a->qmin, a->qmax);
    return !c->fe->failed;
}

/* Archives hold one code per byte; constants of few bits say so in their type. */
static qir_dtype narrowest(const affine *a)
{
    static const qir_dtype types[] = {QIR_i2, QIR_u2, QIR_i4, QIR_u4};
    for (size_t i = 0; a->x->kind == QIR_VALUE_CONST && i < sizeof types / sizeof *types; i++)
        if (a->qmin == qir_dtype_min(types[i]) && a->qmax == qir_dtype_max(types[i]))
            return types[i];
    return a->storage;
}

static bool set_dequantized(pt2_call *c, affine *a, const char *type)
{
    qir_quant q;
    bool usable;
    qir_dtype out;
    if (a->x->type->dtype != a->storage)
        return fe_error(c->fe, "type", "operand of type %s, expected %s",
                        qir_dtype_name(a->x->type->dtype), qir_dtype_name(a->storage));
    if (!pt2_type(c, type, QIR_f32, &out) || !check_codes(c, a) || !as_quant(c, a, &usable, &q))
        return false;
    q.storage = narrowest(a);
    qir_value *y = usable ? fe_emit1(c->fe, QIR_OP_dequantize, fe_to_quantized(c->fe, a->x, &q),
                                     QIR_NO_ATTRS)
                          : emit_dequantize(c, a);
    return pt2_set(c, 0, fe_cast(c->fe, y, out));
}

bool pt2_op_quantize_tensor(pt2_call *c)
{
    affine a;
    return read_affine(c, "dtype", "scale", "zero_point", &a) && set_quantized(c, &a);
}

bool pt2_op_dequantize_tensor(pt2_call *c)
{
    affine a;
    return read_affine(c, "dtype", "scale", "zero_point", &a) && set_dequantized(c, &a, "out_dtype");
}

bool pt2_op_quantize_channel(pt2_call *c)
{
    affine a;
    return read_affine(c, "dtype", "scales", "zero_points", &a) && read_channel(c, &a) &&
           set_quantized(c, &a);
}

bool pt2_op_dequantize_channel(pt2_call *c)
{
    affine a;
    return read_affine(c, "dtype", "scales", "zero_points", &a) && read_channel(c, &a) &&
           set_dequantized(c, &a, "out_dtype");
}

/* A token is a row of the last dimension. */
static bool read_token(pt2_call *c, affine *a)
{
    unsigned rank = a->x->type->rank;
    return last_blocks(c, a, rank ? a->x->type->dims[rank - 1] : 0);
}

bool pt2_op_quantize_token(pt2_call *c)
{
    affine a;
    return read_affine(c, "dtype", "scales", "zero_points", &a) && read_token(c, &a) &&
           set_quantized(c, &a);
}

bool pt2_op_dequantize_token(pt2_call *c)
{
    affine a;
    return read_affine(c, "dtype", "scales", "zero_points", &a) && read_token(c, &a) &&
           set_dequantized(c, &a, "output_dtype");
}

bool pt2_op_dequantize_group(pt2_call *c)
{
    affine a;
    return read_affine(c, "dtype", "scales", "zero_points", &a) &&
           last_blocks(c, &a, pt2_int(c, "group_size")) && set_dequantized(c, &a, "output_dtype");
}

bool pt2_op_quantize_affine(pt2_call *c)
{
    affine a;
    return read_affine(c, "output_dtype", "scale", "zero_point", &a) && read_blocks(c, &a) &&
           set_quantized(c, &a);
}

bool pt2_op_dequantize_affine(pt2_call *c)
{
    affine a;
    return read_affine(c, "input_dtype", "scale", "zero_point", &a) && read_blocks(c, &a) &&
           set_dequantized(c, &a, "output_dtype");
}

/* --- choosing parameters ------------------------------------------------------------------------------ */
/* In the type and shape that the archive gives the result. */
static bool set_declared(pt2_call *c, unsigned i, qir_value *v)
{
    const pt2_meta *meta = qir_strmap_get(&c->imp->program.tensors, c->outs[i], strlen(c->outs[i]));
    const qir_type *t = meta ? pt2_meta_type(c->imp, c->outs[i], meta) : v->type;
    if (!t)
        return false;
    return pt2_set(c, i, fe_reshape(c->fe, fe_cast(c->fe, v, t->dtype), t->dims, t->rank));
}

static bool set_chosen(pt2_call *c, const affine *a, bool symmetric, double eps)
{
    qir_context *ctx = c->fe->ctx;
    qir_value *out[2];
    qir_value *x = fe_cast(c->fe, a->x, QIR_f32);
    if (!x || c->nouts != 2)
        return x && fe_error(c->fe, "arity", "%u results, expected 2", c->nouts);
    return fe_emit_n(c->fe, QIR_OP_choose_qparams, &x, 1,
                     QIR_ATTRS({"block", qir_attr_ints(ctx, a->block, x->type->rank)},
                               {"dtype", word(c, qir_dtype_name(a->storage))},
                               {"qmin", qir_attr_int(ctx, a->qmin)},
                               {"qmax", qir_attr_int(ctx, a->qmax)},
                               {"symmetric", qir_attr_bool(ctx, symmetric)},
                               {"eps", qir_attr_float(ctx, (float)eps)}),
                     out, 2) &&
           set_declared(c, 0, out[0]) && set_declared(c, 1, out[1]);
}

/* The whole tensor. */
bool pt2_op_choose_qparams(pt2_call *c)
{
    affine a = {.x = pt2_self(c)};
    if (!a.x || !pt2_type(c, "dtype", QIR_i8, &a.storage) || !read_range(c, &a))
        return false;
    memcpy(a.block, a.x->type->dims, a.x->type->rank * sizeof *a.block);
    bool symmetric = strstr(c->row->target, "symmetric") != NULL;
    return set_chosen(c, &a, symmetric, pt2_float(c, "eps"));
}

bool pt2_op_choose_affine(pt2_call *c)
{
    affine a = {.x = pt2_self(c)};
    const char *how = pt2_string(c, "mapping_type");
    if (strcmp(how, "ASYMMETRIC") != 0 && strcmp(how, "SYMMETRIC") != 0)
        return fe_error(c->fe, "arg", "mapping_type '%s' is not supported", how);
    if (!a.x || !pt2_type(c, "target_dtype", QIR_i8, &a.storage) || !read_range(c, &a) ||
        !read_blocks(c, &a))
        return false;
    return set_chosen(c, &a, *how == 'S', pt2_has(c, "eps") ? pt2_float(c, "eps") : (double)FLT_MIN);
}
