/* The union-find of sharing.h.
 *
 * Keys are visited in program order, an op's edges before its result.  Two keys are united when one
 * says it shares with the other, and when they belong to the same value and want equal kinds of
 * range: a value with several consumers then gets one observer, unless they want different things.
 */
#include "sharing.h"

#include <stdlib.h>
#include <string.h>
#include "qir/support/map.h"
#include "qir/support/vec.h"

typedef struct share_key {
    const qir_op *user;     /* edge: the consumer; value: the producer */
    const qir_value *value; /* edge: what flows over it; value: itself */
    qir_share_spec spec;
    qir_share_spec range; /* SAME: the spec at the end of the chain, once it is known */
    uint32_t target;      /* SAME */
    uint32_t parent;
    int64_t group;
} share_key;

struct qir_sharing {
    QIR_VEC(share_key) keys; /* moved into the arena when complete */
    qir_map edges;           /* op -> index of its first edge + 1 */
    qir_map values;          /* value -> index + 1 */
    qir_share_spec *group_specs;
    int64_t first_group, ngroups;
    qir_context *ctx;
    bool ok;
};

static uint32_t index_of(const qir_map *m, const void *key)
{
    return (uint32_t)(uintptr_t)qir_map_get(m, key) - 1;
}

/* --- reading annotations --------------------------------------------------------------------- */

static void bad_entry(qir_sharing *s, const qir_op *op, const char *text)
{
    s->ok = qir_error(qir_context_diag(s->ctx), op->loc, "quant.annotation",
                      "bad quantization entry '%s'; expected act, weight, float, src or in<k> with "
                      "k an operand of the op",
                      text);
}

static void share_with_producer(qir_sharing *s, share_key *k, const char *text)
{
    if (!qir_map_has(&s->values, k->value)) {
        bad_entry(s, k->user, text);
        qir_note(qir_context_diag(s->ctx), k->user->loc, "the producer has no quant.out");
        return;
    }
    k->spec = QIR_SPEC_SAME;
    k->target = index_of(&s->values, k->value);
}

static void share_with_operand(qir_sharing *s, share_key *k, const char *text)
{
    char *end;
    unsigned long i = strtoul(text + 2, &end, 10);
    if (end == text + 2 || *end != '\0' || i >= k->user->noperands) {
        bad_entry(s, k->user, text);
        return;
    }
    k->spec = QIR_SPEC_SAME;
    k->target = index_of(&s->edges, k->user) + (uint32_t)i;
}

static void read_entry(qir_sharing *s, share_key *k, const char *text, bool is_edge)
{
    if (strcmp(text, "act") == 0)
        k->spec = QIR_SPEC_ACT;
    else if (strcmp(text, "weight") == 0)
        k->spec = QIR_SPEC_WEIGHT;
    else if (strcmp(text, "float") == 0)
        k->spec = QIR_SPEC_NONE;
    else if (is_edge && strcmp(text, "src") == 0)
        share_with_producer(s, k, text);
    else if (strncmp(text, "in", 2) == 0)
        share_with_operand(s, k, text);
    else
        bad_entry(s, k->user, text);
}

static const qir_attr *annotation(const qir_sharing *s, const qir_op *op, const char *name,
                                  qir_attr_kind kind)
{
    const qir_attr *a = qir_dict_get(op->attrs, qir_intern_cstr(s->ctx, name));
    return a && a->kind == kind ? a : NULL;
}

static void add_edges(qir_sharing *s, const qir_op *op, const qir_attr *in)
{
    qir_map_put(&s->edges, op, (void *)(uintptr_t)(s->keys.len + 1));
    for (uint32_t i = 0; i < op->noperands; i++) {
        share_key k = {.user = op, .value = qir_op_operand(op, i), .group = -1};
        if (in && k.value)
            read_entry(s, &k, in->u.strings[i], true);
        k.parent = (uint32_t)s->keys.len;
        qir_vec_push(&s->keys, k);
    }
}

