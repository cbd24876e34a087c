/* Each value owns an arena with its tensors of all samples, which goes when its last user is done. */
#include "breadth.h"

#include "qir/support/map.h"

typedef struct live {
    qir_arena *arena;
    qir_tensor *tensors; /* one per sample */
    const qir_op *last_user;
} live;

typedef struct breadth {
    qir_func *func;
    int64_t n;
    qir_map values; /* value -> live * */
    qir_arena *arena;
    qir_diag_engine *diag;
} breadth;

static live *add_value(breadth *b, const qir_value *v)
{
    live *l = QIR_NEW(b->arena, live);
    l->arena = qir_context_new_arena(b->func->module->ctx);
    l->tensors = QIR_NEW_ARRAY(l->arena, qir_tensor, (size_t)b->n);
    qir_for_each_use(u, v)
        if (!l->last_user || qir_op_before((qir_op *)(uintptr_t)l->last_user, u->user))
            l->last_user = u->user;
    qir_map_put(&b->values, v, l);
    return l;
}

static void release(live *l)
{
    qir_arena_destroy(l->arena);
    l->arena = NULL;
}

static bool read_arguments(breadth *b, qir_samples *samples)
{
    uint32_t nargs = b->func->body->nargs;
    qir_tensor *in = QIR_NEW_ARRAY(b->arena, qir_tensor, nargs);
    for (uint32_t i = 0; i < nargs; i++)
        add_value(b, b->func->body->args[i]);
    for (int64_t s = 0; s < b->n; s++) {
        if (!qir_samples_read(samples, s, in))
            return false;
        for (uint32_t i = 0; i < nargs; i++) {
            live *l = qir_map_get(&b->values, b->func->body->args[i]);
            l->tensors[s] = in[i];
            l->tensors[s].data = qir_arena_copy(l->arena, in[i].data, qir_type_bytes(in[i].type));
        }
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

static bool evaluate(breadth *b, qir_op *op, qir_tensor **in, qir_arena *scratch)
{
    qir_tensor *args = QIR_NEW_ARRAY(scratch, qir_tensor, op->noperands + 1u);
    qir_tensor *out = QIR_NEW_ARRAY(scratch, qir_tensor, op->nresults + 1u);
    live *results[4] = {0};
    for (uint32_t k = 0; k < op->nresults; k++)
        results[k] = add_value(b, &op->results[k]);
    for (int64_t s = 0; s < b->n; s++) {
        for (uint32_t i = 0; i < op->noperands; i++)
            args[i] = in[i] ? in[i][s] : (qir_tensor){0};
        if (!qir_eval_op(op, args, out, results[0]->arena, b->diag))
            return false;
        for (uint32_t k = 0; k < op->nresults; k++)
            results[k]->tensors[s] = out[k];
    }
    return true;
}

/* Results of one op lie in the first one's arena, which stays until all of them are done. */
static void release_dead(breadth *b, const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        live *l = v ? qir_map_get(&b->values, v) : NULL;
        qir_op *def = l ? qir_value_op(v) : NULL;
        if (l && l->arena && l->last_user == op && (!def || def->nresults == 1))
            release(l);
    }
    for (uint32_t k = 0; k < op->nresults && op->nresults == 1; k++)
        if (!op->results[k].uses)
            release(qir_map_get(&b->values, &op->results[k]));
}

static bool step(breadth *b, qir_op *op, const qir_breadth_visitor *v)
{
    qir_arena *scratch = qir_context_new_arena(b->func->module->ctx);
    qir_tensor **in = QIR_NEW_ARRAY(scratch, qir_tensor *, op->noperands + 1u);
    bool ok = operands(b, op, scratch, in) && v->before(v->user, op, in, b->n) &&
              operands(b, op, scratch, in) && (!op->nresults || evaluate(b, op, in, scratch));
    if (ok)
        release_dead(b, op);
    qir_arena_destroy(scratch);
    return ok;
}

bool qir_breadth_run(qir_func *f, qir_samples *samples, int64_t n, const qir_breadth_visitor *v)
{
    breadth b = {.func = f,
                 .n = n,
                 .arena = qir_context_new_arena(f->module->ctx),
                 .diag = qir_context_diag(f->module->ctx)};
    bool ok = read_arguments(&b, samples);
    qir_for_each_op(op, f->body)
        ok = ok && step(&b, op, v);
    for (size_t i = 0; i < b.values.len; i++) {
        live *l = b.values.entries[i].value;
        if (l->arena)
            release(l);
    }
    qir_map_free(&b.values);
    qir_arena_destroy(b.arena);
    return ok;
}

enum { LIVE_BYTES = 256 << 20, ENOUGH = 32 };

int64_t qir_breadth_fit(const qir_func *f)
{
    size_t bytes = 1, largest = 0;
    for (uint32_t i = 0; i < f->body->nargs; i++)
        bytes += qir_type_bytes(f->body->args[i]->type);
    qir_for_each_op(op, f->body)
        for (uint16_t k = 0; k < op->nresults; k++) {
            size_t n = qir_type_bytes(op->results[k].type);
            largest = n > largest ? n : largest;
        }
    int64_t fit = LIVE_BYTES / (int64_t)(bytes + largest);
    return fit > ENOUGH ? fit : ENOUGH;
}
