/* Liveness of buffers in a straight-line function.  Views own nothing: their uses count as uses of
 * the value whose bytes they are.  A region of ops that work row by row (qir/rows.h) is like one op, whose
 * workspace holds what they hand on. */
#include "plan.h"
#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/rows.h"
#include "qir/support/checked.h"

struct liveness {
    qir_func *f;
    const qir_plan_options *opts;
    qir_ranges all;
    size_t most;    /* ranges there can be: results and workspaces */
    qir_map last;   /* root value -> 1 + position of its last use */
    qir_map ranges; /* root value -> 1 + index of its range */
    qir_map outs;   /* root value -> 1 + number of the result it is written to */
    qir_map at;     /* op -> 1 + its position */
};

static uintptr_t lookup(const qir_map *map, const void *key)
{
    return (uintptr_t)qir_map_get(map, key);
}

/* Do op and the next one belong to one region, and have one position? */
static bool goes_on(const qir_op *op)
{
    return qir_rows_marked(op) > 1;
}

static void find_uses(struct liveness *l)
{
    uintptr_t at = 1;
    qir_for_each_op(op, l->f->body) {
        l->most += op->nresults + 1;
        qir_map_put(&l->at, op, (void *)at);
        for (uint32_t i = 0; i < op->noperands; i++)
            if (qir_op_operand(op, i))
                qir_map_put(&l->last, qir_value_root(qir_op_operand(op, i)), (void *)at);
        at += !goes_on(op);
    }
    l->all.nops = (uint32_t)at - 1;
}

/* The first result that is a value's very bytes is written by its op directly. */
static void find_outs(struct liveness *l)
{
    const qir_op *ret = l->f->body->last;
    for (uint32_t k = 0; l->opts->direct && ret && k < ret->noperands; k++) {
        qir_value *root = qir_value_root(qir_op_operand(ret, k));
        /* a result that shares an argument's buffer is written last, but for the chain below */
        if (root->kind == QIR_VALUE_RESULT && !lookup(&l->outs, root) &&
            qir_value_is_whole(qir_op_operand(ret, k)) && qir_func_updated_arg(l->f, k) < 0)
            qir_map_put(&l->outs, root, (void *)(uintptr_t)(k + 1));
    }
}

/* The value that `v` is an update of, if that is dead then: its memory may become v's. */
static qir_value *updated_value(const struct liveness *l, const qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    if (!op || !qir_op_has_trait(op, QIR_TRAIT_UPDATES) || !qir_plan_may_share(op, 0))
        return NULL;
    qir_value *x = qir_value_root(qir_op_operand(op, 0));
    return lookup(&l->last, x) == lookup(&l->at, op) ? x : NULL;
}

/* Result `k` is made from its argument by updates alone: all of them happen in the caller's buffer. */
static void find_chain(struct liveness *l, qir_value *result, uint32_t k)
{
    const qir_value *arg = l->f->body->args[qir_func_updated_arg(l->f, k)], *v = result;
    while (v && v != arg)
        v = updated_value(l, v);
    for (v = v ? result : arg; v != arg; v = updated_value(l, v))
        qir_map_put(&l->outs, v, (void *)(uintptr_t)(k + 1));
}

static void find_chains(struct liveness *l)
{
    const qir_op *ret = l->f->body->last;
    for (uint32_t k = 0; l->opts->direct && ret && k < ret->noperands; k++)
        if (qir_func_updated_arg(l->f, k) >= 0)
            find_chain(l, qir_value_root(qir_op_operand(ret, k)), k);
}

/* An op of trait UPDATES replaces elements of operand 0; the others must lie elsewhere. */
static bool may_update(const qir_op *op)
{
    const qir_value *x = qir_op_operand(op, 0), *root = qir_value_root((qir_value *)x);
    for (uint32_t j = 1; j < op->noperands; j++) {
        qir_value *y = qir_op_operand(op, j);
        if (y && qir_value_root(y) == root)
            return false;
    }
    return qir_value_is_whole(x) && qir_layout_agrees(x->type, NULL, op->results[0].type);
}