static void add_op(qir_sharing *s, qir_op *op)
{
    const qir_attr *in = annotation(s, op, "quant.in", QIR_ATTR_STRINGS);
    const qir_attr *out = annotation(s, op, "quant.out", QIR_ATTR_STRING);
    if (!in && !out)
        return;
    if (in && in->len != op->noperands) {
        s->ok = qir_error(qir_context_diag(s->ctx), op->loc, "quant.annotation",
                          "quant.in has %zu entries, expected one for each of %u operands", in->len,
                          op->noperands);
        return;
    }
    add_edges(s, op, in);
    if (!out || op->nresults == 0)
        return;
    share_key k = {.user = op, .value = &op->results[0], .group = -1};
    read_entry(s, &k, out->u.s, false);
    k.parent = (uint32_t)s->keys.len;
    qir_map_put(&s->values, k.value, (void *)(uintptr_t)(s->keys.len + 1));
    qir_vec_push(&s->keys, k);
}

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
    if (k[p].spec == QIR_SPEC_SAME && k[p].target == c)
        k[p].parent = c;
    else
        k[c].parent = p;
}

/* The spec behind a chain of SAME; NONE (diagnosed) when the chain is a circle or ends nowhere. */
static qir_share_spec resolve(qir_sharing *s, uint32_t i)
{
    share_key *k = s->keys.data;
    size_t steps = 0;
    uint32_t at = i;
    while (k[at].spec == QIR_SPEC_SAME && !k[at].range && steps++ <= s->keys.len)
        at = k[at].target;
    qir_share_spec range = k[at].spec == QIR_SPEC_SAME ? k[at].range : k[at].spec;
    if (range == QIR_SPEC_ACT || range == QIR_SPEC_WEIGHT)
        return k[i].range = range;
    s->ok = qir_error(qir_context_diag(s->ctx), k[i].user->loc, "quant.annotation",
                      "quantization entries share with each other, but none of them has a range");
    return QIR_SPEC_NONE;
}

/* Unites a key with the earlier keys of the same value that want the same kind of range; one
 * representative of each kind is enough. */
static void share_implicitly(qir_sharing *s, qir_map by_kind[2], uint32_t i, qir_share_spec spec)
{
    qir_map *m = &by_kind[spec == QIR_SPEC_WEIGHT];
    const qir_value *v = s->keys.data[i].value;
    if (qir_map_has(m, v))
        unite(s, index_of(m, v), i);
    else
        qir_map_put(m, v, (void *)(uintptr_t)(i + 1));
}

static void unite_all(qir_sharing *s)
{
    qir_map by_kind[2] = {{0}, {0}};
    for (uint32_t i = 0; s->ok && i < s->keys.len; i++) {
        const share_key *k = &s->keys.data[i];
        if (k->spec == QIR_SPEC_NONE)
            continue;
        qir_share_spec spec = resolve(s, i);
        if (spec == QIR_SPEC_NONE)
            break;
        share_implicitly(s, by_kind, i, spec);
        if (k->spec == QIR_SPEC_SAME)
            unite(s, k->target, i);
    }
    qir_map_free(&by_kind[0]);
    qir_map_free(&by_kind[1]);
}

static void number_groups(qir_sharing *s, qir_arena *arena)
{
    s->group_specs = QIR_NEW_ARRAY(arena, qir_share_spec, s->keys.len);
    for (uint32_t i = 0; s->ok && i < s->keys.len; i++) {
        share_key *k = &s->keys.data[i];
        if (k->spec == QIR_SPEC_NONE)
            continue;
        share_key *root = &s->keys.data[find(s, i)];
        if (root->group < 0) {
            s->group_specs[s->ngroups] = resolve(s, i);
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
    s->ok = true;
    qir_for_each_op(op, f->body)
        add_op(s, op);
    unite_all(s);
    number_groups(s, arena);
    settle(s, arena);
    return s->ok ? s : NULL;
}

int64_t qir_sharing_of_edge(const qir_sharing *s, const qir_op *op, uint32_t i)
{
    return qir_map_has(&s->edges, op) ? s->keys.data[index_of(&s->edges, op) + i].group : -1;
}

int64_t qir_sharing_of_value(const qir_sharing *s, const qir_value *v)
{
    return qir_map_has(&s->values, v) ? s->keys.data[index_of(&s->values, v)].group : -1;
}

qir_share_spec qir_sharing_spec(const qir_sharing *s, int64_t group)
{
    return s->group_specs[group - s->first_group];
}

int64_t qir_sharing_end(const qir_sharing *s)
{
    return s->first_group + s->ngroups;
}
