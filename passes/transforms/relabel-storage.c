/* Changes: quantized values get the storage that a level's dot step wants, i8 (q - 128, zero point - 128)
 * or u8 (q + 128, zero point + 128), so that code generation meets one signedness.  Constants are
 * rewritten; weights become i8 and never u8.  The interface stays: arguments, results and storage_casts
 * to and from other types get a requantize with equal scale, which is one exclusive-or with 0x80; so do
 * interpolation and TensorFlow Lite's averages, which round what is stored.
 * Requires: QUANTIZED, weights not packed yet.  Leaves: QUANTIZED; every real value is the same. */
#include <string.h>
#include "prepack.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/qmath.h"
#include "qir/support/bug.h"
#include "qir/support/map.h"

enum { SHIFT = 128 };

typedef struct relabel {
    qir_pass *pass;
    qir_module *m;
    qir_dtype from, to;
    qir_map keep; /* values that stay: they touch the interface, or are weights */
} relabel;

/* Activations have one pair of parameters, and requantize takes no others. */
static bool relabelled(const relabel *r, const qir_type *t)
{
    return t->kind == QIR_TENSOR && t->quant && t->quant->storage == r->from && !t->quant->dynamic &&
           (r->to == QIR_i8 || t->quant->count == 1);
}

/* The same reals in the other storage. */
static const qir_type *twin(const relabel *r, const qir_type *t)
{
    qir_quant q = *t->quant;
    int32_t by = r->to == QIR_i8 ? -SHIFT : SHIFT;
    int32_t *zp = QIR_NEW_ARRAY(qir_pass_arena(r->pass), int32_t, q.count);
    for (size_t i = 0; i < q.count; i++)
        zp[i] = q.zero_point[i] + by;
    q.storage = r->to;
    q.qmin += by;
    q.qmax += by;
    q.zero_point = zp;
    return qir_type_with_quant(r->m->ctx, t, &q, NULL);
}

static qir_op *new_requantize(relabel *r, qir_value *x, const qir_loc *loc)
{
    return qir_op_create(r->m, QIR_OP_requantize, &x, 1, &x->type, 1, NULL, loc);
}

/* Everybody but the new op reads x through a requantize, which relabels.  Until the types change it
 * is an identity. */
static void detach_users(relabel *r, qir_value *x, qir_op *before, const qir_loc *loc)
{
    if (!x->uses)
        return;
    qir_op *op = new_requantize(r, x, loc);
    qir_op_insert_before(op, before);
    qir_value_replace_all(x, &op->results[0]);
    qir_op_set_operand(op, 0, x);
}

/* Operand i of `op` stays: it reads the value through a requantize back. */
static void keep_operand(relabel *r, qir_op *op, uint32_t i)
{
    qir_value *x = qir_op_operand(op, i);
    if (!relabelled(r, x->type))
        return;
    qir_op *back = new_requantize(r, x, op->loc);
    qir_op_insert_before(back, op);
    qir_op_set_operand(op, i, &back->results[0]);
    qir_map_put(&r->keep, &back->results[0], back);
}

/* Interpolation mixes what is stored, in floats: where it rounds depends on the zero point.  So do
 * averages as TensorFlow Lite takes them, whose ties round away from a stored 0. */
static bool mixes_codes(const qir_op *op)
{
    if (op->opcode == QIR_OP_avg_pool)
        return qir_tflite_average(op);
    return op->opcode == QIR_OP_resize && (strcmp(qir_op_string(op, "mode"), "nearest") ||
                                           !strcmp(qir_op_string(op, "coordinates"), "tf_crop_and_resize"));
}

/* A cast between two types that change keeps its bytes under the relabelling; others are boundaries. */
static bool is_boundary(const relabel *r, const qir_op *op)
{
    return mixes_codes(op) || (op->opcode == QIR_OP_storage_cast &&
                               relabelled(r, qir_op_operand(op, 0)->type) != relabelled(r, op->results[0].type));
}

static void bound_op(relabel *r, qir_op *op)
{
    qir_value *y = &op->results[0];
    keep_operand(r, op, 0);
    if (relabelled(r, y->type)) {
        qir_map_put(&r->keep, y, op);
        detach_users(r, y, op->next, op->loc);
    }
}

static bool is_weight(const qir_use *u)
{
    return qir_op_weight(u->user) == u - u->user->operands;
}

/* A constant that is a weight stays; what else reads it gets a copy, to be relabelled. */
static bool bound_const(relabel *r, qir_const *c)
{
    bool weight = false, other = false;
    qir_for_each_use(u, &c->value)
        is_weight(u) ? (weight = true) : (other = true);
    if (weight)
        qir_map_put(&r->keep, &c->value, c);
    if (!weight || !other)
        return true;
    const void *data = qir_const_data(c);
    if (!data)
        return false;
    qir_const *copy = qir_const_create(r->m, c->value.name, c->value.type, data, false, c->loc);
    qir_for_each_use(u, &c->value)
        if (!is_weight(u))
            qir_op_set_operand(u->user, (uint32_t)(u - u->user->operands), &copy->value);
    return true;
}

