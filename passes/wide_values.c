/* Values of 16 bits (wide_values.h).  A value's parameters may be shared: by what moves it, by the other operands of a
 * concat.  All that share get the new spec together or not at all, for each op that computes on one of them has to take
 * it (trait WORDS), and its sums have to stay within i32. */
#include "wide_values.h"

#include <math.h>
#include <string.h>
#include "channels.h"
#include "mean_response.h"
#include "qir/diag.h"
#include "qir/ops.h"
#include "qir/support/vec.h"
#include "qspec_names.h"

typedef struct widening {
    qir_pass *pass;
    qir_module *m;
    const qir_qspec_names *names;
    qir_qspec spec;               /* that is asked for */
    QIR_VEC(qir_value *) values;  /* that share parameters */
    const char *why;              /* they cannot have it; NULL: they can */
    size_t entries;               /* with parameters of their own */
    bool ok;
} widening;

enum { RESULT = -1 };

/* --- annotations ------------------------------------------------------------------------------ */

static const char *entry_text(const widening *w, const qir_op *op, int i)
{
    const qir_attr *a = qir_dict_get(op->attrs, qir_intern_cstr(w->m->ctx, i == RESULT ? "quant.out" : "quant.in"));
    if (!a)
        return NULL;
    return i == RESULT ? a->u.s : a->u.strings[i];
}

/* Of an op without annotations: float. */
static const qir_qspec *entry(widening *w, const qir_op *op, int i)
{
    const char *text = entry_text(w, op, i);
    const qir_qspec *s = text ? qir_qspec_names_get(w->names, text, op->loc) : &qir_qspec_float;
    w->ok = w->ok && s;
    return s ? s : &qir_qspec_float;
}

static bool shares_with(widening *w, const qir_op *op, int i, uint32_t operand)
{
    const qir_qspec *s = entry(w, op, i);
    return s->kind == QIR_QSPEC_OPERAND && s->of[0] == operand;
}

/* Each (op, entry) that speaks of `v`. */
typedef void (*entry_fn)(widening *w, qir_op *op, int i);

static void each_entry(widening *w, qir_value *v, entry_fn fn)
{
    qir_op *def = qir_value_op(v);
    if (def && v == &def->results[0])
        fn(w, def, RESULT);
    qir_for_each_use(u, v)
        fn(w, u->user, (int)(u - u->user->operands));
}

static void each_entry_of_all(widening *w, entry_fn fn)
{
    for (size_t i = 0; i < w->values.len; i++)
        each_entry(w, w->values.data[i], fn);
}

/* --- who shares ------------------------------------------------------------------------------- */

static void add_value(widening *w, qir_value *v)
{
    for (size_t i = 0; i < w->values.len; i++)
        if (w->values.data[i] == v)
            return;
    qir_vec_push(&w->values, v);
}

static void add_sharers(widening *w, qir_op *op, int i)
{
    const qir_qspec *s = entry(w, op, i);
    if (s->kind == QIR_QSPEC_OPERAND)
        add_value(w, qir_op_operand(op, s->of[0]));
    for (uint32_t k = 0; i != RESULT && k < op->noperands; k++)
        if (qir_op_operand(op, k) && shares_with(w, op, (int)k, (uint32_t)i))
            add_value(w, qir_op_operand(op, k));
    if (i != RESULT && op->nresults && shares_with(w, op, RESULT, (uint32_t)i))
        add_value(w, &op->results[0]);
}

/* --- who can ---------------------------------------------------------------------------------- */

typedef struct range {
    double lo, hi, sum;
} range;

/* A bound of sum |q| over the weights of a channel, whose codes are within half a step of w / scale. */
static double code_sum(const range *r, const range *scaled, const qir_qspec *s, double terms)
{
    double span = s->symmetric ? 2.0 * fmax(-scaled->lo, scaled->hi) : scaled->hi - scaled->lo;
    return span > 0.0 ? r->sum * ((double)s->qmax - s->qmin) / span + 0.5 * terms : 0.0;
}

/* Fills the channels' ranges, and the one of all. */
static void measure(const qir_op *op, const float *data, int64_t n, range *channels, range *all)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t in, out;
        qir_weight_channels(op, i, &in, &out);
        range *r = &channels[out];
        double x = (double)data[i];
        r->sum += fabs(x);
        r->lo = fmin(r->lo, x);
        r->hi = fmax(r->hi, x);
        all->lo = fmin(all->lo, x);
        all->hi = fmax(all->hi, x);
    }
}

/* Do sums of 16-bit values with the op's float weight, quantized as `s` says, stay within 7/8 of i32?  The rest is for
 * the bias, whose scale is not known yet; lower-qdq proves it with that. */
