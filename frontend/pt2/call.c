/* One node: arguments, translator, results; views and operators that write in place. */
#include <string.h>

#include "pt2/import.h"

static size_t count_outs(const pt2_node *n)
{
    size_t count = 0;
    for (size_t i = 0; i < n->nouts; i++)
        count += n->outs[i].kind == PT2_LIST ? n->outs[i].n : 1;
    return count;
}

static void list_outs(pt2_call *c)
{
    const pt2_node *n = c->node;
    size_t count = count_outs(n);
    c->outs = QIR_NEW_ARRAY(c->fe->scratch, const char *, count);
    c->results = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, count);
    for (size_t i = 0; i < n->nouts; i++) {
        const pt2_arg *out = &n->outs[i];
        if (out->kind != PT2_LIST)
            c->outs[c->nouts++] = out->s;
        for (size_t k = 0; out->kind == PT2_LIST && k < out->n; k++)
            c->outs[c->nouts++] = out->items[k].s;
    }
}

bool pt2_wanted(const pt2_call *c, unsigned i)
{
    return i < c->nouts && c->outs[i] && qir_map_has(&c->imp->wanted, c->outs[i]);
}

bool pt2_set(pt2_call *c, unsigned i, qir_value *v)
{
    if (i < c->nouts)
        c->results[i] = v;
    return v != NULL;
}

/* --- results ----------------------------------------------------------------------------------------- */
/* What was computed must be what the archive says: symbols are bound, so both are plain types. */
static bool check_type(pt2_import *imp, const char *name, const qir_value *v)
{
    const pt2_meta *meta = qir_strmap_get(&imp->program.tensors, name, strlen(name));
    const qir_type *t = meta ? pt2_meta_type(imp, name, meta) : v->type;
    if (!t || t == v->type)
        return t != NULL;
    return fe_error(&imp->fe, "shape", "computes %s, the archive says %s",
                    qir_type_text(imp->fe.ctx, v->type), qir_type_text(imp->fe.ctx, t));
}

/* Integers of a quantized tensor: that has the name already. */
static bool is_bridge(const qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    return op && op->opcode == QIR_OP_storage_cast;
}

static bool define(pt2_call *c, unsigned i, qir_value *v)
{
    pt2_value *out = pt2_new_value(c->imp, c->outs[i]);
    if (!out || !check_type(c->imp, c->outs[i], v))
        return false;
    out->value = v;
    if (!is_bridge(v))
        fe_name_value(c->fe, v, out->name);
    if (c->row->sharing == PT2_FRESH || !c->self)
        return true;
    out->base = c->self;
    out->node = c->node;
    out->result = i;
    out->depth = c->self->depth + 1;
    out->version = c->self->version;
    out->maybe = c->row->sharing == PT2_MAYBE;
    return true;
}

/* The result is the operand itself, which now holds what was computed. */
static bool define_written(pt2_call *c)
{
    qir_value *v = c->results[0];
    if (!c->self || c->nouts != 1)
        return fe_error(c->fe, "arg", "writes in place, but has no single tensor to write to");
    if (qir_map_has(&c->imp->values, c->outs[0]))
        return fe_error(c->fe, "ssa", "the graph defines '%s' twice", c->outs[0]);
    if (!pt2_read(c->imp, c->self))
        return false;
    v = fe_cast(c->fe, v, c->self->value->type->dtype); /* as copying into it does */
    if (!v || !check_type(c->imp, c->outs[0], v) || !pt2_write(c->imp, c->self, v))
        return false;
    fe_name_value(c->fe, v, c->outs[0]);
    qir_map_put(&c->imp->values, c->outs[0], c->self);
    return true;
}

static bool define_results(pt2_call *c, bool in_place)
{
    if (in_place)
        return define_written(c);
    for (unsigned i = 0; i < c->nouts; i++)
        if (c->outs[i] && c->results[i] && !define(c, i, c->results[i]))
            return false;
    return true;
}

/* --- nodes ------------------------------------------------------------------------------------------- */
static void find_self(pt2_call *c)
{
    const pt2_arg *first = c->nparams ? &c->params[0].arg : NULL;
    if (first && first->kind == PT2_TENSOR)
        c->self = pt2_lookup(c->imp, first->s);
}

static bool run(pt2_call *c)
{
    list_outs(c);
    if (c->row->signature && !pt2_bind_params(c))
        return false;
    find_self(c);
    return c->row->fn(c) && !c->fe->failed;
}

static fe_node describe(pt2_import *imp, const pt2_node *n)
{
    const char *name = *n->module ? qir_arena_printf(imp->fe.arena, "%s/%s", n->module, n->name)
                                  : n->name;
    return (fe_node){name, n->target, n->name, imp->loc};
}

bool pt2_translate(pt2_import *imp, const pt2_node *n)
{
    bool in_place;
    pt2_call c = {.fe = &imp->fe, .imp = imp, .node = n};
    fe_node node = describe(imp, n);
    fe_begin_node(&imp->fe, &node);
    c.row = pt2_table_find(imp, n, &in_place);
    qir_op *last = imp->fe.b.block->last;
    bool ok = run(&c) && define_results(&c, in_place);
    pt2_note_source(imp, n, last);
    fe_end_node(&imp->fe);
    return ok;
}

/* In the middle of another node, whose scratch memory stays. */
qir_value *pt2_replay(pt2_import *imp, const pt2_node *n, unsigned result)
{
    bool in_place;
    fe_node outer = imp->fe.node;
    const qir_loc *loc = imp->fe.b.loc;
    pt2_call c = {.fe = &imp->fe, .imp = imp, .node = n};
    fe_node node = describe(imp, n);
    fe_begin_node(&imp->fe, &node);
    c.row = pt2_table_find(imp, n, &in_place);
    bool ok = run(&c);
    imp->fe.node = outer;
    imp->fe.b.loc = loc;
    return ok && result < c.nouts ? c.results[result] : NULL;
}
