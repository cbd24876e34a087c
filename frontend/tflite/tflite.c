/* TensorFlow Lite to QIR: decodes the model, checks that the table takes all operators, then
 * translates them in the order of the file, which is the order of execution.
 *
 * Variable tensors are state: each becomes an argument and, behind the model's own results, a result
 * with the value for the next run (-const-input makes it a constant instead). */
#include <string.h>

#include "qir/text.h"
#include "tflite/import.h"

static const char *tensor_name(const tfl_import *imp, int32_t tensor)
{
    return imp->model.tensors[tensor].name;
}

/* --- arguments -------------------------------------------------------------------------------- */

static bool add_argument(tfl_import *imp, int32_t tensor)
{
    fe_builder *fe = &imp->fe;
    const tfl_tensor *t = &imp->model.tensors[tensor];
    const qir_loc *loc = qir_fb_loc(&imp->model.file, t->offset);
    const qir_type *type = tfl_stored_type(imp, t);
    if (imp->stored[tensor] || t->data)
        return fe_error_at(fe, loc, "ssa", "input '%s' is a constant, or listed twice", t->name);
    if (!type)
        return false;
    if (!fe_const_input(fe, t->name))
        return fe_define(fe, t->name,
                         imp->stored[tensor] = qir_func_add_arg(fe->f, type, NULL, t->name));
    if (!fe_add_input(fe, loc, t->name, t->dtype, t->dims, t->rank, NULL))
        return false;
    qir_value *v = fe_find(fe, t->name);
    imp->stored[tensor] = type->quant ? fe_to_quantized(fe, v, type->quant) : v;
    return imp->stored[tensor];
}

static bool add_arguments(tfl_import *imp)
{
    const tfl_model *m = &imp->model;
    imp->stored = QIR_NEW_ARRAY(imp->fe.arena, qir_value *, m->ntensors);
    imp->real = QIR_NEW_ARRAY(imp->fe.arena, qir_value *, m->ntensors);
    for (size_t i = 0; i < m->ninputs; i++)
        if (!add_argument(imp, m->inputs[i]))
            return false;
    for (size_t i = 0; i < m->ntensors; i++)
        if (m->tensors[i].variable && !imp->stored[i] && !add_argument(imp, (int32_t)i))
            return false;
    return fe_check_const_inputs(&imp->fe);
}

/* --- operators -------------------------------------------------------------------------------- */

static bool resolve_operands(tfl_call *c)
{
    const tfl_operator *n = c->node;
    c->in = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, n->nin);
    c->nin = n->nin;
    for (uint32_t i = 0; i < n->nin; i++) {
        if (n->in[i] < 0)
            continue; /* an omitted operand: the others keep their places */
        c->in[i] = tfl_real(c->imp, n->in[i]);
        if (!c->in[i])
            return !c->fe->failed && fe_error(c->fe, "ssa", "operand '%s' is not computed before it",
                                              tensor_name(c->imp, n->in[i]));
    }
    return true;
}

static bool check_counts(const tfl_call *c)
{
    const tfl_row *row = c->row;
    unsigned n = c->nin;
    while (n > row->min_in && !c->in[n - 1])
        n--;
    if (n < row->min_in || (row->max_in != TFL_ANY && n > row->max_in))
        return fe_error(c->fe, "arity", "%u operands, expected %u to %u", n, row->min_in,
                        row->max_in);
    for (unsigned i = 0; i < row->min_in; i++)
        if (!c->in[i] && !(row->const_in & TFL_HOLES))
            return fe_error(c->fe, "index", "operand %u must not be omitted", i);
    if (c->node->nout < 1 || (row->max_out != TFL_ANY && c->node->nout > row->max_out))
        return fe_error(c->fe, "arity", "%u results, expected 1 to %u", c->node->nout,
                        row->max_out);
    return true;
}

static bool check_constants(const tfl_call *c)
{
    for (unsigned i = 0; i < c->nin && i < 30; i++)
        if (c->row->const_in >> i & 1 && c->in[i] && c->in[i]->kind != QIR_VALUE_CONST)
            return fe_error(c->fe, "const", "operand %u ('%s') must be a constant", i,
                            tfl_in_tensor(c, i)->name);
    return true;
}

