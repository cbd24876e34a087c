/* -tasks: a pool whose tasks run one after another, so that an order can be chosen: a task that
 * needs what another one does gives other bytes in one of them. */
#ifdef QCC_WITH_LLVM
#include "tasks.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

typedef struct order {
    const char *name;
    unsigned (*at)(unsigned i, unsigned n); /* which task comes i-th */
} order;

static unsigned forward(unsigned i, unsigned n)
{
    (void)n;
    return i;
}

static unsigned reverse(unsigned i, unsigned n)
{
    return n - 1 - i;
}

/* Steps of a number that shares no factor with n. */
static unsigned mixed(unsigned i, unsigned n)
{
    static const unsigned primes[] = {37, 41};
    return (i * primes[n % primes[0] == 0] + n / 2) % n;
}

static const order orders[] = {
    {"one after another", forward}, {"in reverse", reverse}, {"in mixed order", mixed}};

static void run_in_order(void *user, void (*task)(void *arg, unsigned index), void *arg,
                         unsigned count)
{
    const order *o = user;
    for (unsigned i = 0; i < count; i++)
        task(arg, o->at(i, count));
}

static bool check(run *r, qir_jit *jit, const void *const *in, void *const *out, void **again,
                  const qir_pool *pool)
{
    enum { RUBBISH = 0x5a };
    const qir_func *f = r->func;
    bool same = true;
    for (uint32_t i = 0; i < f->nresults; i++)
        memset(again[i], RUBBISH, qir_type_bytes(f->result_types[i]));
    int code = qir_jit_run_mt(jit, in, again, pool);
    for (uint32_t i = 0; i < f->nresults; i++)
        same = same && !memcmp(again[i], out[i], qir_type_bytes(f->result_types[i]));
    const char *how = ((const order *)pool->user)->name;
    if (code)
        return qir_error(r->diag, NULL, "internal.jit", "%u tasks %s: the code returned %d",
                         pool->threads, how, code);
    return same || qir_error(r->diag, NULL, "internal.tasks",
                             "%u tasks %s give other bytes than one", pool->threads, how);
}

/* The next number of the option; `rest` moves behind it. */
static unsigned next_count(run *r, const char **rest)
{
    char *end;
    unsigned long n = strtoul(*rest, &end, 10);
    if (end == *rest || (*end && *end != ',') || n < 1 || n > MOST)
        cl_usage_error(r->tool, "-tasks expects numbers from 1 to %d, got '%.80s'", MOST,
                       r->opts->tasks);
    *rest = *end ? end + 1 : end;
    return (unsigned)n;
}

bool tasks_check(run *r, qir_jit *jit, const void *const *in, void *const *out)
{
    const qir_func *f = r->func;
    qir_arena *arena = qir_context_arena(r->ctx);
    void **again = QIR_NEW_ARRAY(arena, void *, f->nresults + 1);
    bool ok = true;
    for (uint32_t i = 0; i < f->nresults; i++)
        again[i] = qir_arena_alloc(arena, qir_type_bytes(f->result_types[i]) + 1);
    for (const char *rest = r->opts->tasks; ok && rest && *rest;) {
        unsigned n = next_count(r, &rest);
        for (size_t k = 0; k < sizeof orders / sizeof *orders; k++) {
            qir_pool pool = {(void *)(uintptr_t)&orders[k], n, run_in_order};
            ok = check(r, jit, in, out, again, &pool) && ok;
        }
    }
    return ok;
}
#endif
