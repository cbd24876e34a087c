/* -inputs and -outputs: tensors named there become the graph's inputs and results; operators that no
 * result needs any more are left out, whatever they are. */
#include <string.h>

#include "qir/support/suggest.h"
#include "tflite/import.h"

/* The tensor that the command line means; -1: diagnosed. */
static int32_t find_tensor(tfl_import *imp, const char *flag, const char *want)
{
    qir_suggestion near = {.name = want, .len = strlen(want)};
    for (size_t i = 0; i < imp->model.ntensors; i++) {
        const char *name = imp->model.tensors[i].name;
        if (strcmp(name, want) == 0)
            return (int32_t)i;
        if (*name)
            qir_suggestion_offer(&near, name);
    }
    fe_error_at(&imp->fe, qir_fb_loc(&imp->model.file, 0), "cut",
                "%s: the model has no tensor '%s'%s%s%s", flag, want,
                near.best ? "; did you mean '" : "", near.best ? near.best : "",
                near.best ? "'?" : "");
    return -1;
}

/* Replaces a list of tensors by those named; an empty list of names leaves it. */
static bool replace(tfl_import *imp, const char *flag, const char *const *names, size_t n,
                    const int32_t **list, size_t *count)
{
    int32_t *tensors = QIR_NEW_ARRAY(imp->fe.arena, int32_t, n);
    for (size_t i = 0; i < n; i++)
        if ((tensors[i] = find_tensor(imp, flag, names[i])) < 0)
            return false;
    if (n)
        *list = tensors, *count = n;
    return true;
}

static bool any(const bool *set, const int32_t *tensors, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tensors[i] >= 0 && set[tensors[i]])
            return true;
    return false;
}

static void mark(bool *set, const int32_t *tensors, size_t n, bool value)
{
    for (size_t i = 0; i < n; i++)
        if (tensors[i] >= 0)
            set[tensors[i]] = value;
}

/* Operators stand in the order of execution: one walk from the end finds what is needed. */
static void drop_dead(tfl_model *m, bool *wanted)
{
    size_t at = m->noperators;
    for (size_t i = m->noperators; i-- > 0;) {
        const tfl_operator n = m->operators[i];
        if (!any(wanted, n.out, n.nout))
            continue;
        mark(wanted, n.out, n.nout, false);
        mark(wanted, n.in, n.nin, true);
        mark(wanted, m->inputs, m->ninputs, false);
        m->operators[--at] = n;
    }
    m->operators += at;
    m->noperators -= at;
    for (size_t i = 0; i < m->ntensors; i++)
        m->tensors[i].variable = m->tensors[i].variable && wanted[i]; /* others are no state now */
}

bool tfl_cut(tfl_import *imp)
{
    const qir_import_options *o = imp->fe.opts;
    tfl_model *m = &imp->model;
    if (!o->ninputs && !o->noutputs)
        return true;
    if (!replace(imp, "-inputs", o->inputs, o->ninputs, &m->inputs, &m->ninputs) ||
        !replace(imp, "-outputs", o->outputs, o->noutputs, &m->outputs, &m->noutputs))
        return false;
    bool *wanted = QIR_NEW_ARRAY(imp->fe.arena, bool, m->ntensors);
    mark(wanted, m->outputs, m->noutputs, true);
    mark(wanted, m->inputs, m->ninputs, false);
    drop_dead(m, wanted);
    return true;
}
