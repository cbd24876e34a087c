/* Deep copy of a module in the same context. */
#include "module_priv.h"
#include "qir/ops.h"

static void clone_params(const qir_module *m, qir_module *copy, qir_map *map)
{
    for (qir_params *p = m->params; p; p = p->next)
        qir_map_put(map, p, qir_params_create(copy, p->name, p->path, p->loc));
}

static qir_const *clone_const(qir_const *c, qir_module *copy, qir_map *map)
{
    const char *name = c->value.name;
    switch (c->payload) {
    case QIR_PAYLOAD_DATA:
        return qir_const_create(copy, name, c->value.type, c->data, false, c->loc);
    case QIR_PAYLOAD_SPLAT:
        return qir_const_splat(copy, name, c->value.type, c->data, c->loc);
    case QIR_PAYLOAD_PARAM:
        return qir_const_param(copy, name, c->value.type, qir_map_get(map, c->params), c->key,
                               c->loc);
    }
    return NULL;
}

static qir_op *clone_op(const qir_op *op, qir_module *copy, qir_map *map)
{
    const qir_type *types[QIR_MAX_RESULTS];
    qir_value **operands = QIR_NEW_ARRAY(copy->arena, qir_value *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        operands[i] = op->operands[i].value ? qir_map_get(map, op->operands[i].value) : NULL;
    for (unsigned i = 0; i < op->nresults; i++)
        types[i] = op->results[i].type;
    qir_op *c = qir_op_create(copy, op->opcode, operands, op->noperands, types, op->nresults,
                              op->attrs, op->loc);
    for (unsigned i = 0; i < op->nresults; i++) {
        c->results[i].name = op->results[i].name;
        qir_map_put(map, &op->results[i], &c->results[i]);
    }
    return c;
}

static void clone_func(const qir_func *f, qir_module *copy, qir_map *map)
{
    qir_func *c = qir_func_create(copy, f->name, f->loc);
    c->attrs = f->attrs;
    for (uint32_t i = 0; i < f->body->nargs; i++) {
        qir_value *arg = f->body->args[i];
        qir_map_put(map, arg, qir_func_add_arg(c, arg->type, arg->name, f->arg_names[i]));
    }
    qir_func_set_results(c, f->result_types, f->result_names, f->nresults);
    for (qir_op *op = f->body->first; op; op = op->next)
        qir_op_append(c->body, clone_op(op, copy, map));
}

qir_module *qir_module_clone(qir_module *m)
{
    qir_module *copy = qir_module_create(m->ctx, m->name);
    qir_map map = {0};
    copy->loc = m->loc;
    copy->attrs = m->attrs;
    copy->source_dir = m->source_dir;
    copy->source_file = m->source_file;
    copy->stage = m->stage;
    clone_params(m, copy, &map);
    qir_for_each_const(c, m)
        qir_map_put(&map, &c->value, &clone_const(c, copy, &map)->value);
    qir_for_each_func(f, m)
        clone_func(f, copy, &map);
    qir_map_free(&map);
    return copy;
}
