/* Running ops: the table from ops.def, one op at a time, and whole functions with early freeing.
 *
 * A prepared evaluator numbers every value of the function once (a slot each) and remembers which
 * slots die after which op, so that a run holds live tensors only and calls in a loop take constant
 * memory. */
#include <stdlib.h>
#include "eval_priv.h"
#include "qir/support/map.h"

static const qir_eval_fn eval_fns[] = {
#define OP_END(op, nresults, traits, infer, qrule, eval, lower) qir_eval_##eval,
#include "ops.def"
};

/* Shapes must be known. */
static bool check_types(const qir_op *op, qir_diag_engine *diag)
{
    for (uint32_t i = 0; i < op->noperands + op->nresults; i++) {
        const qir_value *v =
            i < op->noperands ? op->operands[i].value : &op->results[i - op->noperands];
        if (v && !qir_type_is_static(v->type))
            return qir_error(diag, op->loc, "eval.dynamic",
                             "'%s' has a dimension that is not known; bind it at import "
                             "(-bind name=value)",
                             qir_op_name(op));
    }
    return true;
}

bool qir_eval_op(const qir_op *op, const qir_tensor *in, qir_tensor *out, qir_arena *arena,
                 qir_diag_engine *diag)
{
    if (!check_types(op, diag))
        return false;
    for (uint32_t i = 0; i < op->nresults; i++) {
        out[i].type = op->results[i].type;
        out[i].data = qir_arena_alloc(arena, qir_type_bytes(out[i].type));
    }
    qir_arena *scratch = qir_context_new_arena(qir_op_module(op)->ctx);
    qir_eval_args a = {.op = op, .in = in, .out = out, .scratch = scratch, .diag = diag};
    bool ok = eval_fns[op->opcode](&a);
    qir_arena_destroy(scratch);
    return ok;
}

/* --- whole functions -------------------------------------------------------------------------- */
enum { NO_SLOT = UINT32_MAX, NEVER = UINT32_MAX };

typedef struct slot {
    qir_tensor tensor;
    qir_const *constant; /* not NULL: bytes belong to the module */
    uint32_t last_use;   /* index of the op after which it dies; NEVER: function results */
    bool owned;          /* allocated here */
} slot;

typedef struct step {
    qir_op *op;
    uint32_t *in, *out; /* slots; NO_SLOT: absent operand */
} step;

struct qir_evaluator {
    qir_func *func;
    qir_eval_options opts;
    qir_arena *arena, *scratch;
    qir_diag_engine *diag;
    slot *slots;
    step *steps;
    qir_tensor *in, *out; /* of the largest op */
    uint32_t nslots, nsteps;
    bool ok;
};

static uint32_t slot_of(qir_evaluator *e, qir_map *map, qir_value *v)
{
    if (!v)
        return NO_SLOT;
    uintptr_t known = (uintptr_t)qir_map_get(map, v);
    if (known)
        return (uint32_t)(known - 1);
    slot *s = &e->slots[e->nslots++];
    s->tensor.type = v->type;
    s->constant = qir_value_const(v);
    qir_map_put(map, v, (void *)((uintptr_t)e->nslots)); /* index + 1 */
    return e->nslots - 1;
}

static void prepare_step(qir_evaluator *e, qir_map *map, qir_op *op)
{
    step *s = &e->steps[e->nsteps];
    *s = (step){op, QIR_NEW_ARRAY(e->arena, uint32_t, op->noperands),
                QIR_NEW_ARRAY(e->arena, uint32_t, op->nresults)};
    bool is_return = qir_op_has_trait(op, QIR_TRAIT_TERMINATOR);
    for (uint32_t i = 0; i < op->noperands; i++) {
        s->in[i] = slot_of(e, map, op->operands[i].value);
        if (s->in[i] != NO_SLOT)
            e->slots[s->in[i]].last_use = is_return ? NEVER : e->nsteps;
    }
    for (uint32_t i = 0; i < op->nresults; i++) {
        s->out[i] = slot_of(e, map, &op->results[i]);
        e->slots[s->out[i]].last_use = e->nsteps;
    }
    e->nsteps++;
}

static void prepare(qir_evaluator *e)
{
    size_t nops = 0, nvalues = e->func->body->nargs;
    uint32_t most_in = 1, most_out = 1;
    qir_for_each_op(op, e->func->body) {
        nops++;
        nvalues += op->noperands + op->nresults;
        most_in = op->noperands > most_in ? op->noperands : most_in;
        most_out = op->nresults > most_out ? op->nresults : most_out;
        e->ok = e->ok && check_types(op, e->diag);
    }
    e->slots = QIR_NEW_ARRAY(e->arena, slot, nvalues);
    e->steps = QIR_NEW_ARRAY(e->arena, step, nops);
    e->in = QIR_NEW_ARRAY(e->arena, qir_tensor, most_in);
    e->out = QIR_NEW_ARRAY(e->arena, qir_tensor, most_out);
    qir_map map = {0};
    for (uint32_t i = 0; i < e->func->body->nargs; i++)
        slot_of(e, &map, e->func->body->args[i]);
    qir_for_each_op(op, e->func->body) {
        prepare_step(e, &map, op);
    }
    qir_map_free(&map);
}