static bool sums_fit(const widening *w, const qir_op *op, const qir_qspec *s)
{
    qir_value *v = qir_op_operand(op, (uint32_t)qir_op_weight(op));
    const float *data = v->type->dtype == QIR_f32 && qir_value_const(v) ? qir_const_data(qir_value_const(v)) : NULL;
    const double most = 0x7p28 / (double)w->spec.qmax;
    int64_t count = op->results[0].type->dims[qir_mean_response_axis(op)];
    range *channels = QIR_NEW_ARRAY(qir_pass_arena(w->pass), range, (size_t)count), all = {0};
    if (!data)
        return true;
    int64_t n = qir_type_elements(v->type);
    measure(op, data, n, channels, &all);
    for (int64_t c = 0; c < count; c++) {
        const range *scaled = s->axis == QIR_QSPEC_PER_TENSOR ? &all : &channels[c];
        if (code_sum(&channels[c], scaled, s, (double)n / (double)count) > most)
            return false;
    }
    return true;
}

static void refuse(widening *w, const qir_op *op, const char *why)
{
    w->why = qir_arena_printf(qir_pass_arena(w->pass), "%s %s", qir_op_name(op), why);
}

static void check_entry(widening *w, qir_op *op, int i)
{
    const qir_qspec *s = entry(w, op, i);
    if (s->kind == QIR_QSPEC_FLOAT || w->why)
        return;
    w->entries += s->kind == QIR_QSPEC_OWN;
    if (!qir_op_has_trait(op, QIR_TRAIT_WORDS))
        refuse(w, op, "computes on 8 bits only");
    else if (s->kind == QIR_QSPEC_FIXED || s->dynamic)
        refuse(w, op, "has parameters that are given, or measured at run time");
    else if (i > 0 && i == qir_op_weight(op))
        refuse(w, op, "has it as its weight");
    else if (i == 0 && qir_op_weight(op) > 0 && !sums_fit(w, op, entry(w, op, qir_op_weight(op))))
        refuse(w, op, "would sum it beyond 32 bits");
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The spec as it stands for `old`: measured by the same kind of observer. */
static const char *new_entry(const widening *w, const qir_qspec *old)
{
    qir_qspec s = w->spec;
    qir_strbuf text = {0};
    s.observer = s.observer ? s.observer : old->observer;
    qir_qspec_print(&s, &text);
    const char *entry = qir_intern_cstr(w->m->ctx, qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return entry;
}

static void write_entry(widening *w, qir_op *op, int i)
{
    const qir_qspec *old = entry(w, op, i);
    if (old->kind != QIR_QSPEC_OWN)
        return;
    qir_context *ctx = w->m->ctx;
    const char *text = new_entry(w, old);
    if (i == RESULT) {
        qir_op_set_attr(op, qir_intern_cstr(ctx, "quant.out"), qir_attr_string(ctx, text, strlen(text)));
        return;
    }
    const char *name = qir_intern_cstr(ctx, "quant.in");
    const qir_attr *in = qir_dict_get(op->attrs, name);
    const char **entries = QIR_NEW_ARRAY(qir_pass_arena(w->pass), const char *, in->len);
    memcpy(entries, in->u.strings, in->len * sizeof *entries);
    entries[i] = text;
    qir_op_set_attr(op, name, qir_attr_strings(ctx, entries, in->len));
}

/* --- values ----------------------------------------------------------------------------------- */

static bool widen(widening *w, qir_value *v, const char *name, const qir_loc *loc)
{
    w->values.len = w->entries = 0;
    w->why = NULL;
    add_value(w, v);
    for (size_t i = 0; i < w->values.len; i++)
        each_entry(w, w->values.data[i], add_sharers);
    each_entry_of_all(w, check_entry);
    if (!w->why && !w->entries)
        w->why = "it is not quantized";
    if (!w->ok)
        return false;
    if (w->why)
        qir_warning(qir_context_diag(w->m->ctx), loc, "wide-value", "'%s' does not get 16 bits: %s", name, w->why);
    else if (qir_pass_may_transform(w->pass))
        each_entry_of_all(w, write_entry);
    return w->ok;
}

/* By its rule, if there is one. */
static bool widen_by_rule(widening *w, qir_qconfig *c, qir_value *v, const char *name, const qir_loc *loc)
{
    const char *text = qir_type_is_float(v->type) ? qir_qconfig_result(c, v, name) : NULL;
    return !text || (qir_qspec_parse(w->m->ctx, text, loc, &w->spec) && widen(w, v, name, loc));
}

static bool widen_func(widening *w, qir_qconfig *c, qir_func *f)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < f->body->nargs; i++) {
        qir_value *v = f->body->args[i];
        const char *name = f->arg_names && f->arg_names[i] ? f->arg_names[i] : v->name;
        ok = !name || widen_by_rule(w, c, v, name, f->loc);
    }
    qir_for_each_op(op, f->body) {
        const char *name = qir_loc_first_name(op->loc);
        ok = ok && (op->nresults != 1 ||
                    widen_by_rule(w, c, &op->results[0], name ? name : qir_op_name(op), op->loc));
    }
    return ok;
}

bool qir_widen_values(qir_pass *pass, qir_module *m, qir_qconfig *config)
{
    if (!qir_qconfig_has_results(config))
        return true;
    widening w = {.pass = pass, .m = m, .names = qir_qspec_names_read(m, qir_pass_arena(pass)), .ok = true};
    bool ok = w.names != NULL;
    qir_for_each_func(f, m)
        ok = ok && widen_func(&w, config, f);
    qir_vec_free(&w.values);
    return ok;
}
