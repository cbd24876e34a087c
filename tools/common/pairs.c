/* Which op of a measured module computes what an op of its reference computes.  Names of nodes in the
 * model survive every pass in the ops' locations; the name of the result serves where there are none. */
#include "pairs.h"

#include "qir/quant.h"
#include "qir/support/map.h"

typedef struct names {
    qir_map by_loc, by_value; /* interned name -> the last op of the reference that has it */
} names;

/* --- names ------------------------------------------------------------------------------------- */
static void each_name(const qir_loc *loc, void (*visit)(void *user, const char *name), void *user)
{
    if (loc && loc->kind == QIR_LOC_NAME)
        visit(user, loc->text);
    for (uint32_t i = 0; loc && loc->kind == QIR_LOC_FUSED && i < loc->nparts; i++)
        each_name(loc->parts[i], visit, user);
}

static bool is_comparable(const qir_op *op)
{
    qir_op_arith arith = qir_op_arithmetic(op);
    const qir_type *t = op->nresults ? op->results[0].type : NULL;
    return (arith == QIR_ARITH_INTEGER || arith == QIR_ARITH_FLOAT) && t->kind == QIR_TENSOR &&
           (qir_type_is_float(t) || (t->quant && !t->quant->dynamic));
}

typedef struct recorder {
    names *names;
    const qir_op *op;
} recorder;

static void record(void *user, const char *name)
{
    recorder *r = user;
    qir_map_put(&r->names->by_loc, name, (void *)(uintptr_t)r->op);
}

static names collect(const qir_func *f)
{
    names n = {0};
    qir_for_each_op(op, f->body) {
        if (!is_comparable(op))
            continue;
        recorder r = {&n, op};
        each_name(op->loc, record, &r);
        if (op->results[0].name)
            qir_map_put(&n.by_value, op->results[0].name, op);
    }
    return n;
}

/* --- matching ---------------------------------------------------------------------------------- */
typedef struct search {
    const names *names;
    const qir_op *op;
    qir_op *best;
} search;

static void consider(search *s, qir_op *candidate)
{
    if (candidate && qir_type_same_shape(s->op->results[0].type, candidate->results[0].type) &&
        (!s->best || qir_op_before(s->best, candidate)))
        s->best = candidate;
}

static void look_up(void *user, const char *name)
{
    search *s = user;
    consider(s, qir_map_get(&s->names->by_loc, name));
}

/* Of all that a fused op stands for, the last op of the reference. */
static const qir_op *counterpart(const names *n, const qir_op *op)
{
    search s = {n, op, NULL};
    each_name(op->loc, look_up, &s);
    if (!s.best && op->results[0].name)
        consider(&s, qir_map_get(&n->by_value, op->results[0].name));
    return s.best;
}

size_t pairs_find(const qir_func *measured, const qir_func *reference, qir_arena *arena, pair **out)
{
    names n = collect(reference);
    qir_map known = {0}; /* op of the reference -> its pair */
    size_t count = 0;
    qir_for_each_op(op, measured->body)
        count++;
    pair *pairs = QIR_NEW_ARRAY(arena, pair, count);
    count = 0;
    qir_for_each_op(op, measured->body) {
        const qir_op *r = is_comparable(op) ? counterpart(&n, op) : NULL;
        pair *p = r ? qir_map_get(&known, r) : NULL;
        if (!r)
            continue;
        if (!p)
            qir_map_put(&known, r, p = &pairs[count++]);
        *p = (pair){.measured = op, .reference = r}; /* the last one computes the result */
    }
    qir_map_free(&known);
    qir_map_free(&n.by_loc);
    qir_map_free(&n.by_value);
    *out = pairs;
    return count;
}

const char *pair_name(qir_context *ctx, const pair *p)
{
    const qir_op *op = p->measured;
    bool named = op->loc && op->loc->kind != QIR_LOC_FILE;
    return named || !op->results[0].name ? qir_loc_text(ctx, op->loc) : op->results[0].name;
}

/* equalize-channels divides a result's channels by factors and notes them on the op. */
const double *pair_values(const qir_op *op, const qir_tensor *t, qir_arena *arena)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const qir_attr *f = qir_dict_get(op->attrs, qir_intern_cstr(ctx, "equalize.factors"));
    const qir_attr *axis = qir_dict_get(op->attrs, qir_intern_cstr(ctx, "equalize.axis"));
    int64_t n = qir_type_elements(t->type), inner = 1;
    double *x = qir_arena_copy(arena, qir_tensor_reals(t, arena), (size_t)n * sizeof *x);
    if (!f || !axis || axis->u.i < 0 || axis->u.i >= t->type->rank ||
        (int64_t)f->len != t->type->dims[axis->u.i])
        return x;
    for (unsigned i = (unsigned)axis->u.i + 1; i < t->type->rank; i++)
        inner *= t->type->dims[i];
    for (int64_t i = 0; i < n; i++)
        x[i] *= (double)f->u.floats[i / inner % (int64_t)f->len];
    return x;
}
