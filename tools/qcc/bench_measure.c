/* Timing a variant: the bytes of the object, linked into this process by the JIT.  Two runs: plain calls, with a
 * burst of the level's dot product before and after, then, for layers, calls that take the time after every op. */
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include "../../bench/burst.h"
#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/rows.h"
#include "values.h"

enum { MIN_CALLS = 5, MOST_CALLS = 1 << 16, ALIGN = 64, SEED = 1 };
static const double duration = 0.5; /* seconds */

typedef struct stamps {
    double *at; /* of one call: when it began, and when each op had ended */
    size_t n;
} stamps;

/* A linked variant and its buffers. */
typedef struct runner {
    qir_jit *jit;
    const void **inputs;
    void **outputs;
} runner;

static void take_stamp(void *user)
{
    stamps *s = user;
    s->at[s->n++] = seconds();
}

/* ---- the machine -------------------------------------------------------------------------------- */
static double burst_of(qir_level level)
{
    for (const burst *b = bursts; b->name; b++)
        if (!strcmp(b->name, qir_level_get(level)->name) && b->usable())
            return b->run();
    return 0.0;
}

/* Cycles per second / 10^9: additions that wait for each other take a cycle each. */
static double gigahertz(void)
{
    enum { ROUNDS = 100000, EACH = 16 };
    double best = 1.0;
    for (int i = 0; i < 4; i++) {
        uint64_t x = 1, y = 3;
        double start = seconds();
        for (int r = 0; r < ROUNDS; r++)
            for (int k = 0; k < EACH; k++) {
                x += y;
                __asm__ volatile("" : "+r"(x), "+r"(y));
            }
        double took = seconds() - start;
        best = i == 0 || took < best ? took : best;
    }
    return 1e-9 * ROUNDS * EACH / best;
}

