/* Each value has pages with its tensors of all samples, which go when its last user is done. */
#include "breadth.h"

#include <string.h>
#include "pages.h"
#include "qir/support/map.h"

typedef struct live {
    qir_pages pages;
    qir_tensor *tensors; /* one per sample */
    const qir_op *last_user;
} live;

struct qir_breadth {
    qir_func *func;
    qir_op *next;
    int64_t n, room; /* samples; bytes that may still be held in memory */
    qir_map values;  /* value -> live * */
    qir_arena *arena;
    qir_diag_engine *diag;
};

typedef struct qir_breadth breadth;

enum { ALIGN = 64 };

/* NULL: diagnosed. */
static live *add_value(breadth *b, const qir_value *v)
{
    live *l = QIR_NEW(b->arena, live);
    size_t stride = (qir_type_bytes(v->type) + ALIGN - 1) / ALIGN * ALIGN;
    size_t bytes = stride * (size_t)b->n;
    bool in_file = (int64_t)bytes > b->room;
    if (!qir_pages_map(&l->pages, bytes, in_file, b->diag))
        return NULL;
    b->room -= in_file ? 0 : (int64_t)bytes;
    l->tensors = QIR_NEW_ARRAY(b->arena, qir_tensor, (size_t)b->n);
    for (int64_t s = 0; s < b->n; s++)
        l->tensors[s] = (qir_tensor){v->type, l->pages.data + (size_t)s * stride};
    qir_for_each_use(u, v)
        if (!l->last_user || qir_op_before((qir_op *)(uintptr_t)l->last_user, u->user))
            l->last_user = u->user;
    qir_map_put(&b->values, v, l);
    return l;
}

static void put(const live *l, int64_t s, const void *data)
{
    memcpy(l->tensors[s].data, data, qir_type_bytes(l->tensors[s].type));
    qir_pages_rest(&l->pages);
}

static void release(breadth *b, live *l)
{
    b->room += l->pages.in_file ? 0 : (int64_t)l->pages.bytes;
    qir_pages_unmap(&l->pages);
}

static bool read_arguments(breadth *b, qir_samples *samples)
{
    const qir_block *body = b->func->body;
    qir_tensor *in = QIR_NEW_ARRAY(b->arena, qir_tensor, body->nargs);
    for (uint32_t i = 0; i < body->nargs; i++)
        if (!add_value(b, body->args[i]))
            return false;
    for (int64_t s = 0; s < b->n; s++) {
        if (!qir_samples_read(samples, s, in))
            return false;
        for (uint32_t i = 0; i < body->nargs; i++)
            put(qir_map_get(&b->values, body->args[i]), s, in[i].data);
    }
    return true;
}

/* A constant is the same tensor in every sample. */
static bool constant(const breadth *b, qir_const *c, qir_arena *scratch, qir_tensor **out)
{
    qir_tensor *t = QIR_NEW_ARRAY(scratch, qir_tensor, (size_t)b->n);
    const void *data = qir_const_data(c);
    for (int64_t s = 0; s < b->n; s++)
        t[s] = (qir_tensor){c->value.type, (void *)(uintptr_t)data};
    *out = t;
    return data != NULL;
}

static bool operands(const breadth *b, const qir_op *op, qir_arena *scratch, qir_tensor **in)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        qir_const *c = v ? qir_value_const(v) : NULL;
        if (c && !constant(b, c, scratch, &in[i]))
            return false;
        if (!c)
            in[i] = v ? ((live *)qir_map_get(&b->values, v))->tensors : NULL;
    }
    return true;
}

/* What was read of values in files need not stay in memory. */
static void rest_operands(const breadth *b, const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        const live *l = v ? qir_map_get(&b->values, v) : NULL;
        if (l)
            qir_pages_rest(&l->pages);
    }
}

