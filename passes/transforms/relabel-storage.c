/* Changes: values of quantized type with u8 storage get i8 storage (q - 128, zero point - 128), so
 * that code generation meets one signedness.  Constants are rewritten.  The interface stays:
 * arguments, results and storage_casts to and from other types get a requantize with equal scale,
 * which is one exclusive-or with 0x80.
 * Requires: QUANTIZED, weights not packed yet.  Leaves: QUANTIZED; every real value is the same. */
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/map.h"

enum { SHIFT = 128 };

static bool relabelled(const qir_type *t)
{
    return t->kind == QIR_TENSOR && t->quant && t->quant->storage == QIR_u8 && !t->quant->dynamic;
}

/* The i8 twin of a u8 type. */
static const qir_type *twin(qir_context *ctx, qir_arena *scratch, const qir_type *t)
{
    qir_quant q = *t->quant;
    int32_t *zp = QIR_NEW_ARRAY(scratch, int32_t, q.count);
    for (size_t i = 0; i < q.count; i++)
        zp[i] = q.zero_point[i] - SHIFT;
    q.storage = QIR_i8;
    q.qmin -= SHIFT;
    q.qmax -= SHIFT;
    q.zero_point = zp;
    return qir_type_with_quant(ctx, t, &q, NULL);
}

typedef struct relabel {
    qir_pass *pass;
    qir_module *m;
    qir_map keep; /* values that stay u8: they touch the interface */
} relabel;

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

/* Operand i of `op` stays u8: it reads the value through a requantize back. */
static void keep_operand(relabel *r, qir_op *op, uint32_t i)
{
    qir_value *x = qir_op_operand(op, i);
    if (!relabelled(x->type))
        return;
    qir_op *back = new_requantize(r, x, op->loc);
    qir_op_insert_before(back, op);
    qir_op_set_operand(op, i, &back->results[0]);
    qir_map_put(&r->keep, &back->results[0], back);
}

/* A cast between two u8 types keeps its bytes under the relabelling; others are boundaries. */
static void bound_cast(relabel *r, qir_op *op)
{
    qir_value *x = qir_op_operand(op, 0), *y = &op->results[0];
    if (relabelled(x->type) == relabelled(y->type))
        return;
    keep_operand(r, op, 0);
    if (relabelled(y->type)) {
        qir_map_put(&r->keep, y, op);
        detach_users(r, y, op->next, op->loc);
    }
}

static void bound_func(relabel *r, qir_func *f)
{
    qir_block *b = f->body;
    qir_op *first = b->first;
    for (uint32_t i = 0; i < b->nargs; i++)
        if (relabelled(b->args[i]->type))
            detach_users(r, b->args[i], first, f->loc);
    for (qir_op *op = first, *next; op; op = next) {
        next = op->next;
        if (op->opcode == QIR_OP_storage_cast)
            bound_cast(r, op);
        for (uint32_t i = 0; op->opcode == QIR_OP_return && i < op->noperands; i++)
            keep_operand(r, op, i);
    }
}

static bool change_type(relabel *r, qir_value *v)
{
    const qir_type *t = twin(r->m->ctx, qir_pass_arena(r->pass), v->type);
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
        data[i] = old[i] ^ SHIFT;
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
        if (relabelled(v->type) && !qir_map_has(&r->keep, v) && !change_type(r, v))
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
        if (relabelled(c->value.type) && !change_const(r, c))
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
    qir_for_each_func(f, m)
        bound_func(&r, f);
    bool ok = change_all(&r);
    qir_map_free(&r.keep);
    return ok;
}

static const char *const statistics[] = {"values", "constants", NULL};

QIR_PASS(relabel_storage, .name = "relabel-storage",
         .summary = "Give quantized u8 values i8 storage, inside.",
         .doc = "q' = q - 128 and zero point' = zero point - 128, so every real value stays the "
                "same, and so do accumulators, bounds and roundings.  Arguments, results and plain "
                "u8 tensors keep their bytes: `requantize` with equal scales stands between.",
         .requires = QIR_STAGE_QUANTIZED, .excludes = QIR_STAGE_PACKED | QIR_STAGE_PLANNED,
         .statistics = statistics, .run = run)