static bool check_options(const tfl_call *c)
{
    unsigned type = c->node->options_type, want = c->row->options;
    return !type || !want || type == want ||
           fe_error(c->fe, "options", "its options are those of another operator (%u, expected %u)",
                    type, want);
}

/* Integer arithmetic has 8 bits; wider activations would silently run in float. */
static bool check_activations(const tfl_call *c)
{
    const tfl_tensor *tensors = c->imp->model.tensors;
    for (uint32_t i = 0; i < c->node->nin + c->node->nout; i++) {
        int32_t t = i < c->node->nin ? c->node->in[i] : c->node->out[i - c->node->nin];
        if (t >= 0 && tensors[t].dtype == QIR_i16 && tensors[t].quant.n && !tensors[t].variable &&
            !(c->row->const_in & TFL_WIDE))
            return fe_error(c->fe, "type", "16-bit activations ('%s') are not supported",
                            tensors[t].name);
    }
    return true;
}

static bool translate(tfl_import *imp, const tfl_operator *n)
{
    fe_builder *fe = &imp->fe;
    const char *name = n->nout ? tensor_name(imp, n->out[0]) : tfl_operator_name(n);
    tfl_call c = {.imp = imp, .fe = fe, .node = n, .row = tfl_table_find(n)};
    fe_begin_node(fe, &(fe_node){name, tfl_operator_name(n), name,
                                 qir_fb_loc(&imp->model.file, n->offset)});
    fe_custom custom;
    bool ok = resolve_operands(&c);
    if (tfl_find_custom(imp, n, &custom))
        ok = ok && tfl_custom(&c, &custom);
    else
        ok = ok && check_counts(&c) && check_constants(&c) && check_options(&c) &&
             check_activations(&c) && c.row->fn(&c);
    ok = ok && !fe->failed && !imp->model.file.failed;
    fe_end_node(fe);
    return ok;
}

/* --- results ---------------------------------------------------------------------------------- */

static bool add_results(tfl_import *imp)
{
    const tfl_model *m = &imp->model;
    size_t n = 0, room = m->noutputs + m->ntensors;
    qir_value **values = QIR_NEW_ARRAY(imp->fe.arena, qir_value *, room);
    const char **names = QIR_NEW_ARRAY(imp->fe.arena, const char *, room);
    for (size_t i = 0; i < m->noutputs; i++, n++) {
        values[n] = tfl_stored(imp, m->outputs[i]);
        names[n] = tensor_name(imp, m->outputs[i]);
        if (!values[n])
            return !imp->fe.failed && fe_error_at(&imp->fe, qir_fb_loc(&m->file, 0), "ssa",
                                                  "no operator computes output '%s'", names[n]);
    }
    for (size_t i = 0; i < m->ntensors; i++) {
        if (!m->tensors[i].variable || fe_const_input(&imp->fe, m->tensors[i].name))
            continue;
        values[n] = imp->stored[i];
        names[n++] = qir_arena_printf(imp->fe.arena, "%s.next", m->tensors[i].name);
    }
    return fe_return(&imp->fe, values, names, n);
}

static bool import_graph(tfl_import *imp)
{
    if (!fe_check_customs(&imp->fe) || !tfl_cut(imp) || !tfl_check_supported(imp) || !add_arguments(imp))
        return false;
    for (size_t i = 0; i < imp->model.noperators; i++)
        if (!translate(imp, &imp->model.operators[i]))
            return false;
    return add_results(imp);
}

qir_module *qir_import_tflite(qir_context *ctx, const char *path, const void *data, size_t len,
                              const qir_import_options *opts)
{
    tfl_import imp = {0};
    fe_open(&imp.fe, ctx, "tfl", opts);
    bool ok =
        tfl_model_read(ctx, imp.fe.arena, path, data, len, &imp.model) && import_graph(&imp);
    if (ok && *imp.model.name)
        imp.fe.m->name = qir_intern_cstr(ctx, fe_identifier(&imp.fe, imp.model.name));
    return fe_close(&imp.fe, ok);
}
