/* Arguments as translators read them: by the names of the signature. */
#include <string.h>

#include "pt2/import.h"

static const struct pt2_param *find_param(const pt2_call *c, const char *name)
{
    size_t len = strlen(name);
    for (unsigned i = 0; i < c->nparams; i++)
        if (c->params[i].name_len == len && strncmp(c->params[i].name, name, len) == 0)
            return &c->params[i];
    return NULL;
}

const pt2_arg *pt2_get(const pt2_call *c, const char *name)
{
    const struct pt2_param *p = find_param(c, name);
    QIR_ASSERT(p, "a translator asks for an argument that the signature lacks");
    return &p->arg;
}

bool pt2_knows(const pt2_call *c, const char *name)
{
    return find_param(c, name) != NULL;
}

const pt2_arg *pt2_at(const pt2_call *c, unsigned i)
{
    QIR_ASSERT(i < c->nparams, "a translator asks for an argument that the signature lacks");
    return &c->params[i].arg;
}

bool pt2_has(const pt2_call *c, const char *name)
{
    return pt2_get(c, name)->kind != PT2_NONE;
}

qir_value *pt2_tensor_of(pt2_call *c, const pt2_arg *arg)
{
    if (arg->kind != PT2_TENSOR)
        return NULL;
    pt2_value *v = pt2_lookup(c->imp, arg->s);
    if (v)
        return pt2_read(c->imp, v);
    fe_error(c->fe, "undef", "nothing defines operand '%s'", arg->s);
    return NULL;
}

qir_value *pt2_tensor(pt2_call *c, const char *name)
{
    return pt2_tensor_of(c, pt2_get(c, name));
}

double pt2_number(const pt2_arg *arg)
{
    return arg->kind == PT2_FLOAT ? arg->f : (double)arg->i;
}

int64_t pt2_int(const pt2_call *c, const char *name)
{
    return pt2_get(c, name)->i;
}

double pt2_float(const pt2_call *c, const char *name)
{
    return pt2_number(pt2_get(c, name));
}

bool pt2_bool(const pt2_call *c, const char *name)
{
    return pt2_get(c, name)->i != 0;
}

const char *pt2_string(const pt2_call *c, const char *name)
{
    return pt2_get(c, name)->s;
}

const int64_t *pt2_ints_of(pt2_call *c, const pt2_arg *arg, size_t *n)
{
    bool single = arg->kind != PT2_LIST && arg->kind != PT2_NONE;
    *n = single ? 1 : arg->n;
    int64_t *out = QIR_NEW_ARRAY(c->fe->scratch, int64_t, *n);
    for (size_t i = 0; i < *n; i++)
        out[i] = single ? arg->i : arg->items[i].i;
    return out;
}

const int64_t *pt2_ints(pt2_call *c, const char *name, size_t *n)
{
    return pt2_ints_of(c, pt2_get(c, name), n);
}

bool pt2_type(pt2_call *c, const char *name, qir_dtype dflt, qir_dtype *out)
{
    const pt2_arg *arg = pt2_get(c, name);
    *out = dflt;
    if (arg->kind == PT2_NONE || pt2_dtype(arg->i, out))
        return true;
    return fe_error(c->fe, "type", "element type %s is not supported",
                    pt2_dtype_name(c->fe->ctx, arg->i));
}

bool pt2_axis(pt2_call *c, const char *name, unsigned rank, int64_t *out)
{
    return fe_axis(c->fe, pt2_int(c, name), rank ? rank : 1, false, out); /* 0-d: as if [1] */
}

qir_value *pt2_self(pt2_call *c)
{
    return pt2_tensor_of(c, pt2_at(c, 0));
}

bool pt2_set_number(pt2_call *c, int64_t v)
{
    pt2_value *out = c->nouts && c->outs[0] ? pt2_new_value(c->imp, c->outs[0]) : NULL;
    if (out)
        out->number = (pt2_arg){.kind = PT2_INT, .i = v};
    return out || !c->nouts;
}
