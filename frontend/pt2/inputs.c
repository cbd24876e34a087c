/* Inputs and outputs of the program.  What it writes to (buffers, mutated arguments) is state of the
 * caller: an extra input that holds the old contents, an extra output for the new ones. */
#include <string.h>

#include "pt2/import.h"

static bool is_tensor(const pt2_spec *s)
{
    return s->arg.kind == PT2_TENSOR;
}

/* Do outputs or operators in place give it new contents? */
static bool is_state(pt2_import *imp, const pt2_spec *s)
{
    const pt2_program *p = &imp->program;
    for (size_t i = 0; i < p->noutputs; i++)
        if (p->outputs[i].role == PT2_MUTATION && s->target &&
            strcmp(p->outputs[i].target, s->target) == 0)
            return true;
    return qir_map_has(&imp->written, s->arg.s);
}

static const char *name_of(const pt2_spec *s)
{
    return s->role == PT2_USER ? s->arg.s : s->target;
}

/* An argument of the compiled function. */
static bool add_argument(pt2_import *imp, pt2_value *v)
{
    const char *name = name_of(v->spec);
    const pt2_meta *meta = qir_strmap_get(&imp->program.tensors, v->name, strlen(v->name));
    const qir_type *t = meta ? pt2_meta_type(imp, name, meta) : NULL;
    if (!t)
        return imp->fe.failed ? false : fe_error_at(&imp->fe, imp->loc, "input",
                                                    "input '%s' has no type", name);
    if (!fe_add_input(&imp->fe, imp->loc, name, t->dtype, t->dims, t->rank, NULL))
        return false;
    v->value = fe_find(&imp->fe, name);
    return true;
}

static bool add_input(pt2_import *imp, const pt2_spec *s)
{
    if (s->role == PT2_STRANGE)
        return fe_error_at(&imp->fe, imp->loc, "input", "inputs of kind '%s' are not supported",
                           s->target);
    if (!is_tensor(s) && s->arg.kind != PT2_SYM)
        return true; /* a Python value that tracing fixed */
    pt2_value *v = pt2_new_value(imp, s->arg.s);
    if (!v)
        return false;
    v->spec = s;
    if (s->arg.kind == PT2_SYM) {
        const pt2_size *size = qir_strmap_get(&imp->program.symbols, s->arg.s, strlen(s->arg.s));
        v->number.kind = PT2_INT;
        return size ? pt2_size_eval(imp, size, &v->number.i)
                    : fe_error_at(&imp->fe, imp->loc, "symint", "input '%s' has no value", v->name);
    }
    return s->role != PT2_USER || add_argument(imp, v);
}

/* After the user's own inputs. */
static bool add_states(pt2_import *imp)
{
    for (size_t i = 0; i < imp->program.ninputs; i++) {
        const pt2_spec *s = &imp->program.inputs[i];
        if (is_tensor(s) && s->role != PT2_USER && is_state(imp, s) &&
            !add_argument(imp, pt2_lookup(imp, s->arg.s)))
            return false;
    }
    return true;
}

bool pt2_import_inputs(pt2_import *imp)
{
    for (size_t i = 0; i < imp->program.ninputs; i++)
        if (!add_input(imp, &imp->program.inputs[i]))
            return false;
    imp->fe.node.loc = imp->loc;
    return add_states(imp) && pt2_check_ranges(imp) && fe_check_const_inputs(&imp->fe);
}

/* --- outputs ------------------------------------------------------------------------------------------- */
typedef struct results {
    qir_value **values;
    const char **names;
    size_t n;
} results;

static bool add_result(pt2_import *imp, results *r, const char *name, const pt2_arg *arg)
{
    fe_builder *fe = &imp->fe;
    pt2_value *v = arg->s ? pt2_lookup(imp, arg->s) : NULL;
    const pt2_arg *number = arg->kind == PT2_SYM && v ? &v->number : arg;
    qir_value *out = NULL;
    fe_begin_node(fe, &(fe_node){name, "output", name, imp->loc});
    if (number->kind == PT2_TENSOR)
        out = v ? pt2_read(imp, v) : NULL;
    else if (number->kind == PT2_FLOAT)
        out = fe_scalar(fe, QIR_f32, number->f);
    else if (number->kind == PT2_INT)
        out = fe_scalar(fe, QIR_i64, (double)number->i);
    else if (number->kind == PT2_BOOL)
        out = fe_scalar(fe, QIR_i1, (double)number->i);
    if (!out)
        return !fe->failed && fe_error(fe, "output", "nothing computes it");
    r->values[r->n] = out;
    r->names[r->n++] = name;
    return true;
}

static bool add_output(pt2_import *imp, results *r, const pt2_spec *s, size_t i)
{
    if (s->role == PT2_STRANGE)
        return fe_error_at(&imp->fe, imp->loc, "output", "outputs of kind '%s' are not supported",
                           s->target);
    if (s->arg.kind == PT2_NONE)
        return true; /* None in the tree of outputs */
    const char *name = s->role == PT2_MUTATION ? s->target
                       : s->arg.s              ? s->arg.s
                                               : qir_arena_printf(imp->fe.arena, "output_%zu", i);
    return add_result(imp, r, name, &s->arg);
}

static bool is_mutation_output(const pt2_program *p, const pt2_spec *input)
{
    for (size_t i = 0; i < p->noutputs; i++)
        if (p->outputs[i].role == PT2_MUTATION &&
            strcmp(p->outputs[i].target, name_of(input)) == 0)
            return true;
    return false;
}

bool pt2_import_outputs(pt2_import *imp)
{
    const pt2_program *p = &imp->program;
    results r = {.values = QIR_NEW_ARRAY(imp->fe.arena, qir_value *, p->noutputs + p->ninputs),
                 .names = QIR_NEW_ARRAY(imp->fe.arena, const char *, p->noutputs + p->ninputs)};
    for (size_t i = 0; i < p->noutputs; i++)
        if (!add_output(imp, &r, &p->outputs[i], i))
            return false;
    for (size_t i = 0; i < p->ninputs; i++) {
        const pt2_spec *s = &p->inputs[i];
        if (is_tensor(s) && qir_map_has(&imp->written, s->arg.s) && !is_mutation_output(p, s) &&
            !add_result(imp, &r, name_of(s), &s->arg))
            return false;
    }
    if (!r.n)
        return fe_error_at(&imp->fe, imp->loc, "output", "the program has no outputs");
    return fe_return(&imp->fe, r.values, r.names, r.n);
}
