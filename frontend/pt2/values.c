/* Names of the graph and what they stand for.  QIR is functional, exported graphs are not: a write to a
 * tensor gives it a new value and counts; what shares its memory is computed again when it is read
 * next, and a write to a view is put back into the tensor that owns the memory. */
#include "pt2/import.h"

enum { MAX_VIEWS = 256 }; /* of views; nobody stacks more */

pt2_value *pt2_lookup(pt2_import *imp, const char *name)
{
    return qir_map_get(&imp->values, name);
}

pt2_value *pt2_new_value(pt2_import *imp, const char *name)
{
    if (qir_map_has(&imp->values, name)) {
        fe_error_at(&imp->fe, imp->loc, "ssa", "the graph defines '%s' twice", name);
        return NULL;
    }
    pt2_value *v = QIR_NEW(imp->fe.arena, pt2_value);
    v->name = name;
    qir_map_put(&imp->values, name, v);
    return v;
}

static pt2_value *owner(pt2_value *v)
{
    while (v->base)
        v = v->base;
    return v;
}

qir_value *pt2_read(pt2_import *imp, pt2_value *v)
{
    pt2_value *root = owner(v);
    if (root->lost || v->lost) {
        fe_error(&imp->fe, "inplace",
                 "'%s' may share its memory with what node '%s' writes to, which cannot be told from "
                 "the graph; make the model compute out of place there",
                 v->name, v->lost ? v->lost : root->lost);
        return NULL;
    }
    if (!v->value && v->spec)
        v->value = pt2_load(imp, v->spec);
    if (v->base && v->version != root->version) {
        if (v->depth > MAX_VIEWS)
            return fe_error(&imp->fe, "inplace", "more than %d views of views", MAX_VIEWS), NULL;
        v->value = pt2_replay(imp, v->node, v->result);
        v->version = root->version;
    }
    if (!v->value && !imp->fe.failed)
        fe_error(&imp->fe, "type", "operand '%s' is a number, expected a tensor", v->name);
    return v->value;
}

/* --- writes to views ------------------------------------------------------------------------------- */
static qir_value *untranspose(fe_builder *fe, const qir_op *op, qir_value *v)
{
    size_t n;
    const int64_t *perm = qir_op_ints(op, "perm", &n);
    int64_t inverse[QIR_MAX_RANK];
    for (size_t i = 0; i < n; i++)
        inverse[perm[i]] = (int64_t)i;
    return fe_transpose(fe, v, inverse);
}

/* The part of `x` from `begin` to `end` along `axis`; NULL if empty. */
static qir_value *part(fe_builder *fe, qir_value *x, unsigned axis, int64_t begin, int64_t end)
{
    fe_slice_spec s = fe_whole(x->type);
    s.starts[axis] = begin;
    s.ends[axis] = end;
    return begin < end ? fe_slice(fe, x, &s) : NULL;
}

/* `x` with `v` in place of the range of one axis. */
static qir_value *splice(fe_builder *fe, qir_value *x, qir_value *v, unsigned axis, int64_t begin,
                         int64_t end)
{
    qir_value *parts[3] = {part(fe, x, axis, 0, begin), v, part(fe, x, axis, end, x->type->dims[axis])};
    qir_value *kept[3];
    uint32_t n = 0;
    for (unsigned i = 0; i < 3; i++)
        if (parts[i])
            kept[n++] = parts[i];
    return n == 1 ? v
                  : fe_emit(fe, QIR_OP_concat, kept, n,
                            QIR_ATTRS({"axis", qir_attr_int(fe->ctx, axis)}), NULL);
}

/* `op`'s operand with `v` in place of its result: from the last axis, each is spliced into what the
 * ranges of the axes before it leave. */
static qir_value *unslice(fe_builder *fe, const qir_op *op, qir_value *v)
{
    qir_value *x = op->operands[0].value;
    size_t n;
    const int64_t *starts = qir_op_ints(op, "starts", &n), *ends = qir_op_ints(op, "ends", &n);
    if (qir_type_elements(v->type) == 0)
        return x;
    for (unsigned axis = x->type->rank; axis-- > 0;) {
        qir_value *around = x;
        if (starts[axis] == 0 && ends[axis] == x->type->dims[axis])
            continue;
        for (unsigned i = 0; i < axis; i++)
            around = part(fe, around, i, starts[i], ends[i]);
        v = splice(fe, around, v, axis, starts[axis], ends[axis]);
    }
    return v;
}

static bool unit_steps(const qir_op *op)
{
    size_t n;
    const int64_t *steps = qir_op_ints(op, "steps", &n);
    for (size_t i = 0; i < n; i++)
        if (steps[i] != 1)
            return false;
    return true;
}

/* The operand of `op` if its result were `v`.  NULL: that cannot be said. */
static qir_value *undo(fe_builder *fe, const qir_op *op, qir_value *v)
{
    const qir_type *t = op->operands[0].value->type;
    switch (op->opcode) {
    case QIR_OP_reshape:
        return fe_reshape(fe, v, t->dims, t->rank);
    case QIR_OP_transpose:
        return untranspose(fe, op, v);
    case QIR_OP_slice:
        return unit_steps(op) ? unslice(fe, op, v) : NULL;
    default:
        return NULL;
    }
}

/* Undoes the ops that lead from `base` to `old`, on `v`.  NULL: one cannot be undone. */
static qir_value *put_back(fe_builder *fe, const qir_value *base, const qir_value *old, qir_value *v)
{
    while (old != base && v) {
        const qir_op *op = qir_value_op(old);
        v = op && op->noperands == 1 ? undo(fe, op, v) : NULL;
        old = v ? op->operands[0].value : NULL;
    }
    return v;
}

/* A view that may be a copy: the write is certain only here. */
static void part_ways(pt2_import *imp, pt2_value *v)
{
    owner(v)->lost = imp->fe.node.name;
    v->base = NULL;
    v->version++;
}

bool pt2_write(pt2_import *imp, pt2_value *v, qir_value *contents)
{
    fe_builder *fe = &imp->fe;
    pt2_value *root = owner(v);
    if (v->value->type != contents->type)
        return fe_error(fe, "inplace", "writes %s to '%s', which is %s",
                        qir_type_text(fe->ctx, contents->type), v->name,
                        qir_type_text(fe->ctx, v->value->type));
    root->version++;
    for (;; v = v->base) {
        qir_value *old = v->value;
        v->value = contents;
        v->version = root->version;
        if (v->maybe)
            part_ways(imp, v);
        if (!v->base)
            return true;
        qir_value *base = v->base->value;
        contents = put_back(fe, base, old, contents);
        if (!contents)
            return !fe->failed && fe_error(fe, "inplace",
                                           "writes to '%s', a part of '%s' that cannot be put back; "
                                           "make the model compute out of place there",
                                           v->name, v->base->name);
    }
}
