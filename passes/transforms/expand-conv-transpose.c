/* Changes: conv_transpose with constant weight and bias becomes a conv whose result channels hold the
 * positions of one stride (qir/subpixel.h), taken apart by reshape and transpose, cut by slice.
 * Requires: nothing.  Leaves: any stage as it was, and every byte of every result. */
#include <string.h>
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"
#include "qir/subpixel.h"

typedef struct expansion {
    qir_module *m;
    qir_op *op;
    qir_builder b;
    qir_arena *arena;
    qir_subpixel s;
    int64_t channels; /* of the conv */
} expansion;

static const qir_type *type_of(const expansion *e, uint32_t operand)
{
    const qir_value *v = qir_op_operand(e->op, operand);
    return v ? v->type : NULL;
}

/* Entry i of the spatial axes of the model's rank. */
static int64_t spatial(const expansion *e, const int64_t *v, unsigned i)
{
    return v[QIR_SUBPIXEL_AXES - e->s.axes + i];
}

/* --- weight and bias -------------------------------------------------------------------------- */

/* Parameters per axis 1 become those of the conv's channels, per axis 0. */
static const qir_quant *channel_quant(const expansion *e, const qir_quant *q)
{
    if (!q || q->axis < 0)
        return q;
    qir_quant all = *q;
    float *scale = QIR_NEW_ARRAY(e->arena, float, (size_t)e->channels);
    int32_t *zero_point = QIR_NEW_ARRAY(e->arena, int32_t, (size_t)e->channels);
    for (int64_t c = 0; c < e->s.groups * e->s.cout; c++)
        for (int64_t phase = 0; phase < e->s.phases; phase++) {
            int64_t to = qir_subpixel_channel(&e->s, c, phase);
            scale[to] = q->scale[c % e->s.cout];
            zero_point[to] = q->zero_point[c % e->s.cout];
        }
    all.axis = 0;
    all.count = (size_t)e->channels;
    all.scale = scale;
    all.zero_point = zero_point;
    return qir_quant_get(e->m->ctx, &all, e->op->loc);
}

/* The stored value of real 0 for every channel of a group; NULL: zero bytes. */
static const void *zeros(const expansion *e, const qir_type *w)
{
    if (!w->quant)
        return NULL;
    uint8_t *v = QIR_NEW_ARRAY(e->arena, uint8_t, (size_t)e->s.cout);
    for (int64_t c = 0; c < e->s.cout; c++)
        v[c] = (uint8_t)w->quant->zero_point[(size_t)c % w->quant->count];
    return v;
}

static qir_value *make_weight(const expansion *e)
{
    const qir_type *w = type_of(e, 1);
    qir_const *c = qir_value_const(qir_op_operand(e->op, 1));
    const void *data = qir_const_data(c);
    int64_t dims[2 + QIR_SUBPIXEL_AXES] = {e->channels, e->s.cin / e->s.groups};
    for (unsigned i = 0; i < e->s.axes; i++)
        dims[2 + i] = spatial(e, e->s.kernel, i);
    const qir_type *t = qir_tensor_type(e->m->ctx, w->dtype, dims, w->rank, e->op->loc);
    const qir_quant *q = channel_quant(e, w->quant);
    t = t && q ? qir_type_with_quant(e->m->ctx, t, q, e->op->loc) : t;
    if (!data || !t)
        return NULL;
    void *out = qir_arena_alloc(e->m->arena, qir_type_bytes(t));
    qir_subpixel_weight(&e->s, data, qir_dtype_bytes(w->dtype), zeros(e, w), out);
    return &qir_const_create(e->m, c->value.name, t, out, false, c->loc)->value;
}

static qir_value *make_bias(const expansion *e)
{
    qir_const *c = qir_value_const(qir_op_operand(e->op, 2));
    const char *data = qir_const_data(c);
    const qir_type *t = qir_type_with_shape(e->m->ctx, c->value.type, &e->channels, 1, e->op->loc);
    size_t esize = qir_dtype_bytes(c->value.type->dtype);
    if (!data || !t)
        return NULL;
    char *out = qir_arena_alloc(e->m->arena, qir_type_bytes(t));
    for (int64_t i = 0; i < e->s.groups * e->s.cout; i++)
        for (int64_t phase = 0; phase < e->s.phases; phase++)
            memcpy(out + (size_t)qir_subpixel_channel(&e->s, i, phase) * esize,
                   data + (size_t)i * esize, esize);
    return &qir_const_create(e->m, c->value.name, t, out, false, c->loc)->value;
}

/* --- ops -------------------------------------------------------------------------------------- */