static bool computed_weight(const qir_op *op)
{
    int i = qir_op_weight(op);
    const qir_value *w = i < 0 ? NULL : qir_op_operand(op, (uint32_t)i);
    return w && !qir_value_const(w);
}

/* Weights stay i8 on the way to u8. */
static bool bound_weights(relabel *r)
{
    qir_for_each_const(c, r->m)
        if (relabelled(r, c->value.type) && !bound_const(r, c))
            return false;
    qir_for_each_func(f, r->m)
        qir_for_each_op(op, f->body)
            if (computed_weight(op))
                keep_operand(r, op, (uint32_t)qir_op_weight(op));
    return true;
}

static void bound_func(relabel *r, qir_func *f)
{
    qir_block *b = f->body;
    qir_op *first = b->first;
    for (uint32_t i = 0; i < b->nargs; i++)
        if (relabelled(r, b->args[i]->type))
            detach_users(r, b->args[i], first, f->loc);
    for (qir_op *op = first, *next; op; op = next) {
        next = op->next;
        if (is_boundary(r, op))
            bound_op(r, op);
        for (uint32_t i = 0; op->opcode == QIR_OP_return && i < op->noperands; i++)
            keep_operand(r, op, i);
    }
}

static bool change_type(relabel *r, qir_value *v)
{
    const qir_type *t = twin(r, v->type);
    if (!t)
        return false;
    v->type = t;
    qir_pass_count(r->pass, v->kind == QIR_VALUE_CONST ? "constants" : "values", 1);
    return true;
}

static bool change_const(relabel *r, qir_const *c)
{
    bool splat = c->payload == QIR_PAYLOAD_SPLAT;
    size_t n = splat ? 1 : (size_t)qir_type_elements(c->value.type);
    const uint8_t *old = splat ? c->data : qir_const_data(c);
    if (!old)
        return false;
    uint8_t *data = qir_arena_alloc(r->m->arena, n);
    for (size_t i = 0; i < n; i++)
        data[i] = QIR_BUG(5) ? old[i] : old[i] ^ SHIFT;
    c->data = data;
    c->expanded = NULL; /* of the old bytes */
    if (!splat)
        c->payload = QIR_PAYLOAD_DATA;
    return change_type(r, &c->value);
}

static bool change_results(relabel *r, qir_op *op)
{
    for (uint32_t i = 0; i < op->nresults; i++) {
        qir_value *v = &op->results[i];
        if (relabelled(r, v->type) && !qir_map_has(&r->keep, v) && !change_type(r, v))
            return false;
    }
    return true;
}

/* What became an identity (a relabelling that was there before) goes. */
static void drop_identities(qir_func *f)
{
    qir_for_each_op(op, f->body)
        if (op->opcode == QIR_OP_requantize && qir_op_operand(op, 0)->type == op->results[0].type)
            qir_replace_op(op, qir_op_operand(op, 0));
}

static bool change_all(relabel *r)
{
    qir_for_each_const(c, r->m)
        if (relabelled(r, c->value.type) && !qir_map_has(&r->keep, &c->value) && !change_const(r, c))
            return false;
    qir_for_each_func(f, r->m) {
        qir_for_each_op(op, f->body)
            if (!change_results(r, op))
                return false;
        drop_identities(f);
    }
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    relabel r = {.pass = p, .m = m};
    qir_level level;
    if (!qir_prepack_level(p, m, &level))
        return false;
    r.to = qir_level_get(level)->act;
    r.from = r.to == QIR_i8 ? QIR_u8 : QIR_i8;
    qir_for_each_func(f, m)
        bound_func(&r, f);
    bool ok = (r.to != QIR_u8 || bound_weights(&r)) && change_all(&r);
    qir_map_free(&r.keep);
    return ok;
}

static const qir_pass_option options[] = {
    {"level", QIR_OPT_STRING, "generic", "instruction set level whose storage of activations is wanted"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"values", "constants", NULL};

QIR_PASS(relabel_storage, .name = "relabel-storage",
         .summary = "Give quantized 8-bit values the storage that a level wants, inside.",
         .doc = "i8: q' = q - 128 and zero point' = zero point - 128 of what is u8, so every real value stays "
                "the same, and so do accumulators, bounds and roundings; u8 (levels that multiply unsigned by "
                "signed): the other way, but for weights.  Arguments, results and plain tensors keep "
                "their bytes: `requantize` with equal scales stands between, and around interpolation and "
                "TensorFlow Lite's averages, which round what is stored.",
         .requires = QIR_STAGE_QUANTIZED, .excludes = QIR_STAGE_PACKED | QIR_STAGE_PLANNED,
         .options = options, .statistics = statistics, .run = run)
