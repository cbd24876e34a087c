/* Other dimensions for a whole function: arguments and constants get them, attributes that hold sizes
 * follow, and the types of all results are inferred anew. */
#include "resize.h"

#include <string.h>
#include "qir/ops.h"

typedef struct resizing {
    qir_module *m;
    qir_func *f;
    const resize_rule *rules;
    size_t nrules;
} resizing;

static int64_t new_size(const resizing *z, const qir_value *v, unsigned dim, int64_t size)
{
    for (size_t i = 0; i < z->nrules; i++) {
        const resize_rule *r = &z->rules[i];
        if (r->value ? r->value == v && r->dim == dim : r->from == size)
            return r->to;
    }
    return size;
}

/* --- types ---------------------------------------------------------------------------------------- */
/* Of parameters along an axis the first ones stay.  NULL: groups would be cut. */
static const qir_type *with_axis(qir_context *ctx, const qir_type *t, const int64_t *dims)
{
    qir_quant q = *t->quant;
    int64_t each = q.group ? q.group : 1, old = t->dims[q.axis] / each, new = dims[q.axis] / each;
    bool by_row = q.group && q.axis != 0;
    int64_t rows = by_row ? dims[0] : 1;
    if (dims[q.axis] % each || !new)
        return NULL;
    q.count = (size_t)(rows * new);
    float *scale = QIR_NEW_ARRAY(qir_context_arena(ctx), float, q.count);
    int32_t *zero_point = QIR_NEW_ARRAY(qir_context_arena(ctx), int32_t, q.count);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < new; k++) {
            scale[r * new + k] = t->quant->scale[r * old + k];
            zero_point[r * new + k] = t->quant->zero_point ? t->quant->zero_point[r * old + k] : 0;
        }
    q.scale = scale;
    q.zero_point = zero_point;
    const qir_type *plain = qir_tensor_type(ctx, t->dtype, dims, t->rank, NULL);
    plain = plain ? qir_type_with_quant(ctx, plain, &q, NULL) : NULL;
    return plain ? qir_type_with_order(ctx, plain, t->order) : NULL;
}

static const qir_type *with_dims(qir_context *ctx, const qir_type *t, const int64_t *dims)
{
    if (t->quant && t->quant->axis >= 0 && t->quant->count)
        return with_axis(ctx, t, dims);
    return qir_type_with_shape(ctx, t, dims, t->rank, NULL);
}

/* NULL: impossible. */
static const qir_type *new_type(const resizing *z, const qir_value *v)
{
    int64_t dims[QIR_MAX_RANK];
    const qir_type *t = v->type;
    bool same = true;
    for (unsigned d = 0; d < t->rank; d++) {
        dims[d] = new_size(z, v, d, t->dims[d]);
        same = same && dims[d] == t->dims[d];
    }
    return same ? t : t->kind == QIR_TENSOR ? with_dims(z->m->ctx, t, dims) : NULL;
}

/* --- constants ------------------------------------------------------------------------------------ */
/* The first elements along each dimension. */
static void copy_corner(const qir_type *from, const char *data, const qir_type *to, char *out)
{
    size_t each = qir_dtype_bytes(to->dtype);
    int64_t n = qir_type_elements(to);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i, at = 0, step = 1;
        for (unsigned d = to->rank; d-- > 0;) {
            at += rest % to->dims[d] * step;
            rest /= to->dims[d];
            step *= from->dims[d];
        }
        memcpy(out + (size_t)i * each, data + (size_t)at * each, each);
    }
}

static bool resize_const(resizing *z, qir_const *c)
{
    const qir_type *old = c->value.type, *t = new_type(z, &c->value);
    if (t == old || !t)
        return t;
    const void *data = c->payload == QIR_PAYLOAD_SPLAT ? c->data : qir_const_data(c);
    if (!data)
        return false;
    qir_const *new;
    if (c->payload == QIR_PAYLOAD_SPLAT) {
        new = qir_const_splat(z->m, c->value.name, t, data, c->loc);
    } else {
        char *corner = qir_arena_alloc(z->m->arena, qir_type_bytes(t));
        copy_corner(old, data, t, corner);
        new = qir_const_create(z->m, c->value.name, t, corner, false, c->loc);
    }
    qir_value_replace_all(&c->value, &new->value);
    return true;
}

