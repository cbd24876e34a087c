/* Symbols of dynamic dimensions: bound on the command line by their name or, which reads better, by the
 * dimension of the input that has that size (`-bind x.0=4`). */
#include "pt2/symbols.h"

#include <inttypes.h>
#include <string.h>

#include "pt2/import.h"

/* Is it `Symbol('NAME', ...)` and nothing else? */
static bool is_symbol(const char *expr, const char *name, size_t len)
{
    static const char head[] = "Symbol('";
    size_t n = strlen(head);
    return strncmp(expr, head, n) == 0 && strncmp(expr + n, name, len) == 0 &&
           expr[n + len] == '\'' && strchr(expr, ')') && !strchr(expr, ')')[1];
}

/* The input dimension of that size: "x" and "x.0".  False: there is none. */
static bool find_dimension(pt2_import *imp, const char *name, size_t len, const char **input,
                           const char **dimension)
{
    const pt2_program *p = &imp->program;
    for (size_t i = 0; i < p->ninputs; i++) {
        const pt2_spec *s = &p->inputs[i];
        if (s->role != PT2_USER || s->arg.kind != PT2_TENSOR)
            continue;
        const pt2_meta *meta = qir_strmap_get(&p->tensors, s->arg.s, strlen(s->arg.s));
        for (size_t k = 0; meta && k < meta->rank; k++)
            if (meta->sizes[k].expr && is_symbol(meta->sizes[k].expr, name, len)) {
                *input = s->arg.s;
                *dimension = qir_arena_printf(imp->fe.arena, "%s.%zu", s->arg.s, k);
                return true;
            }
    }
    return false;
}

static bool bind(pt2_import *imp, const char *symbol, int64_t *out)
{
    const char *input = NULL, *dimension = symbol;
    find_dimension(imp, symbol, strlen(symbol), &input, &dimension);
    if (fe_binding(&imp->fe, symbol))
        dimension = symbol;
    return fe_bind_dim(&imp->fe, imp->loc, input, dimension, out);
}

static bool value_of(void *user, const char *name, size_t len, int64_t *value)
{
    pt2_import *imp = user;
    const char *symbol = qir_intern(imp->fe.ctx, name, len);
    int64_t *known = qir_map_get(&imp->bound, symbol);
    if (!known) {
        known = QIR_NEW(imp->fe.arena, int64_t);
        if (imp->fe.failed || !bind(imp, symbol, known))
            return false;
        qir_map_put(&imp->bound, symbol, known);
    }
    *value = *known;
    return true;
}

static bool is_bound(void *user, const char *name, size_t len, int64_t *value)
{
    pt2_import *imp = user;
    const int64_t *known = qir_map_get(&imp->bound, qir_intern(imp->fe.ctx, name, len));
    *value = known ? *known : 0;
    return known != NULL;
}

bool pt2_size_eval(pt2_import *imp, const pt2_size *size, int64_t *out)
{
    *out = size->value;
    if (!size->expr)
        return true;
    pt2_eval status = pt2_expr_eval(size->expr, value_of, imp, out);
    if (status == PT2_EVAL_BAD)
        return fe_error_at(&imp->fe, imp->loc, "symint", "the size '%.200s' cannot be evaluated",
                           size->expr);
    return status == PT2_EVAL_OK;
}

bool pt2_check_ranges(pt2_import *imp)
{
    for (size_t i = 0; i < imp->program.nranges; i++) {
        const pt2_range *r = &imp->program.ranges[i];
        int64_t value;
        pt2_eval status = pt2_expr_eval(r->expr, is_bound, imp, &value);
        if (status == PT2_EVAL_OK && (value < r->min || value > r->max))
            return fe_error_at(&imp->fe, imp->loc, "symint",
                               "size '%.80s' is %" PRId64 ", the program was exported for %" PRId64
                               " to %" PRId64,
                               r->expr, value, r->min, r->max);
    }
    return true;
}
