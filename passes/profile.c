/* Profiles: observers by id, and printing them (docs/quantization.md); reading: profile_parse.c. */
#include "profile.h"

#include <math.h>

enum { MAX_PER_LINE = 16, SHORTEST_RUN = 4 };

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
    qir_vec_free(&p->entries);
    qir_vec_free(&p->shards);
    qir_map_free(&p->by_id);
    qir_arena_destroy(p->arena);
}

static const void *key_of(int64_t id)
{
    return (const void *)(uintptr_t)id;
}

const qir_profile_entry *qir_profile_find(const qir_profile *p, int64_t id)
{
    return qir_map_get(&p->by_id, key_of(id));
}

const qir_profile_entry *qir_profile_unused(const qir_profile *p, const qir_map *used)
{
    for (size_t i = 0; i < p->entries.len; i++)
        if (!qir_map_has(used, p->entries.data[i]))
            return p->entries.data[i];
    return NULL;
}

static qir_profile_entry *add_entry(qir_profile *p, int64_t id, qir_observer_choice choice,
                                    int64_t ncells)
{
    qir_profile_entry *e = QIR_NEW(p->arena, qir_profile_entry);
    qir_observer *cells = QIR_NEW_ARRAY(p->arena, qir_observer, (size_t)ncells);
    *e = (qir_profile_entry){.id = id, .choice = choice, .cells = cells, .ncells = ncells};
    for (int64_t i = 0; i < ncells; i++)
        qir_observer_init(&cells[i], choice, p->arena);
    qir_map_put(&p->by_id, key_of(id), e);
    qir_vec_push(&p->entries, e);
    qir_profile_entry **v = p->entries.data; /* ids mostly arrive in order */
    for (size_t i = p->entries.len - 1; i > 0 && v[i - 1]->id > id; i--) {
        v[i] = v[i - 1];
        v[i - 1] = e;
    }
    return e;
}

qir_profile_entry *qir_profile_entry_of(qir_profile *p, int64_t id, qir_observer_choice choice,
                                        int64_t ncells)
{
    qir_profile_entry *e = qir_map_get(&p->by_id, key_of(id));
    if (!e)
        return add_entry(p, id, choice, ncells);
    return qir_observer_choice_equal(e->choice, choice) && e->ncells == ncells ? e : NULL;
}

int64_t qir_profile_next(const qir_profile *p)
{
    return p->next;
}

void qir_profile_add_shard(qir_profile *p, int64_t shard, int64_t nshards)
{
    p->nshards = nshards;
    qir_vec_push(&p->shards, shard);
    int64_t *v = p->shards.data;
    for (size_t i = p->shards.len - 1; i > 0 && v[i - 1] > shard; i--) {
        v[i] = v[i - 1];
        v[i - 1] = shard;
    }
    if ((int64_t)p->shards.len == nshards)
        p->shards.len = 0, p->nshards = 0;
}

/* --- identity --------------------------------------------------------------------------------- */

static const qir_loc *place(const qir_profile *p)
{
    return p->file ? qir_loc_file(p->ctx, p->file, 0, 0) : NULL;
}

static bool is_same(const qir_profile *p, const qir_model_hash *h)
{
    if (p->hash.model != h->model)
        return qir_error(qir_context_diag(p->ctx), place(p), "profile.model",
                         "the profile is of another model (%016llx, this one is %016llx); "
                         "calibrate this model, with the same -preprocess",
                         (unsigned long long)p->hash.model, (unsigned long long)h->model);
    return p->hash.observers == h->observers ||
           qir_error(qir_context_diag(p->ctx), place(p), "profile.observers",
                     "the profile is of this model with observers in other places; calibrate again "
                     "with the quantizer and the options of this compilation");
}

bool qir_profile_identify(qir_profile *p, qir_module *m)
{
    qir_model_hash h;
    if (!qir_model_hash_of(m, &h) || (p->identified && !is_same(p, &h)))
        return false;
    p->identified = true;
    p->hash = h;
    return true;
}

