/* Profiles: observers by id, and printing them (docs/quantization.md); reading: profile_parse.c. */
#include "profile.h"

#include <math.h>
#include "qir/support/map.h"
#include "qir/support/vec.h"

struct qir_profile {
    qir_context *ctx;
    qir_arena *arena;
    QIR_VEC(qir_observer *) observers; /* ascending ids */
    qir_map by_id;                     /* id -> observer */
};

qir_profile *qir_profile_create(qir_context *ctx)
{
    qir_arena *arena = qir_context_new_arena(ctx);
    qir_profile *p = QIR_NEW(arena, qir_profile);
    p->ctx = ctx;
    p->arena = arena;
    return p;
}

void qir_profile_destroy(qir_profile *p)
{
    if (!p)
        return;
    qir_vec_free(&p->observers);
    qir_map_free(&p->by_id);
    qir_arena_destroy(p->arena);
}

static const void *key_of(int64_t id)
{
    return (const void *)(uintptr_t)id;
}

const qir_observer *qir_profile_find(const qir_profile *p, int64_t id)
{
    return qir_map_get(&p->by_id, key_of(id));
}

const qir_observer *qir_profile_unused(const qir_profile *p, const qir_map *used)
{
    for (size_t i = 0; i < p->observers.len; i++)
        if (!qir_map_has(used, p->observers.data[i]))
            return p->observers.data[i];
    return NULL;
}

static qir_observer *add_observer(qir_profile *p, int64_t id, qir_observer_kind kind)
{
    qir_observer *o = QIR_NEW(p->arena, qir_observer);
    o->id = id;
    o->kind = kind;
    if (kind == QIR_OBSERVER_HISTOGRAM)
        o->hist = QIR_NEW_ARRAY(p->arena, float, QIR_HISTOGRAM_BINS);
    qir_map_put(&p->by_id, key_of(id), o);
    qir_vec_push(&p->observers, o);
    qir_observer **v = p->observers.data; /* ids mostly arrive in order */
    for (size_t i = p->observers.len - 1; i > 0 && v[i - 1]->id > id; i--) {
        v[i] = v[i - 1];
        v[i - 1] = o;
    }
    return o;
}

qir_observer *qir_profile_observer(qir_profile *p, int64_t id, qir_observer_kind kind)
{
    qir_observer *o = qir_map_get(&p->by_id, key_of(id));
    if (!o)
        return add_observer(p, id, kind);
    return o->kind == kind ? o : NULL;
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_count(qir_strbuf *out, float v)
{
    if (v == floorf(v) && v < 0x1p24f)
        qir_strbuf_int(out, (int64_t)v);
    else
        qir_strbuf_float(out, v);
}

/* Counts in lines of 16 entries; a run of four or more equal counts is one entry "count*times". */
static void print_bins(qir_strbuf *out, const float *hist)
{
    qir_strbuf_puts(out, "  bins");
    int entries = 0;
    for (int i = 0; i < QIR_HISTOGRAM_BINS;) {
        int run = 1;
        while (i + run < QIR_HISTOGRAM_BINS && hist[i + run] == hist[i])
            run++;
        run = run < 4 ? 1 : run;
        qir_strbuf_puts(out, entries > 0 && entries % 16 == 0 ? "\n    " : " ");
        print_count(out, hist[i]);
        if (run > 1)
            qir_strbuf_printf(out, "*%d", run);
        i += run;
        entries++;
    }
    qir_strbuf_putc(out, '\n');
}

static void print_observer(qir_strbuf *out, const qir_observer *o)
{
    qir_strbuf_printf(out, "observer %lld %s {\n", (long long)o->id,
                      qir_observer_kind_name(o->kind));
    qir_strbuf_printf(out, "  batches %lld\n  elements %lld\n  range ", (long long)o->batches,
                      (long long)o->elements);
    qir_strbuf_float(out, o->lo);
    qir_strbuf_putc(out, ' ');
    qir_strbuf_float(out, o->hi);
    qir_strbuf_putc(out, '\n');
    if (o->kind == QIR_OBSERVER_HISTOGRAM)
        print_bins(out, o->hist);
    qir_strbuf_puts(out, "}\n");
}

void qir_profile_print(const qir_profile *p, qir_strbuf *out)
{
    qir_strbuf_puts(out, "qir-profile 1\n");
    for (size_t i = 0; i < p->observers.len; i++)
        if (p->observers.data[i]->batches > 0)
            print_observer(out, p->observers.data[i]);
}