bool qir_plan_may_share(const qir_op *op, uint32_t i)
{
    const qir_value *x = qir_op_operand(op, i);
    const qir_type *to = op->results[0].type;
    if (qir_op_has_trait(op, QIR_TRAIT_UPDATES))
        return i == 0 && may_update(op);
    if (!x || !qir_op_has_trait(op, QIR_TRAIT_ELEMENTWISE) || !qir_value_is_whole(x) ||
        !qir_layout_agrees(x->type, NULL, to))
        return false;
    /* Another operand in the same memory must be read element by element too. */
    const qir_value *root = qir_value_root((qir_value *)x);
    for (uint32_t j = 0; j < op->noperands; j++) {
        qir_value *y = qir_op_operand(op, j);
        if (y && qir_value_root(y) == root &&
            (!qir_value_is_whole(y) || !qir_layout_agrees(y->type, NULL, to)))
            return false;
    }
    return true;
}

static int32_t find_inplace(struct liveness *l, const qir_op *op, uint32_t at)
{
    for (uint32_t i = 0; l->opts->inplace && i < op->noperands; i++) {
        qir_value *x = qir_op_operand(op, i);
        uintptr_t range = x ? lookup(&l->ranges, qir_value_root(x)) : 0;
        if (!range || l->all.data[range - 1].out >= 0 || l->all.data[range - 1].last != at)
            continue;
        if (qir_plan_may_share(op, i))
            return (int32_t)(range - 1);
    }
    return -1;
}

static size_t padded(size_t bytes)
{
    size_t r = bytes;
    bool fits = qir_align_up(bytes ? bytes : 1, QIR_PLAN_ALIGN, &r);
    return fits ? r : bytes;
}

static qir_range *add(struct liveness *l, qir_op *op, uint32_t at, size_t bytes)
{
    qir_range *r = &l->all.data[l->all.len++];
    *r = (qir_range){.op = op, .bytes = bytes, .first = at, .last = at, .out = -1, .inplace = -1,
                     .home = (uint32_t)(l->all.len - 1)};
    return r;
}

static void add_result(struct liveness *l, qir_op *op, uint32_t i, uint32_t at, bool inplace)
{
    qir_value *v = &op->results[i];
    uintptr_t last = lookup(&l->last, v);
    qir_range *r = add(l, op, at, padded(qir_type_bytes(v->type)));
    r->result = i;
    r->last = last ? (uint32_t)last - 1 : at;
    r->out = (int32_t)lookup(&l->outs, v) - 1;
    if (r->out < 0 && op->nresults == 1 && inplace)
        r->inplace = find_inplace(l, op, at);
    if (r->inplace >= 0)
        r->home = l->all.data[r->inplace].home;
    qir_map_put(&l->ranges, v, (void *)(uintptr_t)l->all.len);
}

static void add_workspace(struct liveness *l, qir_op *op, uint32_t at, size_t bytes)
{
    if (bytes)
        add(l, op, at, padded(bytes))->workspace = true;
}

static void add_op(struct liveness *l, qir_op *op, uint32_t at)
{
    for (uint32_t i = 0; i < op->nresults; i++)
        add_result(l, op, i, at, true);
    add_workspace(l, op, at, qir_level_workspace(l->opts->level, op));
}

/* The region that begins with `op`, if one does; returns its last op.  Its result lies elsewhere than its operands, of
 * which later blocks and other tasks read more. */
static qir_op *add_region(struct liveness *l, qir_op *op, uint32_t at, qir_arena *arena)
{
    qir_rows rows;
    if (!qir_rows_get(l->opts->level, op, arena, &rows))
        return NULL;
    op = rows.step[rows.nsteps - 1].op;
    add_result(l, op, 0, at, false);
    add_workspace(l, op, at, rows.bytes);
    return op;
}

