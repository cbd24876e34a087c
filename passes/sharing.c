/* The union-find of sharing.h.
 *
 * Keys are visited in program order, an op's edges before its result.  Two keys are united when one
 * says it shares with the other, and when they belong to the same value and want equal parameters:
 * a value with several consumers then gets one observer, unless they want different things. */
#include "sharing.h"

#include <stdlib.h>
#include <string.h>
#include "qir/diag.h"
#include "qir/ops.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"
#include "qspec_names.h"

typedef struct share_key {
    const qir_op *user;     /* edge: the consumer; value: the producer */
    const qir_value *value; /* edge: what flows over it; value: itself */
    qir_qspec spec;
    bool shared;      /* with `target` */
    uint32_t target;
    uint32_t source;  /* the key at the end of the chain, once it is known */
    uint32_t sibling; /* the next key of the same value that stands for another spec, + 1 */
    uint32_t parent;
    int64_t group;
} share_key;

enum { UNKNOWN = UINT32_MAX };

struct qir_sharing {
    QIR_VEC(share_key) keys; /* moved into the arena when complete */
    qir_map edges;           /* op -> index of its first edge + 1 */
    qir_map values;          /* value -> index + 1 */
    uint32_t *group_keys;    /* of each group: the key whose spec it has */
    int64_t first_group, ngroups;
    qir_context *ctx;
    const qir_qspec_names *names;
    bool ok;
};

static uint32_t index_of(const qir_map *m, const void *key)
{
    return (uint32_t)(uintptr_t)qir_map_get(m, key) - 1;
}

/* --- reading annotations --------------------------------------------------------------------- */

static void fail(qir_sharing *s, const qir_op *op, const char *what)
{
    s->ok = qir_error(qir_context_diag(s->ctx), op->loc, "quant.annotation", "%s", what);
}

static void share_with_producer(qir_sharing *s, share_key *k)
{
    k->shared = true;
    if (qir_map_has(&s->values, k->value)) {
        k->target = index_of(&s->values, k->value);
        return;
    }
    fail(s, k->user, "quantization entry 'src' shares with a producer that has no quant.out");
}

static void share_with_operand(qir_sharing *s, share_key *k)
{
    k->shared = true;
    if (k->spec.of[0] < k->user->noperands) {
        k->target = index_of(&s->edges, k->user) + k->spec.of[0];
        return;
    }
    s->ok = qir_error(qir_context_diag(s->ctx), k->user->loc, "quant.annotation",
                      "quantization entry 'in%u' names an operand that the op does not have",
                      k->spec.of[0]);
}

/* The channel axis of operand `i`: its rule says it for weights; other constants have it in front. */
static int32_t channel_axis(const qir_op *op, int64_t i)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    return rule->kind == QIR_QR_ACCUM && i == rule->weight ? rule->axis : 0;
}

static bool check_group(qir_sharing *s, const share_key *k)
{
    const qir_qspec *q = &k->spec;
    const qir_type *t = k->value->type;
    const char *what = qir_value_const(k->value) ? k->value->name : qir_op_name(k->user);
    if (q->axis >= (int32_t)t->rank)
        return s->ok = qir_error(qir_context_diag(s->ctx), k->user->loc, "quant.axis",
                          "'%s' has rank %u, its quantization axis is %d", what, t->rank, q->axis);
    if (q->group && t->dims[q->axis] % q->group)
        return s->ok = qir_error(qir_context_diag(s->ctx), k->user->loc, "quant.group",
                          "groups of %lld do not divide the %lld inputs of '%s'; choose a divisor, or "
                          "give this op another width (-weights=int4@REGEX: one scale per channel)",
                          (long long)q->group, (long long)t->dims[q->axis], what);
    return true;
}

/* Sums with one scale per group need activations whose scale comes last: those of run time, or floats. */
static void check_kernel(qir_sharing *s, const share_key *k)
{
    const qir_op *op = k->user;
    const share_key *x = &s->keys.data[index_of(&s->edges, op)];
    bool grouped = k->spec.group && qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_ACCUM;
    if (grouped && x->spec.kind != QIR_QSPEC_FLOAT && !x->spec.dynamic)
        s->ok = qir_error(qir_context_diag(s->ctx), op->loc, "quant.kernel",
                          "%s has no integer form with grouped weights and static activations; use "
                          "-quantize=dynamic or -quantize=weight-only, or one scale per channel "
                          "(-weights=int4)",
                          qir_op_name(op));
}

/* `i`: operand number, -1 for the result. */
static void read_entry(qir_sharing *s, share_key *k, const char *text, int64_t i)
{
    const qir_qspec *spec = qir_qspec_names_get(s->names, text, k->user->loc);
    s->ok = s->ok && spec;
    if (!spec)
        return;
    k->spec = *spec;
    if (spec->kind == QIR_QSPEC_PRODUCER && i >= 0)
        share_with_producer(s, k);
    else if (spec->kind == QIR_QSPEC_PRODUCER)
        fail(s, k->user, "quantization entry 'src' is for operands, not for results");
    else if (spec->kind == QIR_QSPEC_OPERAND)
        share_with_operand(s, k);
    if (k->spec.axis == QIR_QSPEC_PER_CHANNEL)
        k->spec.axis = channel_axis(k->user, i);
    if (spec->kind == QIR_QSPEC_OWN && check_group(s, k) && i > 0)
        check_kernel(s, k);
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
        share_key k = {.user = op, .value = qir_op_operand(op, i), .group = -1, .source = UNKNOWN};
        if (in && k.value)
            read_entry(s, &k, in->u.strings[i], i);
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
    share_key k = {.user = op, .value = &op->results[0], .group = -1, .source = UNKNOWN};
    read_entry(s, &k, out->u.s, -1);
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
    fail(s, k[i].user, "quantization entries share with each other, but none of them has parameters");
    return UNKNOWN;
}

/* Unites a key with the first key of the same value that wants the same parameters. */
static void share_implicitly(qir_sharing *s, qir_map *first, uint32_t i)
{
    share_key *k = s->keys.data;
    const qir_qspec *spec = &k[k[i].source].spec;
    uint32_t *next = NULL, at = index_of(first, k[i].value);
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
