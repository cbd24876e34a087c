/* The union-find of sharing.h.
 *
 * Keys are visited in program order, an op's edges before its result.  Two keys are united when one
 * says it shares with the other, and when they belong to the same value and want equal parameters:
 * a value with several consumers then gets one observer, unless they want different things. */
#include "qir/diag.h"
#include "sharing_priv.h"

/* --- union-find ------------------------------------------------------------------------------ */

static uint32_t find(qir_sharing *s, uint32_t i)
{
    share_key *k = s->keys.data;
    while (k[i].parent != i) {
        k[i].parent = k[k[i].parent].parent;
        i = k[i].parent;
    }
    return i;
}

static void unite(qir_sharing *s, uint32_t parent, uint32_t child)
{
    uint32_t p = find(s, parent), c = find(s, child);
    share_key *k = s->keys.data;
    if (p == c)
        return;
    if (k[p].shared && k[p].target == c)
        k[p].parent = c;
    else
        k[c].parent = p;
}

/* The key at the end of a chain of shared ones; UNKNOWN (diagnosed) when the chain is a circle or ends
 * at a float. */
static uint32_t resolve(qir_sharing *s, uint32_t i)
{
    share_key *k = s->keys.data;
    size_t steps = 0;
    uint32_t at = i;
    while (k[at].shared && k[at].source == UNKNOWN && steps++ <= s->keys.len)
        at = k[at].target;
    uint32_t source = k[at].shared ? k[at].source : at;
    if (source != UNKNOWN && k[source].spec.kind != QIR_QSPEC_FLOAT)
        return k[i].source = source;
    s->ok = qir_error(qir_context_diag(s->ctx), k[i].user->loc, "quant.annotation",
                      "quantization entries share with each other, but none of them has parameters");
    return UNKNOWN;
}

/* Unites a key with the first key of the same value that wants the same parameters. */
static void share_implicitly(qir_sharing *s, qir_map *first, uint32_t i)
{
    share_key *k = s->keys.data;
    const qir_qspec *spec = &k[k[i].source].spec;
    uint32_t *next = NULL, at = qir_sharing_index(first, k[i].value);
    while (at != UNKNOWN) {
        if (qir_qspec_agree(&k[k[at].source].spec, spec)) {
            unite(s, at, i);
            return;
        }
        next = &k[at].sibling;
        at = *next - 1;
    }
    if (next)
        *next = i + 1;
    else
        qir_map_put(first, k[i].value, (void *)(uintptr_t)(i + 1));
}

static void unite_all(qir_sharing *s)
{
    qir_map first = {0};
    for (uint32_t i = 0; s->ok && i < s->keys.len; i++) {
        const share_key *k = &s->keys.data[i];
        if ((k->spec.kind == QIR_QSPEC_FLOAT && !k->shared) || resolve(s, i) == UNKNOWN)
            continue;
        share_implicitly(s, &first, i);
        if (k->shared)
            unite(s, k->target, i);
    }
    qir_map_free(&first);
}

static void number_groups(qir_sharing *s, qir_arena *arena)
{
    s->group_keys = QIR_NEW_ARRAY(arena, uint32_t, s->keys.len);
    for (uint32_t i = 0; s->ok && i < s->keys.len; i++) {
        share_key *k = &s->keys.data[i];
        if (k->source == UNKNOWN)
            continue;
        share_key *root = &s->keys.data[find(s, i)];
        if (root->group < 0) {
            s->group_keys[s->ngroups] = k->source;
            root->group = s->first_group + s->ngroups++;
        }
        k->group = root->group;
    }
}

/* The tables end up in the arena, so that nobody has to free the result. */
static void settle(qir_sharing *s, qir_arena *arena)
{
    share_key *keys = s->keys.data;
    if (!keys)
        return; /* no annotations, no maps */
    s->keys.data = qir_arena_copy(arena, keys, s->keys.len * sizeof *keys);
    qir_free(keys);
    qir_map_settle(&s->edges, arena);
    qir_map_settle(&s->values, arena);
}

qir_sharing *qir_sharing_build(qir_func *f, qir_arena *arena, int64_t first_group)
{
    qir_sharing *s = QIR_NEW(arena, qir_sharing);
    s->first_group = first_group;
    s->ctx = f->module->ctx;
    s->names = qir_qspec_names_read(f->module, arena);
    s->ok = s->names != NULL;
    qir_for_each_op(op, f->body)
        if (s->names)
            qir_sharing_read(s, op);
    unite_all(s);
    number_groups(s, arena);
    settle(s, arena);
    return s->ok ? s : NULL;
}

int64_t qir_sharing_of_edge(const qir_sharing *s, const qir_op *op, uint32_t i)
{
    return qir_map_has(&s->edges, op) ? s->keys.data[qir_sharing_index(&s->edges, op) + i].group : -1;
}

int64_t qir_sharing_of_value(const qir_sharing *s, const qir_value *v)
{
    return qir_map_has(&s->values, v) ? s->keys.data[qir_sharing_index(&s->values, v)].group : -1;
}

static const share_key *key_of_group(const qir_sharing *s, int64_t group)
{
    return &s->keys.data[s->group_keys[group - s->first_group]];
}

const qir_qspec *qir_sharing_spec(const qir_sharing *s, int64_t group)
{
    return &key_of_group(s, group)->spec;
}

const qir_op *qir_sharing_user(const qir_sharing *s, int64_t group)
{
    return key_of_group(s, group)->user;
}

int64_t qir_sharing_end(const qir_sharing *s)
{
    return s->first_group + s->ngroups;
}
