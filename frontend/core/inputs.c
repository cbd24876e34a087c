/* Inputs and outputs: symbolic dimensions are bound, inputs named by -const-input become constants,
 * the others become arguments. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/fe.h"
#include "io/tensorproto.h"
#include "qir/samples.h"
#include "qir/support/file.h"

const char *fe_find_assignment(const char *const *list, size_t n, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = n; i-- > 0;) /* the last one wins */
        if (strncmp(list[i], name, len) == 0 && list[i][len] == '=')
            return list[i] + len + 1;
    return NULL;
}

const char *fe_binding(const fe_builder *fe, const char *symbol)
{
    return fe_find_assignment(fe->opts->bindings, fe->opts->nbindings, symbol);
}

bool fe_bind_dim(fe_builder *fe, const qir_loc *loc, const char *input, const char *symbol,
                 int64_t *out)
{
    const char *text = fe_binding(fe, symbol);
    if (!text && !input)
        return fe_error_at(fe, loc, "dim", "dynamic size '%s': give -bind %s=VALUE", symbol, symbol);
    if (!text)
        return fe_error_at(fe, loc, "dim",
                           "dynamic dimension '%s' of input '%s': give -bind %s=VALUE", symbol,
                           input, symbol);
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 0)
        return fe_error_at(fe, loc, "dim", "-bind %s=%s: expected a number that is not negative",
                           symbol, text);
    *out = value;
    return true;
}

const char *fe_const_input(const fe_builder *fe, const char *name)
{
    return fe_find_assignment(fe->opts->const_inputs, fe->opts->nconst_inputs, name);
}

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

bool fe_read_tensor(fe_builder *fe, const char *path, qir_tensor *t)
{
    qir_bytes bytes;
    if (has_suffix(path, ".npy"))
        return qir_npy_read(fe->ctx, path, t);
    return qir_read_file(fe->diag, fe->m->arena, path, (size_t)1 << 30, "-fmax-source", &bytes) &&
           qir_tensorproto_read(fe->ctx, fe->m->arena, path, bytes.data, bytes.len, t);
}

/* The declared type where it is static; the file's dimensions fill the dynamic ones. */
static bool matches(const qir_type *t, qir_dtype dtype, const int64_t *dims, unsigned rank)
{
    bool ok = dtype == t->dtype && (!dims || rank == t->rank);
    for (unsigned i = 0; ok && dims && i < rank; i++)
        ok = dims[i] == QIR_DYNAMIC || dims[i] == t->dims[i];
    return ok;
}

static bool add_const_input(fe_builder *fe, const qir_loc *loc, const char *name, qir_dtype dtype,
                            const int64_t *dims, unsigned rank)
{
    qir_tensor t;
    if (!fe_read_tensor(fe, fe_const_input(fe, name), &t))
        return false;
    if (!matches(t.type, dtype, dims, rank))
        return fe_error_at(fe, loc, "input",
                           "-const-input for '%s' has type %s, which is not the declared one", name,
                           qir_type_text(fe->ctx, t.type));
    return fe_define(fe, name,
                     fe_add_const(fe, fe_identifier(fe, name), t.type, t.data, false,
                                  qir_loc_name(fe->ctx, name)));
}

bool fe_add_input(fe_builder *fe, const qir_loc *loc, const char *name, qir_dtype dtype,
                  const int64_t *dims, unsigned rank, const char *const *symbols)
{
    int64_t bound[QIR_MAX_RANK];
    if (fe_const_input(fe, name))
        return add_const_input(fe, loc, name, dtype, dims, rank);
    if (!dims)
        return fe_error_at(fe, loc, "input", "input '%s' has no shape", name);
    for (unsigned i = 0; i < rank; i++) {
        const char *symbol = symbols ? symbols[i] : "";
        bound[i] = dims[i];
        if (dims[i] == QIR_DYNAMIC && !*symbol) /* a dimension without a name: `input.index` */
            symbol = qir_arena_printf(fe->scratch, "%s.%u", name, i);
        if (dims[i] == QIR_DYNAMIC && !fe_bind_dim(fe, loc, name, symbol, &bound[i]))
            return false;
    }
    const qir_type *type = qir_tensor_type(fe->ctx, dtype, bound, rank, loc);
    return type && fe_define(fe, name, qir_func_add_arg(fe->f, type, NULL, name));
}

bool fe_check_const_inputs(fe_builder *fe)
{
    const qir_import_options *o = fe->opts;
    for (size_t i = 0; i < o->nconst_inputs; i++) {
        const char *name = o->const_inputs[i], *end = strchr(name, '=');
        if (!end || !fe_find(fe, qir_arena_strndup(fe->scratch, name, (size_t)(end - name))))
            return fe_error_at(fe, fe->node.loc, "input",
                               "-const-input %s: the model has no input of that name",
                               o->const_inputs[i]);
    }
    return true;
}

bool fe_return(fe_builder *fe, qir_value *const *values, const char *const *names, size_t n)
{
    const qir_type **types = QIR_NEW_ARRAY(fe->arena, const qir_type *, n);
    for (size_t i = 0; i < n; i++)
        types[i] = values[i]->type;
    qir_func_set_results(fe->f, types, names, (uint32_t)n);
    fe->b.loc = fe->f->loc;
    return qir_build(&fe->b, QIR_OP_return, values, (uint32_t)n, QIR_NO_ATTRS, NULL);
}
