/* Ops, operands, use lists, values. */
#include "module_priv.h"

#include <string.h>
#include "qir/ops.h"
#include "qir/support/assert.h"

/* ---- use lists --------------------------------------------------------------------------- */

static void link_use(qir_use *u, qir_value *v)
{
    u->value = v;
    if (!v)
        return;
    u->next = v->uses;
    u->prev = &v->uses;
    if (u->next)
        u->next->prev = &u->next;
    v->uses = u;
}

static void unlink_use(qir_use *u)
{
    if (!u->value)
        return;
    *u->prev = u->next;
    if (u->next)
        u->next->prev = u->prev;
    u->value = NULL;
    u->next = NULL;
    u->prev = NULL;
}

/* ---- creation and removal ----------------------------------------------------------------- */

static qir_op *alloc_op(qir_module *m, uint16_t nresults)
{
    if (nresults < 4 && m->priv->free_ops[nresults]) {
        qir_op *op = m->priv->free_ops[nresults];
        m->priv->free_ops[nresults] = op->next;
        memset(op, 0, sizeof *op + nresults * sizeof op->results[0]);
        return op;
    }
    return qir_arena_alloc(m->arena, sizeof(qir_op) + nresults * sizeof(qir_value));
}

qir_op *qir_op_create(qir_module *m, qir_opcode opcode, qir_value *const *operands,
                      uint32_t noperands, const qir_type *const *result_types, uint16_t nresults,
                      const qir_dict *attrs, const qir_loc *loc)
{
    qir_op *op = alloc_op(m, nresults);
    op->opcode = opcode;
    op->loc = loc;
    op->attrs = attrs;
    op->nresults = nresults;
    op->noperands = op->operand_cap = noperands;
    op->operands = QIR_NEW_ARRAY(m->arena, qir_use, noperands);
    for (uint32_t i = 0; i < noperands; i++) {
        op->operands[i].user = op;
        link_use(&op->operands[i], operands[i]);
    }
    for (uint16_t i = 0; i < nresults; i++)
        op->results[i] = (qir_value){
            .type = result_types[i], .def = op, .index = i, .kind = QIR_VALUE_RESULT};
    return op;
}

static void insert_between(qir_op *op, qir_block *b, qir_op *prev, qir_op *next)
{
    op->parent = b;
    op->prev = prev;
    op->next = next;
    *(prev ? &prev->next : &b->first) = op;
    *(next ? &next->prev : &b->last) = op;
    if (next)
        b->order_valid = false;
    else
        op->order = prev ? prev->order + 1 : 0;
}

void qir_op_insert_before(qir_op *op, qir_op *before)
{
    insert_between(op, before->parent, before->prev, before);
}

void qir_op_append(qir_block *b, qir_op *op)
{
    if (!b->last)
        b->order_valid = true;
    insert_between(op, b, b->last, NULL);
}

static void remove_from_block(qir_op *op)
{
    qir_block *b = op->parent;
    *(op->prev ? &op->prev->next : &b->first) = op->next;
    *(op->next ? &op->next->prev : &b->last) = op->prev;
    op->parent = NULL;
}

void qir_op_erase(qir_op *op)
{
    qir_module *m = qir_op_module(op);
    for (uint16_t i = 0; i < op->nresults; i++)
        QIR_ASSERT(!op->results[i].uses, "erasing an op whose results are used");
    for (uint32_t i = 0; i < op->noperands; i++)
        unlink_use(&op->operands[i]);
    remove_from_block(op);
    if (op->nresults < 4) {
        op->next = m->priv->free_ops[op->nresults];
        m->priv->free_ops[op->nresults] = op;
    }
}

qir_module *qir_op_module(const qir_op *op)
{
    return op->parent->parent->module;
}

/* ---- operands and results ------------------------------------------------------------------- */

qir_value *qir_op_operand(const qir_op *op, uint32_t i)
{
    return i < op->noperands ? op->operands[i].value : NULL;
}