qir_evaluator *qir_evaluator_create(qir_func *f, const qir_eval_options *opts)
{
    qir_arena *arena = qir_context_new_arena(f->module->ctx);
    qir_evaluator *e = QIR_NEW(arena, qir_evaluator);
    e->arena = arena;
    e->scratch = qir_context_new_arena(f->module->ctx);
    e->func = f;
    e->diag = qir_context_diag(f->module->ctx);
    e->ok = true;
    if (opts)
        e->opts = *opts;
    prepare(e);
    return e;
}

static void release(slot *s)
{
    if (s->owned)
        free(s->tensor.data);
    s->owned = false;
    s->tensor.data = NULL;
}

static void release_all(qir_evaluator *e)
{
    for (uint32_t i = 0; i < e->nslots; i++)
        release(&e->slots[i]);
}

void qir_evaluator_destroy(qir_evaluator *e)
{
    if (!e)
        return;
    release_all(e);
    qir_arena_destroy(e->scratch);
    qir_arena_destroy(e->arena);
}

static bool allocate(qir_evaluator *e, const qir_op *op, slot *s)
{
    size_t bytes = qir_type_bytes(s->tensor.type);
    s->tensor.data = calloc(bytes ? bytes : 1, 1);
    s->owned = s->tensor.data != NULL;
    return s->owned ||
           qir_error(e->diag, op->loc, "eval.memory",
                     "no memory for the %zu bytes of a result of '%s'", bytes, qir_op_name(op));
}

/* Operands of a step into e->in. */
static bool load_operands(qir_evaluator *e, const step *s)
{
    for (uint32_t i = 0; i < s->op->noperands; i++) {
        if (s->in[i] == NO_SLOT) {
            e->in[i] = (qir_tensor){0};
            continue;
        }
        slot *src = &e->slots[s->in[i]];
        if (src->constant) {
            src->tensor.data = (void *)qir_const_data(src->constant);
            if (!src->tensor.data)
                return false;
        }
        e->in[i] = src->tensor;
    }
    return true;
}

static void free_dead(qir_evaluator *e, const step *s, uint32_t index)
{
    for (uint32_t i = 0; i < s->op->noperands; i++)
        if (s->in[i] != NO_SLOT && e->slots[s->in[i]].last_use == index)
            release(&e->slots[s->in[i]]);
    for (uint32_t i = 0; i < s->op->nresults; i++)
        if (e->slots[s->out[i]].last_use == index)
            release(&e->slots[s->out[i]]);
}

static bool run_step(qir_evaluator *e, uint32_t index)
{
    const step *s = &e->steps[index];
    if (!load_operands(e, s))
        return false;
    for (uint32_t i = 0; i < s->op->nresults; i++) {
        if (!allocate(e, s->op, &e->slots[s->out[i]]))
            return false;
        e->out[i] = e->slots[s->out[i]].tensor;
    }
    qir_eval_args a = {s->op, e->in, e->out, e->scratch, e->diag};
    qir_eval_fn other = e->opts.eval_of ? e->opts.eval_of(s->op) : NULL;
    bool ok = (other ? other : eval_fns[s->op->opcode])(&a);
    qir_arena_reset(e->scratch);
    if (ok && e->opts.on_op)
        e->opts.on_op(e->opts.user, s->op, e->in, e->out);
    free_dead(e, s, index);
    return ok;
}

static bool check_sizes(const qir_evaluator *e, const qir_tensor *in)
{
    for (uint32_t i = 0; i < e->func->body->nargs; i++) {
        int64_t limit = qir_func_size_limit(e->func, i), size = 1;
        if (limit)
            memcpy(&size, in[i].data, sizeof size);
        if (size < 1 || (limit && size > limit))
            return qir_error(qir_context_diag(e->func->module->ctx), e->func->loc, "eval.size",
                             "input '%s' is a size: expected 1 to %lld, got %lld",
                             e->func->arg_names[i] ? e->func->arg_names[i] : "", (long long)limit,
                             (long long)size);
    }
    return true;
}

bool qir_evaluator_run(qir_evaluator *e, const qir_tensor *in, qir_tensor *out)
{
    if (!e->ok || !check_sizes(e, in))
        return false;
    release_all(e);
    for (uint32_t i = 0; i < e->func->body->nargs; i++)
        e->slots[i].tensor.data = in[i].data;
    for (uint32_t i = 0; i < e->nsteps; i++)
        if (!run_step(e, i))
            return false;
    const step *last = &e->steps[e->nsteps - 1];
    for (uint32_t i = 0; i < e->func->nresults; i++)
        out[i] = e->slots[last->in[i]].tensor;
    return true;
}