/* --- attributes that hold sizes ------------------------------------------------------------------- */
static const struct size_attr {
    qir_opcode opcode;
    const char *name;
} size_attrs[] = {
    {QIR_OP_reshape, "shape"},
    {QIR_OP_expand, "shape"},
    {QIR_OP_resize, "sizes"},
    {QIR_OP_slice, "ends"},
};

/* One entry of a reshape takes what the others leave. */
static void fit_product(int64_t *v, size_t n, int64_t elements)
{
    int64_t product = 1;
    for (size_t i = 0; i < n; i++)
        product *= v[i];
    for (size_t i = 0; i < n && product != elements && product; i++)
        if (elements % (product / v[i]) == 0) {
            v[i] = elements / (product / v[i]);
            return;
        }
}

static void clamp_ends(int64_t *v, size_t n, const qir_type *x)
{
    for (size_t i = 0; i < n && i < x->rank; i++)
        v[i] = v[i] < x->dims[i] ? v[i] : x->dims[i];
}

static void resize_attr(const resizing *z, qir_op *op, const char *name)
{
    size_t n;
    const int64_t *old = qir_op_ints(op, name, &n);
    const qir_type *x = qir_op_operand(op, 0)->type;
    int64_t *v = QIR_NEW_ARRAY(z->m->arena, int64_t, n);
    for (size_t i = 0; i < n; i++)
        v[i] = new_size(z, NULL, 0, old[i]);
    if (op->opcode == QIR_OP_reshape)
        fit_product(v, n, qir_type_elements(x));
    if (op->opcode == QIR_OP_slice)
        clamp_ends(v, n, x);
    qir_op_set_attr(op, name, qir_attr_ints(z->m->ctx, v, n));
}

/* --- results -------------------------------------------------------------------------------------- */
/* Parameters along an axis of a result follow its shape, which is that of operand 0. */
static const qir_type *element_of(const resizing *z, const qir_op *op, unsigned i)
{
    const qir_type *t = op->results[i].type, *x = op->noperands ? qir_op_operand(op, 0)->type : NULL;
    bool along = t->quant && t->quant->axis >= 0 && t->quant->count && x && x->rank == t->rank;
    return along ? with_axis(z->m->ctx, t, x->dims) : t;
}

static bool infer_anew(const resizing *z, qir_op *op)
{
    const qir_type *types[QIR_MAX_RESULTS] = {0};
    qir_value **operands = QIR_NEW_ARRAY(z->m->arena, qir_value *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        operands[i] = op->operands[i].value;
    for (unsigned i = 0; i < op->nresults; i++)
        if (!(types[i] = element_of(z, op, i)))
            return false;
    qir_infer q = {.module = z->m, .opcode = op->opcode, .attrs = op->attrs, .operands = operands,
                   .noperands = op->noperands, .results = types,
                   .nresults = op->nresults, .reshape = true};
    if (!qir_infer_op(&q))
        return false;
    for (unsigned i = 0; i < op->nresults; i++)
        op->results[i].type = types[i];
    return true;
}

static bool resize_op(const resizing *z, qir_op *op)
{
    for (size_t i = 0; i < sizeof size_attrs / sizeof *size_attrs; i++)
        if (size_attrs[i].opcode == op->opcode)
            resize_attr(z, op, size_attrs[i].name);
    return infer_anew(z, op);
}

bool resize_func(qir_module *m, qir_func *f, const resize_rule *rules, size_t n)
{
    resizing z = {m, f, rules, n};
    for (uint32_t i = 0; i < f->body->nargs; i++)
        if (!(f->body->args[i]->type = new_type(&z, f->body->args[i])))
            return false;
    qir_for_each_const(c, m)
        if (!resize_const(&z, c))
            return false;
    qir_for_each_op(op, f->body)
        if (op->nresults && !resize_op(&z, op))
            return false;
    for (uint32_t k = 0; k < f->nresults; k++)
        f->result_types[k] = qir_op_operand(f->body->last, k)->type;
    return true;
}
