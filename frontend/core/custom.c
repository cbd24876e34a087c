/* -custom-op: operators of a model that are calls of the user's C functions.
 *
 *   OPERATOR=SYMBOL[:TYPE,...]      com.acme::Swish=acme_swish:f32[1x10],i32[] */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/fe.h"

bool fe_find_custom(const fe_builder *fe, const char *op, fe_custom *out)
{
    const char *text = fe_find_assignment(fe->opts->custom_ops, fe->opts->ncustom_ops, op);
    if (!text)
        return false;
    const char *colon = strchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : strlen(text);
    *out = (fe_custom){.op = op, .symbol = qir_intern(fe->ctx, text, len), .types = colon ? colon + 1 : NULL};
    return true;
}

bool fe_check_customs(fe_builder *fe)
{
    for (size_t i = 0; i < fe->opts->ncustom_ops; i++) {
        const char *text = fe->opts->custom_ops[i], *eq = strchr(text, '=');
        if (!eq || eq == text || !eq[1] || eq[1] == ':')
            return fe_error_at(fe, NULL, "custom",
                               "-custom-op expects OPERATOR=SYMBOL[:TYPE,...], got '%.80s'", text);
    }
    return true;
}

/* ---- types that are stated --------------------------------------------------------------------- */
static bool wrong_type(fe_builder *fe, const fe_custom *custom, const char *at)
{
    return fe_error(fe, "custom",
                    "-custom-op=%s=%s: '%.40s' is no type; expected one such as f32[1x10], or i32[] of a "
                    "scalar",
                    custom->op, custom->symbol, at);
}

/* The dimensions up to ']', behind which *text stands then. */
static bool read_dims(const char **text, int64_t *dims, unsigned *rank)
{
    const char *p = *text;
    for (*rank = 0; *p != ']'; (*rank)++) {
        char *end;
        if (*rank == QIR_MAX_RANK || *p < '0' || *p > '9')
            return false;
        errno = 0;
        dims[*rank] = strtoll(p, &end, 10);
        if (errno || (*end != 'x' && *end != ']'))
            return false;
        p = *end == 'x' ? end + 1 : end;
    }
    *text = p + 1;
    return true;
}

static const qir_type *read_type(fe_builder *fe, const fe_custom *custom, const char **text)
{
    const char *start = *text, *open = strchr(start, '[');
    int64_t dims[QIR_MAX_RANK];
    unsigned rank;
    qir_dtype dtype;
    *text = open ? open + 1 : start;
    if (!open || !qir_dtype_from_name(start, (size_t)(open - start), &dtype) ||
        !read_dims(text, dims, &rank) || (**text && **text != ',')) {
        wrong_type(fe, custom, start);
        return NULL;
    }
    *text += **text == ',';
    return qir_tensor_type(fe->ctx, dtype, dims, rank, fe->node.loc);
}

bool fe_custom_types(fe_builder *fe, const fe_custom *custom, unsigned n, const qir_type **out)
{
    const char *text = custom->types;
    unsigned k = 0;
    for (; *text && k < n; k++)
        if (!(out[k] = read_type(fe, custom, &text)))
            return false;
    return (k == n && !*text) ||
           fe_error(fe, "custom", "-custom-op=%s=%s: %s types than the operator's %u results", custom->op,
                    custom->symbol, *text ? "more" : "fewer", n);
}

/* ---- the op ------------------------------------------------------------------------------------ */
const qir_dict *fe_custom_argument(fe_builder *fe, const qir_dict *attrs, const char *name,
                                   const qir_attr *value)
{
    char *full = qir_arena_printf(fe->scratch, "arg.%s", name);
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    if (!*name || name[strspn(name, word)]) {
        fe_error(fe, "attr", "a custom op's attribute cannot be called '%.80s'; expected letters, digits, "
                             "'_' and '.'",
                 name);
        return NULL;
    }
    return qir_dict_set(fe->ctx, attrs, qir_intern_cstr(fe->ctx, full), value);
}

bool fe_emit_custom(fe_builder *fe, const fe_custom *custom, qir_value *const *operands,
                    uint32_t noperands, const qir_dict *attrs, const qir_type *const *types, unsigned n,
                    qir_value **out)
{
    if (n < 1 || n > QIR_MAX_RESULTS)
        return fe_error(fe, "custom", "%u results, a custom op has 1 to %d", n, QIR_MAX_RESULTS);
    attrs = qir_dict_set(fe->ctx, attrs, qir_intern_cstr(fe->ctx, "symbol"),
                         qir_attr_string(fe->ctx, custom->symbol, strlen(custom->symbol)));
    qir_op *op =
        qir_build_results(&fe->b, QIR_OP_custom, operands, noperands, attrs, types, n);
    if (!fe_built(fe, op))
        return false;
    for (unsigned i = 0; i < n; i++)
        out[i] = qir_op_result(op, i);
    return true;
}