static qir_value *make_conv(expansion *e, qir_value *w, qir_value *bias)
{
    qir_context *ctx = e->m->ctx;
    const qir_type *y = e->op->results[0].type;
    unsigned n = e->s.axes;
    int64_t dims[2 + QIR_SUBPIXEL_AXES] = {y->dims[0], e->channels}, pads[2 * QIR_SUBPIXEL_AXES];
    for (unsigned i = 0; i < n; i++) {
        dims[2 + i] = spatial(e, e->s.blocks, i);
        pads[i] = spatial(e, e->s.begin, i);
        pads[n + i] = spatial(e, e->s.end, i);
    }
    const qir_type *t = qir_type_with_shape(ctx, y, dims, y->rank, e->op->loc);
    qir_value *in[] = {qir_op_operand(e->op, 0), w, bias};
    return !t ? NULL
              : qir_build1(&e->b, QIR_OP_conv, in, bias ? 3 : 2,
                           QIR_ATTRS({"pads", qir_attr_ints(ctx, pads, 2 * n)},
                                     {"groups", qir_attr_int(ctx, e->s.groups)},
                                     {"min", qir_op_attr(e->op, "min")},
                                     {"max", qir_op_attr(e->op, "max")}),
                           t);
}

static qir_value *reshape(expansion *e, qir_value *v, const int64_t *dims, unsigned rank)
{
    return v ? qir_build1(&e->b, QIR_OP_reshape, &v, 1,
                          QIR_ATTRS({"shape", qir_attr_ints(e->m->ctx, dims, rank)}), NULL)
             : NULL;
}

/* [N, phases and O, blocks...] to [N, O, blocks x phases...]. */
static qir_value *take_apart(expansion *e, qir_value *v)
{
    unsigned n = e->s.axes, rank = 2 * n + 2, front = e->s.groups == 1 ? 1 : 2;
    int64_t split[2 + 2 * QIR_SUBPIXEL_AXES], perm[2 + 2 * QIR_SUBPIXEL_AXES];
    int64_t joined[2 + QIR_SUBPIXEL_AXES], channels = e->s.groups * e->s.cout;
    unsigned channel_at = e->s.groups == 1 ? n + 1 : 1;
    if (!v || e->s.phases == 1)
        return v;
    split[0] = joined[0] = v->type->dims[0];
    split[channel_at] = joined[1] = channels;
    perm[0] = 0;
    perm[1] = channel_at;
    for (unsigned i = 0; i < n; i++) {
        split[front + i] = spatial(e, e->s.stride, i);
        split[n + 2 + i] = spatial(e, e->s.blocks, i);
        perm[2 + 2 * i] = n + 2 + i;
        perm[3 + 2 * i] = front + i;
        joined[2 + i] = split[front + i] * split[n + 2 + i];
    }
    v = reshape(e, v, split, rank);
    v = v ? qir_build1(&e->b, QIR_OP_transpose, &v, 1,
                       QIR_ATTRS({"perm", qir_attr_ints(e->m->ctx, perm, rank)}), NULL)
          : NULL;
    return reshape(e, v, joined, n + 2);
}

static qir_value *cut(expansion *e, qir_value *v)
{
    const qir_type *y = e->op->results[0].type;
    int64_t starts[2 + QIR_SUBPIXEL_AXES] = {0};
    if (!v || qir_type_same_shape(v->type, y))
        return v;
    return qir_build1(&e->b, QIR_OP_slice, &v, 1,
                      QIR_ATTRS({"starts", qir_attr_ints(e->m->ctx, starts, y->rank)},
                                {"ends", qir_attr_ints(e->m->ctx, y->dims, y->rank)}),
                      NULL);
}

static bool expand(qir_pass *p, qir_op *op)
{
    qir_module *m = qir_op_module(op);
    expansion e = {.m = m, .op = op, .b = qir_builder_before(op), .arena = qir_pass_arena(p)};
    qir_subpixel_get(op, &e.s);
    e.channels = e.s.phases * e.s.groups * e.s.cout;
    qir_value *w = make_weight(&e), *bias = w && qir_op_operand(op, 2) ? make_bias(&e) : NULL;
    if (!w || (qir_op_operand(op, 2) && !bias))
        return false;
    qir_value *v = cut(&e, take_apart(&e, make_conv(&e, w, bias)));
    if (!v)
        return false;
    qir_replace_op(op, v);
    qir_pass_count(p, "expanded", 1);
    return true;
}

static bool is_constant(const qir_value *v)
{
    return !v || qir_value_const(v);
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            if (op->opcode != QIR_OP_conv_transpose || !is_constant(qir_op_operand(op, 1)) ||
                !is_constant(qir_op_operand(op, 2)) || !qir_pass_may_transform(p))
                continue;
            if (!expand(p, op))
                return false;
        }
    qir_erase_unused_consts(m);
    return true;
}

static const char *const statistics[] = {"expanded", NULL};

QIR_PASS(expand_conv_transpose, .name = "expand-conv-transpose",
         .summary = "Rewrite transposed convolutions as convolutions.",
         .doc = "The positions of one stride become channels, which reshape and transpose take apart. "
                "The evaluator computes transposed convolutions in the same order, so no byte of any "
                "result changes.\n"
                "\n"
                "Changes: conv_transpose with constant weight and bias. Requires: nothing. "
                "Leaves: any stage as it was.",
         .statistics = statistics, .run = run)