/* ---- calls ---------------------------------------------------------------------------------------- */
static void *buffer(const qir_type *t)
{
    size_t bytes = (qir_type_bytes(t) + ALIGN) / ALIGN * ALIGN;
    void *p = aligned_alloc(ALIGN, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

static bool open_runner(qcc_driver *d, const qir_variant *v, stamps *s, runner *r)
{
    const qir_func *f = qir_module_main(v->module);
    qir_arena *arena = qir_context_arena(d->ctx);
    uint32_t nin = f->body->nargs, nout = f->nresults;
    qir_codegen_options opts = d->codegen;
    opts.tick = s ? take_stamp : NULL;
    opts.tick_user = s;
    *r = (runner){qir_jit_create(&opts, v), QIR_NEW_ARRAY(arena, const void *, nin + 1),
                  QIR_NEW_ARRAY(arena, void *, nout + 1)};
    qir_tensor *in = QIR_NEW_ARRAY(arena, qir_tensor, nin + 1);
    tool_random_inputs(f, arena, SEED, in);
    for (uint32_t i = 0; i < nin; i++) {
        void *copy = buffer(in[i].type);
        r->inputs[i] = copy ? memcpy(copy, in[i].data, qir_type_bytes(in[i].type)) : NULL;
    }
    for (uint32_t k = 0; k < nout; k++)
        r->outputs[k] = buffer(f->result_types[k]);
    return r->jit;
}

static void close_runner(const qir_variant *v, runner *r)
{
    const qir_func *f = qir_module_main(v->module);
    for (uint32_t i = 0; i < f->body->nargs; i++)
        free((void *)r->inputs[i]);
    for (uint32_t k = 0; k < f->nresults; k++)
        free(r->outputs[k]);
    qir_jit_destroy(r->jit);
}

/* One call; false: the model refuses it, diagnosed. */
static bool call(qcc_driver *d, const runner *r)
{
    int code = qir_jit_run(r->jit, r->inputs, r->outputs);
    return code >= 0 || qir_error(d->diag, NULL, "bench.run", "the compiled model returned %d", code);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool time_calls(qcc_driver *d, const runner *r, bench_result *out)
{
    double *times = malloc(MOST_CALLS * sizeof *times);
    size_t n = 0;
    bool ok = times && call(d, r);
    double start = seconds(), end = start + duration;
    while (ok && n < MOST_CALLS && (n < MIN_CALLS || start < end)) {
        ok = call(d, r);
        double stop = seconds();
        times[n++] = 1e6 * (stop - start);
        start = stop;
    }
    if (ok) {
        qsort(times, n, sizeof *times, by_value);
        out->min_us = times[0];
        out->median_us = times[n / 2];
    }
    free(times);
    return ok;
}

static bool measure_whole(qcc_driver *d, const qir_variant *v, bench_result *out)
{
    runner r;
    double before = burst_of(v->level);
    bool ok = open_runner(d, v, NULL, &r) && time_calls(d, &r, out);
    double after = burst_of(v->level);
    out->burst = before > after ? before : after;
    close_runner(v, &r);
    return ok;
}

/* ---- layers --------------------------------------------------------------------------------------- */
static bool is_called(const qir_op *op)
{
    return !qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) && !qir_op_is_view(op);
}

static void add_op(const qir_variant *v, const qir_op *op, double gigahertz, bench_layer *l)
{
    double spent[QIR_NUM_RATES];
    l->op = op;
    l->products += qir_op_products(op);
    l->predicted_us += 1e-3 * qir_op_cycles(v->level, op) / gigahertz;
    qir_op_count(v->level, op, spent);
    for (unsigned i = 0; i < QIR_NUM_RATES; i++)
        l->spent[i] += spent[i];
}

static const char *kernel_of(qir_level level, const qir_op *op)
{
    qir_kernel_plan p;
    if (!qir_op_has_kernel(op))
        return NULL;
    qir_kernel_plan_get(level, op, &p);
    return qir_kernel_name(p.kernel);
}

/* What is one call: an op, or the ops of a region, which have the name of the last. */
static void list_layers(qcc_driver *d, const qir_variant *v, bench_result *out)
{
    qir_block *body = qir_module_main(v->module)->body;
    size_t n = 0;
    out->gigahertz = gigahertz();
    qir_for_each_op(op, body)
        n += is_called(op);
    out->layers = QIR_NEW_ARRAY(qir_context_arena(d->ctx), bench_layer, n + 1);
    for (const qir_op *op = body->first, *next; op; op = next) {
        unsigned rows = qir_rows_marked(op);
        next = op->next;
        if (!is_called(op))
            continue;
        bench_layer *l = &out->layers[out->nlayers++];
        add_op(v, op, out->gigahertz, l);
        for (unsigned i = 1; i < rows; i++, next = next->next)
            add_op(v, next, out->gigahertz, l);
        out->products += l->products;
        l->kernel = rows ? "rows" : kernel_of(v->level, op);
    }
}

/* What a stamp takes: the least time between two. */
static double stamp_cost(stamps *s)
{
    enum { TIMES = 1000 };
    double least = 1.0;
    for (int i = 0; i < TIMES; i++) {
        s->n = 0;
        take_stamp(s);
        take_stamp(s);
        double took = s->at[1] - s->at[0];
        least = took < least ? took : least;
    }
    return least;
}

static void keep_least(const stamps *s, double cost, bench_result *out)
{
    for (size_t i = 0; i + 1 < s->n; i++) {
        double us = 1e6 * (s->at[i + 1] - s->at[i] - cost);
        bench_layer *l = &out->layers[i];
        us = us > 0.0 ? us : 0.0;
        if (l->measured_us < 0.0 || us < l->measured_us)
            l->measured_us = us;
    }
}

static bool measure_layers(qcc_driver *d, const qir_variant *v, bench_result *out)
{
    runner r;
    stamps s = {QIR_NEW_ARRAY(qir_context_arena(d->ctx), double, out->nlayers + 2), 0};
    double cost = stamp_cost(&s);
    for (size_t i = 0; i < out->nlayers; i++)
        out->layers[i].measured_us = -1.0;
    bool ok = open_runner(d, v, &s, &r);
    double end = seconds() + duration;
    for (int n = 0; ok && (n < MIN_CALLS || seconds() < end); n++) {
        s.n = 0;
        ok = call(d, &r);
        if (ok && n) /* the first one warms up */
            keep_least(&s, cost, out);
    }
    close_runner(v, &r);
    return ok;
}

bool bench_measure(qcc_driver *d, const qir_variant *v, bench_result *out)
{
    *out = (bench_result){.variant = v};
    list_layers(d, v, out);
    return measure_whole(d, v, out) && (!d->opts->per_layer || measure_layers(d, v, out));
}
