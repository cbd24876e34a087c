/* What it means that a pass keeps results: integers stay equal, reals near, and what turns reals into
 * integers loses no more than a wide margin. */
#include "bisect.h"

#include <math.h>
#include <string.h>
#include "pairs.h"
#include "qir/fidelity.h"
#include "qir/pass.h"
#include "qir/support/map.h"

enum { FLOAT_DB = 60, ROUNDED_DB = 20, QUANTIZED_DB = 8 };

/* Sums may be reordered in reals; values next to a rounding step may change sides; numbers of 8 bits keep
 * what 8 bits keep. */
double bisect_demand(qir_module *before, qir_module *after)
{
    unsigned from = qir_module_stage(before), to = qir_module_stage(after);
    if (from & ~(unsigned)(QIR_STAGE_OBSERVED | QIR_STAGE_QDQ))
        return BISECT_EQUAL;
    if (from & QIR_STAGE_QDQ)
        return ROUNDED_DB;
    return to & (QIR_STAGE_QDQ | QIR_STAGE_QUANTIZED) || from & QIR_STAGE_OBSERVED ? QUANTIZED_DB : FLOAT_DB;
}

/* --- tensors ------------------------------------------------------------------------------------ */
static bool is_same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Infinities and what is no number have to be the same; the others count. */
static bool measure(const double *want, const double *got, int64_t n, qir_fidelity *sum, bool *equal)
{
    for (int64_t i = 0; i < n; i++) {
        bool same = is_same_number(want[i], got[i]);
        *equal = *equal && same;
        if (isfinite(want[i]) && isfinite(got[i]))
            qir_fidelity_add(sum, &want[i], &got[i], 1);
        else if (!same)
            return false;
    }
    return true;
}

bool bisect_agree(double demand, const qir_tensor *want, const qir_tensor *got, size_t n, double *sqnr)
{
    qir_arena *arena = qir_arena_create(NULL, NULL);
    bool agree = true;
    for (size_t k = 0; agree && k < n; k++) {
        qir_fidelity sum = {0};
        bool equal = true, finite = qir_type_elements(want[k].type) == qir_type_elements(got[k].type) &&
                                    measure(qir_tensor_reals(&want[k], arena), qir_tensor_reals(&got[k], arena),
                                            qir_type_elements(want[k].type), &sum, &equal);
        *sqnr = finite ? qir_fidelity_sqnr(&sum) : -INFINITY;
        agree = equal || (demand < BISECT_EQUAL && *sqnr >= demand);
        qir_arena_reset(arena);
    }
    qir_arena_destroy(arena);
    return agree;
}

/* --- modules ------------------------------------------------------------------------------------ */
typedef struct evaluation {
    qir_evaluator *e;
    qir_tensor *args, *results;
} evaluation;

static bool evaluate(evaluation *x, qir_func *f, const qir_eval_options *opts, const verify_values *in,
                     size_t k, qir_arena *arena)
{
    x->args = QIR_NEW_ARRAY(arena, qir_tensor, f->body->nargs + 1);
    x->results = QIR_NEW_ARRAY(arena, qir_tensor, f->nresults + 1);
    verify_unpack(f, in, k, arena, x->args);
    x->e = qir_evaluator_create(f, opts);
    return qir_evaluator_run(x->e, x->args, x->results);
}

bool bisect_same(qir_module *before, qir_module *after, const verify_values *in, size_t k, double demand,
                 double *sqnr)
{
    qir_arena *arena = qir_context_new_arena(before->ctx);
    qir_func *f = qir_module_main(before), *g = qir_module_main(after);
    evaluation a = {0}, b = {0};
    bool ran = evaluate(&a, f, NULL, in, k, arena) && evaluate(&b, g, NULL, in, k, arena);
    bool same = !ran || (f->nresults == g->nresults &&
                         bisect_agree(demand, a.results, b.results, f->nresults, sqnr));
    qir_evaluator_destroy(a.e);
    qir_evaluator_destroy(b.e);
    qir_arena_destroy(arena);
    return same;
}

/* --- the op ------------------------------------------------------------------------------------- */
typedef struct search {
    qir_map pair_of; /* op of either module -> its pair */
    qir_arena *arena;
    double demand;
    const qir_op *found;
} search;

static void keep(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    (void)in;
    search *s = user;
    pair *p = qir_map_get(&s->pair_of, op);
    if (p && p->reference == op)
        p->value = pair_values(op, &out[0], s->arena);
}

static void compare(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    (void)in;
    search *s = user;
    const pair *p = qir_map_get(&s->pair_of, op);
    if (!p || s->found || p->measured != op || !p->value)
        return;
    qir_fidelity sum = {0};
    bool equal = true;
    bool finite = measure(p->value, pair_values(op, &out[0], s->arena), qir_type_elements(out[0].type), &sum,
                          &equal);
    if (!equal && (!finite || s->demand == BISECT_EQUAL || qir_fidelity_sqnr(&sum) < s->demand))
        s->found = op;
}

const qir_op *bisect_op(qir_module *before, qir_module *after, const verify_values *in, size_t k,
                        double demand)
{
    search s = {.arena = qir_context_new_arena(before->ctx), .demand = demand};
    qir_func *f = qir_module_main(before), *g = qir_module_main(after);
    evaluation a = {0}, b = {0};
    pair *pairs;
    size_t n = pairs_find(g, f, s.arena, &pairs);
    for (size_t i = 0; i < n; i++) {
        qir_map_put(&s.pair_of, pairs[i].reference, &pairs[i]);
        qir_map_put(&s.pair_of, pairs[i].measured, &pairs[i]);
    }
    if (evaluate(&a, f, &(qir_eval_options){.on_op = keep, .user = &s}, in, k, s.arena))
        evaluate(&b, g, &(qir_eval_options){.on_op = compare, .user = &s}, in, k, s.arena);
    qir_evaluator_destroy(a.e);
    qir_evaluator_destroy(b.e);
    qir_map_free(&s.pair_of);
    qir_arena_destroy(s.arena);
    return s.found;
}