static bool evaluate_sample(breadth *b, qir_op *op, qir_tensor **in, int64_t s, qir_arena *scratch)
{
    qir_tensor *args = QIR_NEW_ARRAY(scratch, qir_tensor, op->noperands + 1u);
    qir_tensor *out = QIR_NEW_ARRAY(scratch, qir_tensor, op->nresults + 1u);
    for (uint32_t i = 0; i < op->noperands; i++)
        args[i] = in[i] ? in[i][s] : (qir_tensor){0};
    if (!qir_eval_op(op, args, out, scratch, b->diag))
        return false;
    for (uint32_t k = 0; k < op->nresults; k++)
        put(qir_map_get(&b->values, &op->results[k]), s, out[k].data);
    rest_operands(b, op);
    return true;
}

static bool evaluate(breadth *b, qir_op *op, qir_tensor **in)
{
    bool ok = true;
    for (uint32_t k = 0; k < op->nresults && ok; k++)
        ok = add_value(b, &op->results[k]);
    for (int64_t s = 0; s < b->n && ok && op->nresults; s++) {
        qir_arena *scratch = qir_context_new_arena(b->func->module->ctx);
        ok = evaluate_sample(b, op, in, s, scratch);
        qir_arena_destroy(scratch);
    }
    return ok;
}

static void release_dead(breadth *b, const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        live *l = v ? qir_map_get(&b->values, v) : NULL;
        if (l && l->last_user == op)
            release(b, l);
    }
    for (uint32_t k = 0; k < op->nresults; k++)
        if (!op->results[k].uses)
            release(b, qir_map_get(&b->values, &op->results[k]));
}

static bool visit(breadth *b, qir_op *op, qir_tensor **in, const qir_breadth_visitor *v)
{
    bool ok = !v || v->before(v->user, op, in, b->n);
    rest_operands(b, op);
    return ok;
}

static int64_t work_until(const qir_func *f, const qir_op *end)
{
    int64_t n = 0;
    qir_for_each_op(op, f->body) {
        if (op == end)
            break;
        n += qir_op_work(op);
    }
    return n;
}

static bool step(breadth *b, qir_op *op, const qir_breadth_visitor *v)
{
    qir_arena *scratch = qir_context_new_arena(b->func->module->ctx);
    qir_tensor **in = QIR_NEW_ARRAY(scratch, qir_tensor *, op->noperands + 1u);
    bool ok = operands(b, op, scratch, in) && visit(b, op, in, v) && operands(b, op, scratch, in) &&
              evaluate(b, op, in);
    if (ok)
        release_dead(b, op);
    qir_arena_destroy(scratch);
    return ok;
}

qir_breadth *qir_breadth_open(qir_func *f, qir_samples *samples, int64_t n, int64_t memory)
{
    qir_arena *arena = qir_context_new_arena(f->module->ctx);
    breadth *b = QIR_NEW(arena, breadth);
    *b = (breadth){.func = f,
                   .next = f->body->first,
                   .n = n,
                   .room = memory ? memory : QIR_BREADTH_MEMORY,
                   .arena = arena,
                   .diag = qir_context_diag(f->module->ctx)};
    if (read_arguments(b, samples))
        return b;
    qir_breadth_close(b);
    return NULL;
}

void qir_breadth_close(qir_breadth *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->values.len; i++)
        release(b, b->values.entries[i].value);
    qir_map_free(&b->values);
    qir_arena_destroy(b->arena);
}

/* To `end`, or of all ops (NULL). */
static bool run_until(breadth *b, const qir_op *end, const qir_breadth_visitor *v)
{
    bool ok = true;
    for (; ok && b->next && b->next != end; b->next = b->next->next) {
        ok = step(b, b->next, v);
        if (v && v->pass)
            qir_pass_progress(v->pass, work_until(b->func, b->next), work_until(b->func, NULL));
    }
    return ok;
}

bool qir_breadth_advance(qir_breadth *b, const qir_op *op)
{
    return run_until(b, op, NULL);
}

const qir_tensor *qir_breadth_operand(const qir_breadth *b, const qir_op *op, uint32_t i)
{
    return ((live *)qir_map_get(&b->values, qir_op_operand(op, i)))->tensors;
}

bool qir_breadth_run(qir_func *f, qir_samples *samples, int64_t n, const qir_breadth_visitor *v)
{
    breadth *b = qir_breadth_open(f, samples, n, v->memory);
    bool ok = b && run_until(b, NULL, v);
    qir_breadth_close(b);
    return ok;
}