bool qir_profile_fits(const qir_profile *p, qir_module *m)
{
    qir_model_hash h;
    return !p->identified || (qir_model_hash_of(m, &h) && is_same(p, &h));
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_float(qir_strbuf *out, const void *counts, int64_t i)
{
    float v = ((const float *)counts)[i];
    if (v == floorf(v) && v < 0x1p24f)
        qir_strbuf_int(out, (int64_t)v);
    else
        qir_strbuf_float(out, v);
}

static void print_int(qir_strbuf *out, const void *counts, int64_t i)
{
    qir_strbuf_int(out, ((const int64_t *)counts)[i]);
}

static bool equal_floats(const void *counts, int64_t i, int64_t j)
{
    return ((const float *)counts)[i] == ((const float *)counts)[j];
}

static bool equal_ints(const void *counts, int64_t i, int64_t j)
{
    return ((const int64_t *)counts)[i] == ((const int64_t *)counts)[j];
}

static void print_list(qir_strbuf *out, const char *name, const void *counts, int64_t n,
                       void (*print)(qir_strbuf *, const void *, int64_t),
                       bool (*equal)(const void *, int64_t, int64_t))
{
    int entries = 0;
    qir_strbuf_printf(out, "  %s", name);
    for (int64_t i = 0, run; i < n; i += run, entries++) {
        for (run = 1; i + run < n && equal(counts, i, i + run);)
            run++;
        run = run < SHORTEST_RUN ? 1 : run;
        qir_strbuf_puts(out, entries > 0 && entries % MAX_PER_LINE == 0 ? "\n    " : " ");
        print(out, counts, i);
        if (run > 1)
            qir_strbuf_printf(out, "*%lld", (long long)run);
    }
    qir_strbuf_putc(out, '\n');
}

void qir_profile_print_floats(qir_strbuf *out, const char *name, const float *counts, int64_t n)
{
    print_list(out, name, counts, n, print_float, equal_floats);
}

void qir_profile_print_counts(qir_strbuf *out, const char *name, const int64_t *counts, int64_t n)
{
    print_list(out, name, counts, n, print_int, equal_ints);
}

static void print_cell(qir_strbuf *out, const qir_observer *o)
{
    qir_strbuf_puts(out, "  range ");
    qir_strbuf_float(out, o->lo);
    qir_strbuf_putc(out, ' ');
    qir_strbuf_float(out, o->hi);
    qir_strbuf_putc(out, '\n');
    if (o->choice.kind->print)
        o->choice.kind->print(o, out);
}

static void print_entry(qir_strbuf *out, const qir_profile_entry *e)
{
    qir_strbuf_printf(out, "observer %lld ", (long long)e->id);
    qir_observer_choice_print(e->choice, out);
    if (e->ncells > 1)
        qir_strbuf_printf(out, " channels %lld", (long long)e->ncells);
    qir_strbuf_printf(out, " {\n  batches %lld\n  elements %lld\n", (long long)e->batches,
                      (long long)e->elements);
    for (int64_t i = 0; i < e->ncells; i++)
        print_cell(out, &e->cells[i]);
    qir_strbuf_puts(out, "}\n");
}

static void print_header(const qir_profile *p, qir_strbuf *out)
{
    qir_strbuf_puts(out, "qir-profile 2\n");
    if (p->identified)
        qir_strbuf_printf(out, "model %016llx\nobservers %016llx\n",
                          (unsigned long long)p->hash.model, (unsigned long long)p->hash.observers);
    qir_strbuf_printf(out, "samples %lld\n", (long long)p->samples);
    if (p->shards.len) {
        qir_strbuf_puts(out, "shards");
        for (size_t i = 0; i < p->shards.len; i++)
            qir_strbuf_printf(out, " %lld", (long long)p->shards.data[i]);
        qir_strbuf_printf(out, " of %lld\n", (long long)p->nshards);
    }
    if (p->next)
        qir_strbuf_printf(out, "next %lld of %lld\n", (long long)p->next, (long long)p->total);
}

void qir_profile_print(const qir_profile *p, qir_strbuf *out)
{
    print_header(p, out);
    for (size_t i = 0; i < p->entries.len; i++)
        if (p->entries.data[i]->batches > 0)
            print_entry(out, p->entries.data[i]);
}
