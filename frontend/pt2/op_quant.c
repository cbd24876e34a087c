/* Quantization: quantized_decomposed of PT2E, affine operators of torchao.  Parameters that are known make
 * quantized types; those measured at run time stay operands of the affine ops. */
#include <float.h>
#include <inttypes.h>
#include <string.h>

#include "pt2/import.h"

/* What q and dq have in common. */
typedef struct affine {
    qir_value *x;
    fe_qparams p; /* scale and zero point: see read_params */
    const pt2_arg *scale, *zero; /* tensors or numbers; `zero` may be None */
} affine;

/* --- reading ----------------------------------------------------------------------------------------- */
static bool read_range(pt2_call *c, fe_qparams *p)
{
    const pt2_arg *lo = pt2_get(c, "quant_min"), *hi = pt2_get(c, "quant_max");
    int64_t least = qir_dtype_min(p->storage), most = qir_dtype_max(p->storage);
    int64_t qmin = lo->kind == PT2_NONE ? least : lo->i, qmax = hi->kind == PT2_NONE ? most : hi->i;
    if (qmin >= qmax || qmin < least || qmax > most)
        return fe_error(c->fe, "quant.range", "codes %" PRId64 " to %" PRId64 " of type %s", qmin, qmax,
                        qir_dtype_name(p->storage));
    p->qmin = (int32_t)qmin;
    p->qmax = (int32_t)qmax;
    return true;
}

/* Operand, storage and range; one block. */
static bool read_operand(pt2_call *c, const char *type, affine *a)
{
    qir_dtype storage;
    a->x = pt2_self(c);
    if (!a->x || !pt2_type(c, type, QIR_i8, &storage) || !fe_can_store(c->fe, storage))
        return false;
    fe_qparams_init(&a->p, NULL, NULL, storage);
    memcpy(a->p.block, a->x->type->dims, a->x->type->rank * sizeof *a->p.block);
    return read_range(c, &a->p);
}

static bool read_affine(pt2_call *c, const char *type, const char *scale, const char *zero, affine *a)
{
    *a = (affine){.scale = pt2_get(c, scale), .zero = pt2_get(c, zero)};
    return read_operand(c, type, a);
}

