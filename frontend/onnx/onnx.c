/* ONNX to QIR: decodes the model, finds the nodes that outputs depend on, checks that the table
 * takes them all, then translates them in order. */
#include <string.h>

#include "onnx/import.h"

static const char *node_name(const onnx_node *n)
{
    return *n->name ? n->name : n->nout ? n->out[0] : n->op;
}

static bool index_initializers(onnx_import *imp)
{
    for (size_t i = 0; i < imp->model.ninitializers; i++) {
        onnx_initializer *init = &imp->model.initializers[i];
        const char *name = init->tensor.name;
        if (qir_strmap_has(&imp->initializers, name, strlen(name)))
            return qir_pb_fail(&imp->model.file, init->tensor.message.start, "onnx.ssa",
                               "initializer '%s' is defined twice", name);
        qir_strmap_put(&imp->initializers, name, strlen(name), init);
    }
    return true;
}

/* Tensor name -> node that computes it. */
static bool index_nodes(onnx_import *imp, qir_map *producers)
{
    for (size_t i = 0; i < imp->model.nnodes; i++) {
        onnx_node *n = &imp->model.nodes[i];
        for (uint32_t k = 0; k < n->nout; k++) {
            size_t len = strlen(n->out[k]);
            if (!len)
                continue;
            if (qir_strmap_has(producers, n->out[k], len) ||
                qir_strmap_has(&imp->initializers, n->out[k], len))
                return qir_pb_fail(&imp->model.file, n->offset, "onnx.ssa",
                                   "tensor '%s' is defined twice", n->out[k]);
            qir_strmap_put(producers, n->out[k], len, n);
        }
    }
    return true;
}

static bool mark_live(onnx_import *imp, const qir_map *producers)
{
    onnx_model *m = &imp->model;
    for (size_t i = 0; i < m->noutputs; i++) {
        onnx_node *n = qir_strmap_get(producers, m->outputs[i].name, strlen(m->outputs[i].name));
        if (n)
            n->live = true;
    }
    /* Nodes stand in topological order, so one walk from the end reaches everything. */
    for (size_t i = m->nnodes; i-- > 0;) {
        const onnx_node *n = &m->nodes[i];
        for (uint32_t k = 0; n->live && k < n->nin; k++) {
            onnx_node *from = qir_strmap_get(producers, n->in[k], strlen(n->in[k]));
            if (from && from >= n)
                return qir_pb_fail(&m->file, n->offset, "onnx.order",
                                   "node '%s' uses '%s' before it is computed: the graph has a "
                                   "cycle or is not sorted",
                                   node_name(n), n->in[k]);
            if (from)
                from->live = true;
        }
    }
    return true;
}

static bool find_live_nodes(onnx_import *imp)
{
    qir_map producers = {0};
    bool ok = index_nodes(imp, &producers) && mark_live(imp, &producers);
    qir_map_free(&producers);
    return ok;
}

static bool resolve_operands(onnx_call *c)
{
    onnx_node *n = c->node;
    c->in = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, n->nin);
    c->nin = n->nin;
    for (uint32_t i = 0; i < n->nin; i++) {
        if (!*n->in[i])
            continue; /* an omitted operand: the others keep their places */
        c->in[i] = onnx_lookup(c->imp, n->in[i]);
        if (!c->in[i])
            return !c->fe->failed &&
                   fe_error(c->fe, "undef", "nothing defines operand '%s'", n->in[i]);
    }
    return true;
}

static bool check_counts(const onnx_call *c)
{
    const onnx_row *row = c->row;
    unsigned n = c->nin;
    while (n > row->min_in && !c->in[n - 1])
        n--;
    if (n < row->min_in || (row->max_in != ONNX_ANY && n > row->max_in))
        return fe_error(c->fe, "arity", "%u operands, expected %u to %u", n, row->min_in,
                        row->max_in);
    if (c->node->nout < 1 || (row->max_out != ONNX_ANY && c->node->nout > row->max_out))
        return fe_error(c->fe, "arity", "%u results, expected 1 to %u", c->node->nout,
                        row->max_out);
    return true;
}

static bool check_constants(const onnx_call *c)
{
    for (unsigned i = 0; i < c->nin && i < 32; i++)
        if (c->row->const_in >> i & 1 && c->in[i] && c->in[i]->kind != QIR_VALUE_CONST)
            return fe_error(c->fe, "const",
                            "operand %u ('%s') must be a constant: if it is a graph input, give "
                            "-const-input %s=FILE",
                            i, c->node->in[i], c->node->in[i]);
    return true;
}

/* An attribute that no translator asked for would change the meaning silently. */
static bool check_attributes(const onnx_call *c)
{
    for (uint32_t i = 0; i < c->node->nattrs; i++)
        if (!c->node->attrs[i].used)
            return fe_error(c->fe, "attr", "attribute '%s' is not supported",
                            c->node->attrs[i].name);
    return true;
}

static bool translate(onnx_import *imp, onnx_node *n)
{
    fe_builder *fe = &imp->fe;
    onnx_call c = {.fe = fe, .imp = imp, .node = n, .opset = onnx_opset_of(imp, n->domain)};
    c.row = onnx_table_find(imp, n, c.opset);
    fe_begin_node(fe, &(fe_node){node_name(n), n->op, n->nout ? n->out[0] : "",
                                 qir_pb_loc(&imp->model.file, n->offset)});
    bool ok = resolve_operands(&c) && check_counts(&c) && check_constants(&c) && c.row->fn(&c) &&
              !fe->failed && !imp->model.file.failed && check_attributes(&c);
    fe_end_node(fe);
    return ok;
}

static bool import_graph(onnx_import *imp)
{
    if (!onnx_check_opsets(imp) || !index_initializers(imp) || !find_live_nodes(imp) ||
        !onnx_check_supported(imp) || !onnx_import_inputs(imp))
        return false;
    for (size_t i = 0; i < imp->model.nnodes; i++)
        if (imp->model.nodes[i].live && !translate(imp, &imp->model.nodes[i]))
            return false;
    return onnx_import_outputs(imp);
}

qir_module *qir_import_onnx(qir_context *ctx, const char *path, const void *data, size_t len,
                            int dir_fd, const qir_import_options *opts)
{
    onnx_import imp = {.dir_fd = dir_fd};
    fe_open(&imp.fe, ctx, "onnx", opts);
    onnx_table_init(&imp);
    bool ok = onnx_model_read(ctx, imp.fe.arena, path, data, len, &imp.model) && import_graph(&imp);
    if (ok && *imp.model.graph_name)
        imp.fe.m->name = qir_intern_cstr(ctx, fe_identifier(&imp.fe, imp.model.graph_name));
    qir_map_free(&imp.rows);
    qir_map_free(&imp.initializers);
    return fe_close(&imp.fe, ok);
}
