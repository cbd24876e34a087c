/* Params scopes: which file serves a scope, tensors by key, moving constants out to a file. */
#include "qir/params.h"

#include <string.h>
#include "narrow.h"
#include "qir/support/assert.h"
#include "qir/support/vec.h"
#include "safetensors.h"

/* Behind qir_params.file; arena of the module. */
typedef struct params_state {
    const char *bound; /* -params scope=file: relative to the working directory */
    st_file *file;
    bool failed; /* reported once */
} params_state;

static params_state *state_of(qir_params *p)
{
    if (!p->file)
        p->file = QIR_NEW(p->module->arena, params_state);
    return p->file;
}

void qir_params_bind(qir_params *p, const char *path)
{
    params_state *s = state_of(p);
    s->bound = qir_intern_cstr(p->module->ctx, path);
    s->file = NULL;
    s->failed = false;
}

static const char *path_of(qir_params *p)
{
    const char *dir = p->module->source_dir;
    if (state_of(p)->bound)
        return state_of(p)->bound;
    if (!dir || p->path[0] == '/')
        return p->path;
    return qir_arena_printf(p->module->arena, "%s/%s", dir, p->path);
}

static st_file *open_file(qir_params *p, const qir_loc *loc)
{
    params_state *s = state_of(p);
    if (s->file || s->failed)
        return s->file;
    s->file = st_open(qir_context_diag(p->module->ctx), p->module->arena, path_of(p), p->loc);
    s->failed = !s->file;
    if (s->failed)
        qir_note(qir_context_diag(p->module->ctx), loc, "needed for this constant; -params %s=FILE "
                 "names another file", p->name);
    else
        qir_map_settle(&s->file->index, p->module->arena); /* nothing is left to close */
    return s->file;
}

/* --- types ------------------------------------------------------------------------------------ */
/* What a constant of type `t` looks like in a file. */
static void stored_shape(const qir_type *t, qir_safetensor *out, int64_t *packed_dim)
{
    out->dtype = t->dtype;
    out->dims = t->dims;
    out->rank = t->rank;
    if (t->kind == QIR_PACKED) {
        out->dtype = qir_packing_get(t->packing)->elem;
        *packed_dim = (int64_t)(qir_type_bytes(t) / qir_dtype_bytes(out->dtype));
        out->dims = packed_dim;
        out->rank = 1;
    }
}

static void describe(qir_strbuf *out, qir_dtype dtype, const int64_t *dims, unsigned rank)
{
    qir_strbuf_printf(out, "%s [", st_dtype_name(dtype));
    for (unsigned i = 0; i < rank; i++)
        qir_strbuf_printf(out, "%s%lld", i ? ", " : "", (long long)dims[i]);
    qir_strbuf_putc(out, ']');
}

static bool check_tensor(qir_params *p, const st_tensor *t, const qir_type *type,
                         const qir_loc *loc)
{
    qir_safetensor want = {0};
    int64_t packed_dim;
    stored_shape(type, &want, &packed_dim);
    if (!strcmp(st_dtype_name(want.dtype), st_dtype_name(t->dtype)) && want.rank == t->rank &&
        !memcmp(want.dims, t->dims, t->rank * sizeof *t->dims))
        return true;
    qir_strbuf text = {0};
    describe(&text, t->dtype, t->dims, t->rank);
    qir_strbuf_puts(&text, ", expected ");
    describe(&text, want.dtype, want.dims, want.rank);
    qir_error(qir_context_diag(p->module->ctx), loc, "params.type", "tensor '%s' in '%s' is %s",
              t->key, path_of(p), qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return false;
}

const void *qir_params_load(qir_params *p, const char *key, const qir_type *type,
                            const qir_loc *loc)
{
    qir_diag_engine *diag = qir_context_diag(p->module->ctx);
    const st_file *f = open_file(p, loc);
    if (!f)
        return NULL;
    const st_tensor *t = st_find(f, key);
    if (!t) {
        qir_error(diag, loc, "params.key", "no tensor '%s' in '%s'", key, path_of(p));
        return NULL;
    }
    if (!check_tensor(p, t, type, loc))
        return NULL;
    size_t n = (size_t)(t->end - t->begin);
    unsigned char *data = qir_arena_alloc(p->module->arena, n);
    if (!st_read(diag, f, t, data, loc))
        return NULL;
    if (type->kind == QIR_TENSOR) {
        size_t bad = qir_first_out_of_range(type, data, n);
        if (bad < n) {
            qir_error(diag, loc, "const.range", "tensor '%s' in '%s': byte %zu is outside the range "
                      "of %s", key, path_of(p), bad, qir_element_text(p->module->ctx, type));
            return NULL;
        }
    }
    return data;
}

/* --- moving constants out --------------------------------------------------------------------- */
static bool to_be_moved(const qir_const *c, const char *scope, int64_t min_elements)
{
    if (c->payload == QIR_PAYLOAD_PARAM && !strcmp(c->params->name, scope))
        return true; /* its file is about to be replaced */
    return c->payload != QIR_PAYLOAD_SPLAT && qir_type_elements(c->value.type) >= min_elements;
}

static qir_params *scope_for(qir_module *m, const char *scope, const char *path)
{
    qir_params *p = qir_module_params(m, scope);
    if (!p)
        return qir_params_create(m, scope, path, m->loc);
    p->path = qir_intern_cstr(m->ctx, path);
    p->file = NULL;
    return p;
}

bool qir_params_extract(qir_module *m, const char *scope, const char *path, int64_t min_elements,
                        qir_strbuf *out)
{
    QIR_VEC(qir_safetensor) tensors = {0};
    QIR_VEC(qir_const *) moved = {0};
    bool ok = true;
    qir_for_each_const(c, m) {
        if (!to_be_moved(c, scope, min_elements))
            continue;
        qir_safetensor t = {.key = c->value.name, .data = qir_const_data(c)};
        int64_t *packed_dim = QIR_NEW(m->arena, int64_t);
        stored_shape(c->value.type, &t, packed_dim);
        ok &= t.data != NULL;
        qir_vec_push(&tensors, t);
        qir_vec_push(&moved, c);
    }
    ok = ok && qir_safetensors_write(qir_context_diag(m->ctx), tensors.data, tensors.len, out);
    qir_params *p = ok && moved.len ? scope_for(m, scope, path) : NULL;
    for (size_t i = 0; p && i < moved.len; i++) {
        qir_const *c = moved.data[i];
        c->expanded = tensors.data[i].data;
        c->payload = QIR_PAYLOAD_PARAM;
        c->params = p;
        c->key = c->value.name;
        c->data = NULL;
    }
    qir_vec_free(&tensors);
    qir_vec_free(&moved);
    return ok;
}