void qir_op_set_operand(qir_op *op, uint32_t i, qir_value *v)
{
    QIR_ASSERT(i < op->noperands, "operand index");
    unlink_use(&op->operands[i]);
    link_use(&op->operands[i], v);
}

void qir_op_add_operand(qir_op *op, qir_value *v)
{
    if (op->noperands == op->operand_cap) {
        uint32_t cap = op->operand_cap ? op->operand_cap * 2 : 2;
        qir_use *bigger = QIR_NEW_ARRAY(qir_op_module(op)->arena, qir_use, cap);
        for (uint32_t i = 0; i < op->noperands; i++) {
            qir_value *kept = op->operands[i].value;
            unlink_use(&op->operands[i]);
            bigger[i].user = op;
            link_use(&bigger[i], kept);
        }
        op->operands = bigger;
        op->operand_cap = cap;
    }
    qir_use *u = &op->operands[op->noperands++];
    u->user = op;
    link_use(u, v);
}

qir_value *qir_op_result(qir_op *op, uint32_t i)
{
    QIR_ASSERT(i < op->nresults, "result index");
    return &op->results[i];
}

bool qir_op_before(qir_op *a, qir_op *b)
{
    qir_block *block = a->parent;
    QIR_ASSERT(block == b->parent, "ops of different blocks have no order");
    if (!block->order_valid) {
        uint32_t n = 0;
        for (qir_op *op = block->first; op; op = op->next)
            op->order = n++;
        block->order_valid = true;
    }
    return a->order < b->order;
}

/* ---- attributes ------------------------------------------------------------------------------ */

const qir_attr *qir_op_attr(const qir_op *op, const char *name)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const qir_attr *a = qir_dict_get(op->attrs, qir_intern_cstr(ctx, name));
    return a ? a : qir_op_default_attr(ctx, op->opcode, name);
}

void qir_op_set_attr(qir_op *op, const char *name, const qir_attr *value)
{
    op->attrs = qir_dict_set(qir_op_module(op)->ctx, op->attrs, name, value);
}

static const qir_attr *typed_attr(const qir_op *op, const char *name, qir_attr_kind kind)
{
    const qir_attr *a = qir_op_attr(op, name);
    QIR_ASSERT(a && a->kind == kind, name);
    (void)kind;
    return a;
}

int64_t qir_op_int(const qir_op *op, const char *name)
{
    return typed_attr(op, name, QIR_ATTR_INT)->u.i;
}

float qir_op_float(const qir_op *op, const char *name)
{
    return typed_attr(op, name, QIR_ATTR_FLOAT)->u.f;
}

bool qir_op_bool(const qir_op *op, const char *name)
{
    return typed_attr(op, name, QIR_ATTR_BOOL)->u.b;
}

const char *qir_op_string(const qir_op *op, const char *name)
{
    return typed_attr(op, name, QIR_ATTR_STRING)->u.s;
}

const int64_t *qir_op_ints(const qir_op *op, const char *name, size_t *n)
{
    const qir_attr *a = typed_attr(op, name, QIR_ATTR_INTS);
    *n = a->len;
    return a->u.ints;
}

const float *qir_op_floats(const qir_op *op, const char *name, size_t *n)
{
    const qir_attr *a = typed_attr(op, name, QIR_ATTR_FLOATS);
    *n = a->len;
    return a->u.floats;
}

/* ---- values ----------------------------------------------------------------------------------- */

qir_op *qir_value_op(const qir_value *v)
{
    return v && v->kind == QIR_VALUE_RESULT ? v->def : NULL;
}

bool qir_value_has_one_use(const qir_value *v)
{
    return v->uses && !v->uses->next;
}

void qir_value_replace_all(qir_value *from, qir_value *to)
{
    QIR_ASSERT(from != to, "replacing a value by itself");
    while (from->uses) {
        qir_use *u = from->uses;
        unlink_use(u);
        link_use(u, to);
    }
}

void qir_value_set_name(qir_module *m, qir_value *v, const char *name)
{
    v->name = name ? qir_intern_cstr(m->ctx, name) : NULL;
}
