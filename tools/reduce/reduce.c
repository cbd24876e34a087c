/* What runs the strategies, over and over until none finds anything.  For each the places are taken
 * together, then by halves, quarters, ..., single ones, and what stayed interesting stays simplified. */
#include "reduce.h"

#include <string.h>
#include "ask.h"
#include "qir/support/vec.h"

static const struct strategy {
    const char *name;
    reduce_run run;
} strategies[] = {
#define STRATEGY(ident, text) {#ident, reduce_##ident},
#include "strategies.def"
#undef STRATEGY
};
enum { NSTRATEGIES = sizeof strategies / sizeof *strategies, MOST_JOBS = 64 };

typedef QIR_VEC(qir_module *) module_list;

typedef struct reducer {
    const reduce_options *opts;
    const struct strategy *strategy;
    qir_module *module;
    module_list old; /* constants of later ones may lie in earlier ones */
    qir_arena *arena; /* choices of the strategy at work */
    size_t tests;
} reducer;

size_t reduce_count_ops(qir_module *m)
{
    size_t n = 0;
    qir_func *f = qir_module_main(m);
    if (f)
        qir_for_each_op(op, f->body)
            n += op->next != NULL;
    return n;
}

bool reduce_take(reduction *r)
{
    size_t place = r->places++;
    return r->chosen && r->chosen[place];
}

static size_t count_places(const reducer *d)
{
    reduction r = {0};
    qir_module *copy = qir_module_clone(d->module);
    d->strategy->run(&r, copy, qir_module_main(copy));
    qir_module_destroy(copy);
    return r.places;
}

static bool is_over(const reducer *d)
{
    const reduce_options *o = d->opts;
    return (o->stop && *o->stop) || (o->max_tests && d->tests >= o->max_tests);
}

static void report(const reducer *d)
{
    if (d->opts->progress)
        d->opts->progress(d->opts->progress_user, d->strategy->name, reduce_count_ops(d->module),
                          d->tests);
}

/* --- one strategy --------------------------------------------------------------------------------- */
typedef struct chunks {
    bool *taken; /* what is simplified already */
    size_t n, size, at;
} chunks;

/* Up to `jobs` choices: what is taken and one more chunk each; ends[i]: where the chunk ends. */
static size_t next_choices(reducer *d, const chunks *c, bool **choices, size_t *ends)
{
    size_t k = 0, jobs = d->opts->jobs < MOST_JOBS ? d->opts->jobs : MOST_JOBS;
    for (size_t at = c->at; at < c->n && k < jobs; at += c->size) {
        size_t end = at + c->size < c->n ? at + c->size : c->n;
        if (!memchr(c->taken + at, false, end - at))
            continue;
        choices[k] = qir_arena_copy(d->arena, c->taken, c->n);
        memset(choices[k] + at, true, end - at);
        ends[k++] = end;
    }
    return k;
}

/* All chunks of one size.  Returns whether any was taken. */
static bool try_chunks(reducer *d, chunks *c)
{
    bool *choices[MOST_JOBS], any = false;
    size_t ends[MOST_JOBS], n;
    for (c->at = 0; !is_over(d) && (n = next_choices(d, c, choices, ends)) > 0;) {
        size_t first = ask_first(d->module, d->strategy->run, (const bool *const *)choices, n, d->opts);
        d->tests += n;
        if (first < n)
            memcpy(c->taken, choices[first], c->n);
        any = any || first < n;
        c->at = ends[first < n ? first : n - 1];
        qir_arena_reset(d->arena);
        report(d);
    }
    return any;
}

static bool run_strategy(reducer *d)
{
    chunks c = {.n = count_places(d)};
    bool any = false;
    c.taken = QIR_NEW_ARRAY(d->module->arena, bool, c.n);
    for (c.size = c.n; c.size; c.size = c.size > 1 ? (c.size + 1) / 2 : 0)
        any = try_chunks(d, &c) || any;
    qir_module *smaller = any ? ask_build(d->module, d->strategy->run, c.taken) : NULL;
    if (!smaller)
        return false;
    qir_vec_push(&d->old, d->module);
    d->module = smaller;
    return true;
}

/* --- all of them ---------------------------------------------------------------------------------- */
static void run_all(reducer *d)
{
    size_t idle = 0; /* strategies in a row that found nothing */
    for (size_t i = 0; idle < NSTRATEGIES && !is_over(d); i = (i + 1) % NSTRATEGIES) {
        d->strategy = &strategies[i];
        idle = run_strategy(d) ? 0 : idle + 1;
    }
}

/* Weights of side files become part of the module: the result must stand alone. */
static bool inline_params(qir_module *m)
{
    qir_for_each_const(c, m) {
        if (c->payload != QIR_PAYLOAD_PARAM)
            continue;
        const void *data = qir_const_data(c);
        if (!data)
            return false;
        qir_const *own = qir_const_create(m, c->value.name, c->value.type, data, true, c->loc);
        qir_value_replace_all(&c->value, &own->value);
    }
    return true;
}

/* A copy whose constants lie in itself. */
static qir_module *independent(qir_module *m)
{
    qir_module *copy = qir_module_clone(m);
    qir_for_each_const(c, copy)
        if (c->payload == QIR_PAYLOAD_DATA)
            c->data = qir_arena_copy(copy->arena, c->data, qir_type_bytes(c->value.type));
    return copy;
}

bool reduce_module(qir_module *m, const reduce_options *opts, reduce_result *out)
{
    reducer d = {.opts = opts, .module = qir_module_clone(m), .tests = 1};
    d.arena = qir_context_new_arena(m->ctx);
    const bool *nothing = NULL;
    bool ok = qir_module_main(d.module) && inline_params(d.module) &&
              ask_first(d.module, NULL, &nothing, 1, opts) == 0;
    if (ok)
        run_all(&d);
    *out = (reduce_result){ok ? independent(d.module) : NULL, d.tests};
    qir_module_destroy(d.module);
    for (size_t i = d.old.len; i-- > 0;)
        qir_module_destroy(d.old.data[i]);
    qir_vec_free(&d.old);
    qir_arena_destroy(d.arena);
    return ok;
}
