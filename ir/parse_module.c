/* Modules, function signatures and locations of the text form. */
#include "parse_priv.h"

enum { VERSION = 1 };

void parse_version(parser *p, pos at, slice number)
{
    int64_t v;
    if (parse_int(p, at, number, &v) && v != VERSION)
        parse_error(p, at, "qir.version", "version %lld of the text form is not known, this program "
                    "reads version %d", (long long)v, VERSION);
    p->bad = false;
}

/* --- module ----------------------------------------------------------------------------------- */
void parse_module_begin(parser *p, pos at, slice name)
{
    p->in_module = true;
    if (p->module) {
        parse_error(p, at, "qir.modules", "second module in one source, expected one (tools read "
                    "several with -split-input-file)");
        qir_note(p->diag, p->module->loc, "the first is here");
        parse_reset_statement(p);
        return;
    }
    p->module = qir_module_create(p->ctx, name.s ? parse_intern(p, name) : NULL);
    p->module->loc = p->loc ? p->loc : parse_loc(p, at);
    p->module->source_file = p->file;
    p->module->attrs = parse_attrs(p, -1);
    parse_reset_statement(p);
}

void parse_module_end(parser *p)
{
    p->in_module = false;
    parse_resolve_consts(p);
    parse_reset_statement(p);
}

/* --- functions -------------------------------------------------------------------------------- */
void parse_func_begin(parser *p, pos at, slice name)
{
    parse_reset_statement(p);
    p->func_name = name;
    size_t index = (size_t)(uintptr_t)qir_strmap_get(&p->funcs, name.s, name.len);
    if (index) {
        parse_error(p, at, "func.redef", "function '@%.*s' is defined twice",
                    parse_print_slice(name), name.s);
        qir_note(p->diag, parse_loc(p, p->func_positions.data[index - 1]), "first defined here");
    } else {
        qir_vec_push(&p->func_positions, at);
        qir_strmap_put(&p->funcs, name.s, name.len, (void *)(uintptr_t)p->func_positions.len);
    }
    p->func = qir_func_create(p->module, parse_intern(p, name), parse_loc(p, at));
    p->values.len = 0;
    qir_map_free(&p->values);
    p->symbols.len = p->fixups.len = 0;
}

void parse_arg(parser *p, pos at, slice name, const qir_type *type)
{
    const char *model_name = parse_model_name(p);
    name_ref ref = {'%', name, at};
    qir_value *v = NULL;
    if (type)
        v = qir_func_add_arg(p->func, type, parse_is_number(name) ? NULL : parse_intern(p, name),
                             model_name);
    parse_define(p, ref, v);
}

void parse_result(parser *p, pos at, const qir_type *type)
{
    const char *name = parse_model_name(p);
    (void)at;
    if (!type)
        p->bad = true;
    qir_vec_push(&p->types, type);
    qir_vec_push(&p->model_names, name);
}

void parse_body_begin(parser *p)
{
    if (!p->bad)
        qir_func_set_results(p->func, p->types.data, p->model_names.data, (uint32_t)p->types.len);
    const qir_loc *at = p->func->loc;
    p->func->loc = parse_placed_loc(p, (pos){at->line, at->col});
    p->func->attrs = parse_attrs(p, -1);
    parse_reset_statement(p);
    p->in_body = true;
}

void parse_func_end(parser *p)
{
    p->in_body = false;
    parse_resolve_values(p);
    parse_reset_statement(p);
}

/* --- locations -------------------------------------------------------------------------------- */
const qir_loc *parse_loc_name(parser *p, slice s)
{
    return parse_no_nul(p, p->at, s) ? qir_loc_name(p->ctx, parse_intern(p, s)) : NULL;
}

const qir_loc *parse_loc_file(parser *p, pos at, slice file, slice line, slice col)
{
    int64_t l, c;
    if (!parse_no_nul(p, at, file) || !parse_int(p, at, line, &l) || !parse_int(p, at, col, &c))
        return NULL;
    const char *name = parse_intern(p, file);
    if (l == 0 && c >= 0)
        return qir_loc_offset(p->ctx, name, (uint64_t)c);
    if (l != (uint32_t)l || c != (uint32_t)c) {
        parse_error(p, at, "loc.range", "line and column must be between 0 and 2^32 - 1");
        return NULL;
    }
    return qir_loc_file(p->ctx, name, (uint32_t)l, (uint32_t)c);
}

void parse_loc_part(parser *p, const qir_loc *loc)
{
    p->loc = loc;
}

void parse_loc_fused(parser *p)
{
    const qir_loc *loc = NULL;
    for (size_t i = 0; i < p->loc_parts.len; i++)
        loc = qir_loc_fuse(p->ctx, loc, p->loc_parts.data[i]);
    p->loc = loc;
}
