/* Which values could have 16 bits, and what 8 bits of each cost: the noise in the results when it alone is
 * rounded and everything else is real.  Noises of different values add up, nearly, so the sum over a set tells what 16
 * bits for all of it would save, where leaving out one value of many shows nothing. */
#include <stdlib.h>
#include <string.h>
#include "explain.h"
#include "qir/ops.h"
#include "qir/pass.h"

enum { MOST_SAMPLES = 32 }; /* a ranking needs no more */

/* --- observed values --------------------------------------------------------------------------- */
static qir_op *next_observe(qir_op *op)
{
    while (op && op->opcode != QIR_OP_observe)
        op = op->next;
    return op;
}

#define FOR_EACH_OBSERVE(op, module)                                                               \
    for (qir_op *op = next_observe(qir_module_main(module)->body->first); op; op = next_observe(op->next))

/* What a rule finds the value by. */
static const char *name_of(const qir_op *observe)
{
    const qir_value *v = qir_op_operand(observe, 0);
    const qir_func *f = qir_module_main(qir_op_module(observe));
    for (uint32_t i = 0; i < f->body->nargs; i++)
        if (f->body->args[i] == v)
            return f->arg_names && f->arg_names[i] ? f->arg_names[i] : v->name;
    const qir_op *def = qir_value_op(v);
    return def ? qir_loc_first_name(def->loc) : NULL;
}

static bool is_argument(const qir_op *observe)
{
    const qir_value *v = qir_op_operand(observe, 0);
    return !qir_value_op(v) && !qir_value_const(v);
}

static bool is_of_type(qir_module *m, int64_t id, const char *type)
{
    FOR_EACH_OBSERVE(op, m)
        if (qir_op_int(op, "id") == id)
            return !strcmp(qir_op_attr(op, "dtype")->u.s, type);
    return false;
}

/* Does the integer model store it?  The results of last layers may become real at once. */
static bool is_stored(qir_module *integers, const char *name)
{
    qir_for_each_op(op, qir_module_main(integers)->body)
        if (op->nresults == 1 && op->results[0].type->quant && qir_loc_first_name(op->loc) == name)
            return true;
    return false;
}

/* --- candidates -------------------------------------------------------------------------------- */
static bool is_listed(const qcc_value *values, size_t n, const char *name, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (values[i].id == id || !strcmp(values[i].name, name))
            return true;
    return false;
}

/* The values of `observed` that have 16 bits in `wide`, which was asked to give them to all; once each. */
static size_t list(const qcc_study *s, qir_module *observed, qir_module *wide, qir_module *integers,
                   qcc_value **out)
{
    size_t n = 0;
    FOR_EACH_OBSERVE(op, observed)
        n++;
    *out = QIR_NEW_ARRAY(s->arena, qcc_value, n);
    n = 0;
    FOR_EACH_OBSERVE(op, observed) {
        const char *name = name_of(op);
        int64_t id = qir_op_int(op, "id");
        if (!name || is_listed(*out, n, name, id) || is_of_type(observed, id, "i16") ||
            !is_of_type(wide, id, "i16") || !(is_argument(op) || is_stored(integers, name)))
            continue;
        (*out)[n] = (qcc_value){.name = name, .id = id, .order = n};
        n++;
    }
    return n;
}

/* --- noise ------------------------------------------------------------------------------------- */
typedef struct listening {
    const qcc_study *study;
    double **base; /* results when nothing is rounded */
    double noise;
} listening;

static void keep(void *user, int64_t sample, const double *values, int64_t n)
{
    listening *l = user;
    l->base[sample] = qir_arena_copy(l->study->arena, values, (size_t)n * sizeof *values);
}

static void listen(void *user, int64_t sample, const double *values, int64_t n)
{
    listening *l = user;
    for (int64_t i = 0; i < n; i++) {
        double d = values[i] - l->base[sample][i];
        l->noise += d * d;
    }
}

static void round_only(qir_module *m, int64_t id)
{
    const char *fake = qir_intern_cstr(m->ctx, "fake");
    FOR_EACH_OBSERVE(op, m)
        qir_op_set_attr(op, fake, qir_op_int(op, "id") == id ? qir_attr_bool(m->ctx, true) : NULL);
}

static bool measure(const qcc_study *s, qir_module *observed, qcc_value *values, size_t n)
{
    qcc_study few = *s;
    few.samples = s->samples < MOST_SAMPLES ? s->samples : MOST_SAMPLES;
    listening l = {&few, QIR_NEW_ARRAY(s->arena, double *, (size_t)few.samples), 0.0};
    bool ok = qcc_run_samples(&few, observed, NULL, keep, &l);
    for (size_t i = 0; ok && i < n; i++) {
        qcc_progress("value", i, n);
        round_only(observed, values[i].id);
        l.noise = 0.0;
        ok = qcc_run_samples(&few, observed, NULL, listen, &l);
        values[i].noise = l.noise;
    }
    qcc_progress("value", n, n);
    return ok;
}

/* The loudest first; program order among equals. */
static int by_noise(const void *a, const void *b)
{
    const qcc_value *x = a, *y = b;
    if (x->noise != y->noise)
        return (x->noise < y->noise) - (x->noise > y->noise);
    return (x->order > y->order) - (x->order < y->order);
}

bool qcc_find_values(const qcc_study *s, qcc_findings *f)
{
    const qcc_variant as_it_is = {0}, all = {.all_int16 = true};
    qcc_trial observed = {0}, wide = {0};
    bool ok = qcc_trial_phases(s, &as_it_is, "calibrate", &observed) &&
              qcc_trial_phases(s, &all, "prepare", &wide);
    if (ok)
        f->nvalues = list(s, observed.module, wide.module, f->whole.module, &f->values);
    ok = ok && measure(s, observed.module, f->values, f->nvalues);
    if (ok && f->nvalues)
        qsort(f->values, f->nvalues, sizeof *f->values, by_noise);
    for (size_t i = 0; ok && i < f->nvalues; i++)
        f->noise += f->values[i].noise;
    qcc_trial_free(&observed);
    qcc_trial_free(&wide);
    return ok;
}
