/* The text form of profiles, read (docs/quantization.md):
 *
 *   qir-profile 2
 *   model 25ff1f8ac8b52b4e
 *   observers 2d06800538d394c2
 *   samples 100
 *   observer 3 histogram {
 *     batches 100
 *     elements 307200
 *     range -1.5 2.25
 *     bins 12 0*7 3 ...
 *   }
 *
 * The lines behind `range` are the kind's own and are read by its row of the table. */
#include <string.h>
#include "profile_reader.h"

enum { MAX_SHARDS = QIR_MAX_SHARDS };
typedef qir_profile_reader reader;

/* --- stanzas ---------------------------------------------------------------------------------- */

static bool cell(reader *r, qir_observer *o, int64_t batches)
{
    if (!qir_profile_word(r, "range") || !qir_profile_number(r, &o->lo))
        return false;
    reader high = *r;
    if (!qir_profile_number(r, &o->hi))
        return false;
    if (o->lo > o->hi)
        return qir_profile_fail(&high, "an upper end not below the lower one");
    o->batches = batches;
    if (!qir_profile_reserve(r, (int64_t)o->choice.kind->state_bytes))
        return false;
    qir_observer_open(o);
    return !o->choice.kind->parse || o->choice.kind->parse(o, r);
}

static bool body(reader *r, qir_profile_entry *e)
{
    if (!qir_profile_word(r, "{") || !qir_profile_word(r, "batches") ||
        !qir_profile_integer(r, 1, MAX_COUNT, &e->batches) || !qir_profile_word(r, "elements") ||
        !qir_profile_integer(r, 1, MAX_COUNT, &e->elements))
        return false;
    for (int64_t i = 0; i < e->ncells; i++)
        if (!cell(r, &e->cells[i], e->batches))
            return false;
    return qir_profile_word(r, "}");
}

static bool observer(reader *r)
{
    int64_t id, ncells = 1;
    qir_observer_choice choice;
    if (!qir_profile_word(r, "observer"))
        return false;
    if (!qir_profile_parse_int(r->token, r->len, &id) || id > INT32_MAX)
        return qir_profile_fail(r, "an observer id");
    if (qir_profile_find(r->profile, id))
        return qir_profile_fail(r, "an id that was not used before");
    qir_profile_next_word(r);
    if (!qir_observer_choose(r->ctx, qir_profile_place(r), r->token, r->len, &choice))
        return false;
    qir_profile_next_word(r);
    if (qir_profile_is_word(r, "channels")) {
        qir_profile_next_word(r);
        if (!qir_profile_integer(r, 1, r->end - r->at, &ncells)) /* each takes a line */
            return false;
    }
    return body(r, qir_profile_entry_of(r->profile, id, choice, ncells));
}

/* --- header ----------------------------------------------------------------------------------- */

static bool model(reader *r)
{
    r->profile->identified = true;
    qir_profile_next_word(r);
    return qir_profile_hash(r, &r->profile->hash.model) && qir_profile_word(r, "observers") &&
           qir_profile_hash(r, &r->profile->hash.observers);
}

static bool samples(reader *r)
{
    qir_profile_next_word(r);
    return qir_profile_integer(r, 0, MAX_COUNT, &r->profile->samples);
}

/* shards 0 2 of 4 */
static bool shards(reader *r)
{
    int64_t list[MAX_SHARDS], n = 0, of;
    qir_profile_next_word(r);
    for (; !qir_profile_is_word(r, "of"); n++)
        if (n == MAX_SHARDS)
            return qir_profile_fail(r, "'of'");
        else if (!qir_profile_integer(r, n ? list[n - 1] + 1 : 0, MAX_SHARDS, &list[n]))
            return false;
    qir_profile_next_word(r);
    if (n == 0)
        return qir_profile_fail(r, "the number of a shard before 'of'");
    if (!qir_profile_integer(r, list[n - 1] + 1, MAX_SHARDS, &of))
        return false;
    for (int64_t i = 0; i < n; i++)
        qir_profile_add_shard(r->profile, list[i], of);
    return true;
}

/* next 57 of 100 */
static bool resumption(reader *r)
{
    qir_profile_next_word(r);
    return qir_profile_integer(r, 1, MAX_COUNT, &r->profile->next) && qir_profile_word(r, "of") &&
           qir_profile_integer(r, r->profile->next + 1, MAX_COUNT, &r->profile->total);
}

/* All lines of the header may be left out, as in profiles written by hand. */
static bool header(reader *r)
{
    static const struct {
        const char *word;
        bool (*read)(reader *);
    } lines[] = {{"model", model}, {"samples", samples}, {"shards", shards}, {"next", resumption}};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (qir_profile_is_word(r, lines[i].word) && !lines[i].read(r))
            return false;
    return true;
}

static bool profile(reader *r)
{
    qir_profile_next_word(r);
    if (!qir_profile_word(r, "qir-profile"))
        return false;
    if (!qir_profile_is_word(r, "2"))
        return qir_profile_fail(r, "profile version 2 (calibrate again)");
    qir_profile_next_word(r);
    if (!header(r))
        return false;
    while (r->len)
        if (!observer(r))
            return false;
    return true;
}

qir_profile *qir_profile_parse(qir_context *ctx, const char *file, const char *text, size_t len)
{
    reader r = {.ctx = ctx,
                .profile = qir_profile_create(ctx),
                .file = qir_intern_cstr(ctx, file),
                .at = text,
                .end = text + len,
                .next_line = 1,
                .line_start = text};
    r.profile->file = r.file;
    qir_diag_add_source(qir_context_diag(ctx), r.file, text, len);
    bool ok = profile(&r);
    qir_diag_remove_source(qir_context_diag(ctx), r.file);
    if (ok)
        return r.profile;
    qir_profile_destroy(r.profile);
    return NULL;
}