/* ---- layers ----------------------------------------------------------------------------------- */
static size_t scratch_bytes(const struct liveness *l, const qir_value *root)
{
    return root->kind == QIR_VALUE_RESULT && !lookup(&l->outs, root) ? padded(qir_type_bytes(root->type)) : 0;
}

/* What the op reads, each buffer counted once, writes and works in. */
static size_t layer_bytes(const struct liveness *l, const qir_op *op)
{
    size_t ws = qir_level_workspace(l->opts->level, op), bytes = ws ? padded(ws) : 0;
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *x = qir_op_operand(op, i), *root = x ? qir_value_root(x) : NULL;
        bool again = !x;
        for (uint32_t j = 0; j < i && !again; j++)
            again = qir_op_operand(op, j) && qir_value_root(qir_op_operand(op, j)) == root;
        bytes += again ? 0 : scratch_bytes(l, root);
    }
    for (uint32_t i = 0; i < op->nresults; i++)
        bytes += scratch_bytes(l, &op->results[i]);
    return bytes;
}

static void find_layers(struct liveness *l)
{
    qir_for_each_op(op, l->f->body) {
        size_t bytes = op->nresults && !qir_op_is_view(op) ? layer_bytes(l, op) : 0;
        l->all.layers = bytes > l->all.layers ? bytes : l->all.layers;
    }
}

qir_ranges qir_plan_ranges(qir_func *f, const qir_plan_options *opts, qir_arena *arena)
{
    struct liveness l = {.f = f, .opts = opts};
    find_uses(&l);
    find_outs(&l);
    find_chains(&l);
    find_layers(&l);
    l.all.data = QIR_NEW_ARRAY(arena, qir_range, l.most + 1);
    uint32_t at = 0;
    qir_for_each_op(op, f->body) {
        qir_op *last = goes_on(op) ? add_region(&l, op, at, arena) : NULL;
        if (last)
            op_next = last->next;
        else if (op->nresults && !qir_op_is_view(op))
            add_op(&l, op, at);
        at += last || !goes_on(op);
    }
    qir_map_free(&l.last);
    qir_map_free(&l.ranges);
    qir_map_free(&l.outs);
    qir_map_free(&l.at);
    return l.all;
}

bool qir_plan_check_rows(const qir_func *f, qir_level level, qir_arena *arena, qir_diag_engine *diag)
{
    qir_rows rows;
    qir_for_each_op(op, f->body) {
        unsigned n = qir_rows_marked(op);
        if (!n)
            continue;
        if (!qir_rows_get(level, op, arena, &rows))
            return qir_error(diag, op->loc, "plan.rows",
                             "the ops of the region of '%s' cannot work row by row: each but the first has to read the "
                             "one before it, at least two, and `row_block` is below the last one's rows",
                             qir_op_name(op));
        op_next = rows.step[n - 1].op->next;
    }
    return true;
}

size_t *qir_plan_live(const qir_ranges *ranges, qir_arena *arena)
{
    size_t *change = QIR_NEW_ARRAY(arena, size_t, (size_t)ranges->nops + 2); /* modulo 2^64 */
    size_t live = 0;
    for (size_t i = 0; i < ranges->len; i++) {
        const qir_range *r = &ranges->data[i];
        uint32_t from = r->first + (r->inplace >= 0); /* its first op counts the operand */
        if (r->out >= 0 || from > r->last)
            continue;
        change[from] += r->bytes;
        change[r->last + 1] -= r->bytes;
    }
    for (uint32_t t = 0; t < ranges->nops; t++)
        change[t] = live += change[t];
    return change;
}

size_t qir_plan_bound(const qir_ranges *ranges, qir_arena *arena)
{
    const size_t *live = qir_plan_live(ranges, arena);
    size_t bound = 0;
    for (uint32_t t = 0; t < ranges->nops; t++)
        bound = live[t] > bound ? live[t] : bound;
    return bound;
}
