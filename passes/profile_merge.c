/* Merging profiles of one model, measured on different samples.  With observers of order-free kinds
 * the result is what one run over all samples would have written. */
#include "profile.h"

static const qir_loc *place(const qir_profile *p)
{
    return p->file ? qir_loc_file(p->ctx, p->file, 0, 0) : NULL;
}

static bool fail(const qir_profile *p, const char *what)
{
    return qir_error(qir_context_diag(p->ctx), place(p), "profile.merge", "%s", what);
}

/* --- may they be merged? ---------------------------------------------------------------------- */

static bool check_complete(const qir_profile *p)
{
    return !p->next || qir_error(qir_context_diag(p->ctx), place(p), "profile.merge",
                                 "the profile is incomplete, it ends before sample %lld of %lld; "
                                 "complete it with -resume first",
                                 (long long)p->next, (long long)p->total);
}

static bool check_identity(const qir_profile *a, const qir_profile *b)
{
    if (a->identified != b->identified || a->hash.model != b->hash.model)
        return fail(b, "the profiles are of different models");
    return a->hash.observers == b->hash.observers ||
           fail(b, "the profiles are of the same model with observers in different places");
}

static bool check_shards(const qir_profile *a, const qir_profile *b)
{
    if (a->nshards != b->nshards)
        return qir_error(qir_context_diag(b->ctx), place(b), "profile.merge",
                         "the profiles are of %lld and %lld shards (0: not of a shard), so samples "
                         "could count twice; merge shards of one calibration",
                         (long long)a->nshards, (long long)b->nshards);
    for (size_t i = 0; i < a->shards.len; i++)
        for (size_t k = 0; k < b->shards.len; k++)
            if (a->shards.data[i] == b->shards.data[k])
                return qir_error(qir_context_diag(b->ctx), place(b), "profile.merge",
                                 "shard %lld of %lld is merged already",
                                 (long long)b->shards.data[k], (long long)b->nshards);
    return true;
}

static bool check_order_free(const qir_profile *p)
{
    for (size_t i = 0; i < p->entries.len; i++) {
        const qir_profile_entry *e = p->entries.data[i];
        if (e->choice.kind->order_free)
            continue;
        qir_emit_error(qir_context_diag(p->ctx), place(p), "profile.merge",
                       "observer %lld cannot be merged: kind '%s' depends on the order of samples",
                       (long long)e->id, e->choice.kind->name);
        qir_note(qir_context_diag(p->ctx), place(p),
                 "calibrate in one run, or with -observer=histogram-exact, minmax or mse");
        return false;
    }
    return true;
}

static bool check_entries(qir_profile *into, const qir_profile *from)
{
    for (size_t i = 0; i < from->entries.len; i++) {
        const qir_profile_entry *e = from->entries.data[i];
        if (!qir_profile_entry_of(into, e->id, e->choice, e->ncells))
            return qir_error(qir_context_diag(from->ctx), place(from), "profile.merge",
                             "observer %lld is of another kind in the other profiles",
                             (long long)e->id);
    }
    return true;
}

/* --- merging ---------------------------------------------------------------------------------- */

static void merge_entry(qir_profile_entry *into, const qir_profile_entry *from)
{
    into->batches += from->batches;
    into->elements += from->elements;
    for (int64_t i = 0; i < from->ncells; i++)
        qir_observer_merge(&into->cells[i], &from->cells[i]);
}

bool qir_profile_merge(qir_profile *into, const qir_profile *from)
{
    if (!check_complete(into) || !check_complete(from) || !check_identity(into, from) ||
        !check_shards(into, from) || !check_order_free(into) || !check_order_free(from) ||
        !check_entries(into, from))
        return false;
    int64_t nshards = from->nshards;
    into->samples += from->samples;
    for (size_t i = 0; i < from->shards.len; i++)
        qir_profile_add_shard(into, from->shards.data[i], nshards);
    for (size_t i = 0; i < from->entries.len; i++) {
        const qir_profile_entry *e = from->entries.data[i];
        merge_entry(qir_profile_entry_of(into, e->id, e->choice, e->ncells), e);
    }
    return true;
}
