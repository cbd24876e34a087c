/* How a model is read: from the option table to the importer's options. */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "qir/params.h"
#include "qir/preprocess.h"
#include "qir/qmath.h"
#include "qir/support/vec.h"

/* "a,b" given once and "a" "b" given twice are the same. */
static void split(const cl_list *list, const char *const **items, size_t *n)
{
    QIR_VEC(const char *) all = {0};
    for (size_t i = 0; i < list->len; i++)
        for (const char *s = list->items[i]; s;) {
            size_t len = strcspn(s, ",");
            if (len)
                qir_vec_push(&all, strndup(s, len));
            s = s[len] ? s + len + 1 : NULL;
        }
    *items = all.data;
    *n = all.len;
}

qir_import_options tool_import_options(const tool_import *i, const tool_common *common)
{
    qir_import_options o = {.bindings = i->bindings.items,
                            .nbindings = i->bindings.len,
                            .const_inputs = i->const_inputs.items,
                            .nconst_inputs = i->const_inputs.len,
                            .custom_ops = i->custom_ops.items,
                            .ncustom_ops = i->custom_ops.len,
                            .model = i->model,
                            .max_source = (size_t)common->max_source};
    split(&i->inputs, &o.inputs, &o.ninputs);
    split(&i->outputs, &o.outputs, &o.noutputs);
    return o;
}

static bool bind_params(qir_module *m, const tool_import *i)
{
    qir_diag_engine *diag = qir_context_diag(m->ctx);
    for (size_t k = 0; k < i->params.len; k++) {
        const char *text = i->params.items[k], *eq = strchr(text, '=');
        if (!eq || eq == text || !eq[1])
            return qir_error(diag, NULL, "params.option", "-params expects SCOPE=FILE, got '%.80s'",
                             text);
        const char *scope = qir_intern(m->ctx, text, (size_t)(eq - text));
        qir_params *params = qir_module_params(m, scope);
        if (!params)
            return qir_error(diag, NULL, "params.option", "the model has no params scope '@%s'",
                             scope);
        qir_params_bind(params, eq + 1);
    }
    return true;
}

static bool set_preprocess(qir_module *m, const tool_import *i)
{
    qir_func *f = qir_module_main(m);
    if (!i->preprocess.len)
        return true;
    if (!f)
        return qir_error(qir_context_diag(m->ctx), m->loc, "samples.preprocess",
                         "-preprocess expects a function @main or a single function");
    return qir_func_set_preprocess(f, i->preprocess.items, i->preprocess.len);
}

bool tool_finish_import(qir_module *m, const tool_import *i)
{
    return bind_params(m, i) && (!i->compat || qir_module_set_compat(m, i->compat)) &&
           set_preprocess(m, i);
}
