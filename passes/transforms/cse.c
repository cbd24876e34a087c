/* Changes: merges constants of equal content and pure ops with equal operands and attributes.
 * Requires: nothing.  Leaves: any stage as it was.
 * The tables are keyed by contents and by pointers of uniqued things; which of two equal ops stays
 * is decided by program order alone. */
#include <string.h>
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/map.h"

typedef struct entry {
    struct entry *next;
    uint64_t hash;
    void *item; /* qir_op or qir_const */
} entry;

typedef struct table {
    entry **buckets;
    size_t mask;
    qir_arena *arena;
} table;

static table table_create(qir_arena *arena, size_t items)
{
    table t = {.mask = 15, .arena = arena};
    while (t.mask < items)
        t.mask = t.mask * 2 + 1;
    t.buckets = QIR_NEW_ARRAY(arena, entry *, t.mask + 1);
    return t;
}

/* The item equal to `item`, or NULL after adding it. */
static void *table_intern(table *t, uint64_t hash, void *item, bool (*equal)(void *, void *))
{
    entry **slot = &t->buckets[hash & t->mask];
    for (entry *e = *slot; e; e = e->next)
        if (e->hash == hash && equal(e->item, item))
            return e->item;
    entry *e = QIR_NEW(t->arena, entry);
    *e = (entry){*slot, hash, item};
    *slot = e;
    return NULL;
}

/* --- constants ---------------------------------------------------------------------------- */
static size_t payload_bytes(const qir_const *c)
{
    return c->payload == QIR_PAYLOAD_SPLAT ? qir_dtype_bytes(c->value.type->dtype)
                                           : qir_type_bytes(c->value.type);
}

/* References into parameter files are compared by key; their bytes are not read for this. */
static uint64_t const_hash(const qir_const *c)
{
    const void *key[2] = {c->value.type, NULL};
    uint64_t h = c->payload == QIR_PAYLOAD_PARAM ? qir_hash_bytes(c->key, strlen(c->key))
                                                 : qir_hash_bytes(c->data, payload_bytes(c));
    key[1] = (const void *)(uintptr_t)h;
    return qir_hash_bytes(key, sizeof key);
}

static bool const_equal(void *x, void *y)
{
    const qir_const *a = x, *b = y;
    if (a->value.type != b->value.type || a->payload != b->payload)
        return false;
    if (a->payload == QIR_PAYLOAD_PARAM)
        return a->params == b->params && !strcmp(a->key, b->key);
    return !memcmp(a->data, b->data, payload_bytes(a));
}

static void merge_consts(qir_pass *p, qir_module *m)
{
    size_t n = 0;
    qir_for_each_const(c, m)
        n++;
    table t = table_create(qir_pass_arena(p), n);
    qir_for_each_const(c, m) {
        qir_const *same = table_intern(&t, const_hash(c), c, const_equal);
        if (!same || !qir_pass_may_transform(p))
            continue;
        qir_value_replace_all(&c->value, &same->value);
        qir_const_erase(c);
        qir_pass_count(p, "constants", 1);
    }
}

/* --- ops ------------------------------------------------------------------------------------ */
/* Operand `i` in an order that does not depend on the sides of commutative ops. */
static qir_value *operand(const qir_op *op, uint32_t i)
{
    qir_value *a = qir_op_operand(op, 0), *b = qir_op_operand(op, 1);
    if (i < 2 && qir_op_has_trait(op, QIR_TRAIT_COMMUTATIVE) && (uintptr_t)a > (uintptr_t)b)
        return i ? a : b;
    return qir_op_operand(op, i);
}

static uint64_t op_hash(const qir_op *op)
{
    const void *key[4] = {(const void *)(uintptr_t)op->opcode, op->attrs, NULL, NULL};
    uint64_t h = op->nresults ? op->results[0].type->id : 0;
    for (uint32_t i = 0; i < op->noperands; i++) {
        key[2] = operand(op, i);
        key[3] = (const void *)(uintptr_t)h;
        h = qir_hash_bytes(key, sizeof key);
    }
    return h;
}

static bool op_equal(void *x, void *y)
{
    const qir_op *a = x, *b = y;
    if (a->opcode != b->opcode || a->attrs != b->attrs || a->noperands != b->noperands ||
        a->nresults != b->nresults)
        return false;
    for (uint32_t i = 0; i < a->noperands; i++)
        if (operand(a, i) != operand(b, i))
            return false;
    for (uint32_t i = 0; i < a->nresults; i++)
        if (a->results[i].type != b->results[i].type)
            return false;
    return true;
}

static void merge_into(qir_op *keep, qir_op *op)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    keep->loc = qir_loc_fuse(ctx, keep->loc, op->loc);
    for (uint32_t i = 0; i < op->nresults; i++)
        qir_value_replace_all(&op->results[i], &keep->results[i]);
    qir_op_erase(op);
}

static void merge_ops(qir_pass *p, qir_func *f)
{
    size_t n = 0;
    qir_for_each_op(op, f->body)
        n++;
    table t = table_create(qir_pass_arena(p), n);
    qir_for_each_op(op, f->body) {
        if (!qir_op_has_trait(op, QIR_TRAIT_PURE))
            continue;
        qir_op *same = table_intern(&t, op_hash(op), op, op_equal);
        if (!same || !qir_pass_may_transform(p))
            continue;
        merge_into(same, op);
        qir_pass_count(p, "ops", 1);
    }
}

static bool run(qir_pass *p, qir_module *m)
{
    merge_consts(p, m);
    qir_for_each_func(f, m)
        merge_ops(p, f);
    return true;
}

static const char *const statistics[] = {"ops", "constants", NULL};

QIR_PASS(cse, .name = "cse", .summary = "Merge equal constants and equal pure ops.",
         .doc = "Operands of commutative ops may stand in either order.  The first one stays and "
                "takes the fused location.",
         .statistics = statistics, .run = run)
