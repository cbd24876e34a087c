/* Annotations (`quant.in`, `quant.out`) as keys: their specs, whom they share with, and whether that can
 * be. */
#include <stdlib.h>
#include <string.h>
#include "qir/diag.h"
#include "qir/ops.h"
#include "sharing_priv.h"

static void fail(qir_sharing *s, const qir_op *op, const char *what)
{
    s->ok = qir_error(qir_context_diag(s->ctx), op->loc, "quant.annotation", "%s", what);
}

static void share_with_producer(qir_sharing *s, share_key *k)
{
    k->shared = true;
    if (qir_map_has(&s->values, k->value)) {
        k->target = qir_sharing_index(&s->values, k->value);
        return;
    }
    fail(s, k->user, "quantization entry 'src' shares with a producer that has no quant.out");
}

static void share_with_operand(qir_sharing *s, share_key *k)
{
    k->shared = true;
    if (k->spec.of[0] < k->user->noperands) {
        k->target = qir_sharing_index(&s->edges, k->user) + k->spec.of[0];
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
    const share_key *x = &s->keys.data[qir_sharing_index(&s->edges, op)];
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

void qir_sharing_read(qir_sharing *s, qir_op *op)
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