static bool read_blocks(pt2_call *c, affine *a)
{
    const qir_type *t = a->x->type;
    size_t n;
    const int64_t *block = pt2_ints(c, "block_size", &n);
    if (n != t->rank)
        return fe_error(c->fe, "arg", "block_size has %zu entries for rank %u", n, t->rank);
    for (size_t i = 0; i < n; i++) {
        a->p.block[i] = block[i] == -1 ? t->dims[i] : block[i];
        if (a->p.block[i] < 1 || t->dims[i] % a->p.block[i])
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
    a->p.block[axis] = 1;
    return true;
}

static bool last_blocks(pt2_call *c, affine *a, int64_t size)
{
    unsigned rank = a->x->type->rank;
    if (!rank || size < 1 || a->x->type->dims[rank - 1] % size)
        return fe_error(c->fe, "arg", "groups of %" PRId64 " do not divide the last dimension", size);
    for (unsigned i = 0; i < rank; i++)
        a->p.block[i] = i + 1 < rank ? 1 : size;
    return true;
}

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

/* A tensor or number. */
static qir_value *param(pt2_call *c, const pt2_arg *arg, qir_dtype type)
{
    if (arg->kind == PT2_NONE)
        return NULL;
    qir_value *v = pt2_tensor_of(c, arg), *chosen = v ? as_chosen(v) : NULL;
    v = chosen ? chosen : v ? v : pt2_as(c, arg, type);
    return v && qir_dtype_is_float(type) ? fe_cast(c->fe, v, type) : v;
}

static bool read_params(pt2_call *c, affine *a)
{
    a->p.scale = param(c, a->scale, QIR_f32);
    a->p.zp = param(c, a->zero, QIR_i32);
    return !c->fe->failed;
}

/* --- quantize and dequantize ---------------------------------------------------------------------------- */
static bool set_quantized(pt2_call *c, affine *a)
{
    qir_value *v = read_params(c, a) ? fe_quantize(c->fe, a->x, &a->p) : NULL;
    const qir_op *op = v ? qir_value_op(v) : NULL;
    if (op && op->opcode == QIR_OP_storage_cast) /* the integers themselves get no op of their own */
        fe_name_value(c->fe, qir_op_operand(op, 0), c->outs[0]);
    return pt2_set(c, 0, v);
}

/* Codes outside the range that the operator declares would be read as others. */
static bool check_codes(pt2_call *c, const affine *a)
{
    size_t n = 0;
    const int64_t *codes = a->x->kind == QIR_VALUE_CONST ? fe_const_ints(c->fe, a->x, &n) : NULL;
    for (size_t i = 0; i < n && codes; i++)
        if (codes[i] < a->p.qmin || codes[i] > a->p.qmax)
            return fe_error(c->fe, "quant.range", "holds %" PRId64 ", expected %" PRId32 " to %" PRId32,
                            codes[i], a->p.qmin, a->p.qmax);
    return !c->fe->failed;
}

/* Archives hold one code per byte; constants of few bits say so in their type. */
static qir_dtype narrowest(const affine *a)
{
    static const qir_dtype types[] = {QIR_i2, QIR_u2, QIR_i4, QIR_u4};
    for (size_t i = 0; a->x->kind == QIR_VALUE_CONST && i < sizeof types / sizeof *types; i++)
        if (a->p.qmin == qir_dtype_min(types[i]) && a->p.qmax == qir_dtype_max(types[i]))
            return types[i];
    return a->p.storage;
}

static bool set_dequantized(pt2_call *c, affine *a, const char *type)
{
    qir_dtype out;
    if (a->x->type->dtype != a->p.storage)
        return fe_error(c->fe, "type", "operand of type %s, expected %s",
                        qir_dtype_name(a->x->type->dtype), qir_dtype_name(a->p.storage));
    if (!pt2_type(c, type, QIR_f32, &out) || !check_codes(c, a) || !read_params(c, a))
        return false;
    a->p.storage = narrowest(a);
    return pt2_set(c, 0, fe_cast(c->fe, fe_dequantize(c->fe, a->x, &a->p), out));
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

static const qir_attr *word(pt2_call *c, const char *s)
{
    return qir_attr_string(c->fe->ctx, s, strlen(s));
}

static bool set_chosen(pt2_call *c, const affine *a, bool symmetric, double eps)
{
    qir_context *ctx = c->fe->ctx;
    qir_value *out[2];
    qir_value *x = fe_cast(c->fe, a->x, QIR_f32);
    if (!x || c->nouts != 2)
        return x && fe_error(c->fe, "arity", "%u results, expected 2", c->nouts);
    return fe_emit_n(c->fe, QIR_OP_choose_qparams, &x, 1,
                     QIR_ATTRS({"block", qir_attr_ints(ctx, a->p.block, x->type->rank)},
                               {"dtype", word(c, qir_dtype_name(a->p.storage))},
                               {"qmin", qir_attr_int(ctx, a->p.qmin)},
                               {"qmax", qir_attr_int(ctx, a->p.qmax)},
                               {"symmetric", qir_attr_bool(ctx, symmetric)},
                               {"eps", qir_attr_float(ctx, (float)eps)}),
                     out, 2) &&
           set_declared(c, 0, out[0]) && set_declared(c, 1, out[1]);
}

/* The whole tensor. */
bool pt2_op_choose_qparams(pt2_call *c)
{
    affine a;
    if (!read_operand(c, "dtype", &a))
        return false;
    bool symmetric = strstr(c->row->target, "symmetric") != NULL;
    return set_chosen(c, &a, symmetric, pt2_float(c, "eps"));
}

bool pt2_op_choose_affine(pt2_call *c)
{
    affine a;
    const char *how = pt2_string(c, "mapping_type");
    if (strcmp(how, "ASYMMETRIC") != 0 && strcmp(how, "SYMMETRIC") != 0)
        return fe_error(c->fe, "arg", "mapping_type '%s' is not supported", how);
    if (!read_operand(c, "target_dtype", &a) || !read_blocks(c, &a))
        return false;
    return set_chosen(c, &a, *how == 'S', pt2_has(c, "eps") ? pt2_float(c, "eps") : (double)FLT_MIN);
}
