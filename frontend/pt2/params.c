/* Signatures of operators as ATen writes them: "Tensor self, int[] dim=[], *, bool keepdim=False".  They
 * say which arguments there are, of which type, and what those are that an archive leaves out. */
#include <stdlib.h>
#include <string.h>

#include "pt2/import.h"

static const struct {
    const char *name;
    char type;
} types[] = {{"Tensor", 'T'}, {"int", 'i'},    {"SymInt", 'i'}, {"float", 'f'},
             {"bool", 'b'},   {"str", 's'},    {"Scalar", 'n'}, {"ScalarType", 't'}};

static bool is_space(char c)
{
    return c == ' ' || c == ',' || c == '*';
}

static void read_type(const char *p, size_t len, pt2_param_spec *out)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i].name);
        if (n <= len && strncmp(p, types[i].name, n) == 0 && (n == len || strchr("?[|", p[n])))
            out->type = types[i].type;
    }
    QIR_ASSERT(out->type, "a signature has a type that nobody knows");
    out->list = memchr(p, '[', len) != NULL;
    out->optional = memchr(p, '?', len) != NULL;
    out->or_number = memchr(p, '|', len) != NULL;
}

/* Up to the comma that ends the parameter, not those inside a list. */
static const char *end_of(const char *p)
{
    bool in_list = false;
    for (; *p && (in_list || *p != ','); p++)
        in_list = *p == '[' || (in_list && *p != ']');
    return p;
}

bool pt2_next_param(const char **signature, pt2_param_spec *out)
{
    const char *p = *signature;
    *out = (pt2_param_spec){0};
    while (is_space(*p))
        p++;
    if (!*p)
        return false;
    const char *space = strchr(p, ' ');
    QIR_ASSERT(space, "a parameter has a type and a name");
    read_type(p, (size_t)(space - p), out);
    out->name = space + 1;
    const char *end = end_of(out->name), *eq = memchr(out->name, '=', (size_t)(end - out->name));
    out->name_len = (size_t)((eq ? eq : end) - out->name);
    out->has_default = eq != NULL;
    out->dflt = eq ? eq + 1 : NULL;
    out->dflt_len = eq ? (size_t)(end - out->dflt) : 0;
    *signature = end;
    return true;
}

/* --- defaults ------------------------------------------------------------------------------------ */
static bool is_word(const pt2_param_spec *p, const char *word)
{
    return strlen(word) == p->dflt_len && strncmp(word, p->dflt, p->dflt_len) == 0;
}

static pt2_arg number(const char *text, char type)
{
    if (type == 'f' || strpbrk(text, ".e"))
        return (pt2_arg){.kind = PT2_FLOAT, .f = strtod(text, NULL)};
    return (pt2_arg){.kind = PT2_INT, .i = strtoll(text, NULL, 10)};
}

/* "[0, 1]" */
static pt2_arg list(qir_arena *arena, const char *text, char type)
{
    pt2_arg out = {.kind = PT2_LIST, .items = QIR_NEW_ARRAY(arena, pt2_arg, 8)};
    for (const char *p = text + 1; *p != ']'; p += strcspn(p, ",]"), p += *p == ',')
        out.items[out.n++] = number(p, type);
    return out;
}

/* The text ends where the signature goes on, so it is copied first. */
static pt2_arg default_value(qir_arena *arena, const pt2_param_spec *p)
{
    const char *text = qir_arena_strndup(arena, p->dflt, p->dflt_len);
    if (is_word(p, "None"))
        return (pt2_arg){.kind = PT2_NONE};
    if (is_word(p, "True") || is_word(p, "False"))
        return (pt2_arg){.kind = PT2_BOOL, .i = is_word(p, "True")};
    if (*text == '[')
        return list(arena, text, p->type);
    if (p->type == 's')
        return (pt2_arg){.kind = PT2_STRING, .s = text};
    return number(text, p->type);
}

/* --- binding --------------------------------------------------------------------------------------- */
static bool is_kind(pt2_kind kind, char type)
{
    switch (type) {
    case 'T':
        return kind == PT2_TENSOR;
    case 'i':
        return kind == PT2_INT || kind == PT2_BOOL;
    case 'f':
    case 'n':
        return kind == PT2_FLOAT || kind == PT2_INT || kind == PT2_BOOL;
    case 'b':
        return kind == PT2_BOOL || kind == PT2_INT;
    case 's':
        return kind == PT2_STRING;
    default:
        return kind == PT2_TYPE;
    }
}

static bool accepts(const pt2_param_spec *p, const pt2_arg *arg)
{
    if (arg->kind == PT2_NONE)
        return p->optional;
    if (arg->kind == PT2_LIST && !p->list)
        return false;
    for (size_t i = 0; arg->kind == PT2_LIST && i < arg->n; i++)
        if (!is_kind(arg->items[i].kind, p->type) && arg->items[i].kind != PT2_NONE)
            return false;
    return arg->kind == PT2_LIST || is_kind(arg->kind, p->type) ||
           (p->or_number && is_kind(arg->kind, 'n'));
}

/* Symbolic numbers have values by now. */
static bool resolve(pt2_call *c, const pt2_arg *in, pt2_arg *out)
{
    *out = *in;
    if (in->kind == PT2_SYM) {
        const pt2_value *v = pt2_lookup(c->imp, in->s);
        if (!v || v->number.kind == PT2_NONE)
            return fe_error(c->fe, "undef", "nothing defines the number '%s'", in->s);
        *out = v->number;
        out->name = in->name;
    }
    if (in->kind == PT2_LIST) {
        out->items = QIR_NEW_ARRAY(c->fe->scratch, pt2_arg, in->n);
        for (size_t i = 0; i < in->n; i++)
            if (!resolve(c, &in->items[i], &out->items[i]))
                return false;
    }
    return true;
}

static const pt2_arg *find_arg(const pt2_node *n, const pt2_param_spec *p)
{
    for (size_t i = 0; i < n->nargs; i++)
        if (strncmp(n->args[i].name, p->name, p->name_len) == 0 && !n->args[i].name[p->name_len])
            return &n->args[i];
    return NULL;
}

static bool bind_param(pt2_call *c, const pt2_param_spec *p)
{
    const pt2_arg *given = find_arg(c->node, p);
    struct pt2_param *out = &c->params[c->nparams++];
    out->name = p->name;
    out->name_len = p->name_len;
    if (!given && !p->has_default)
        return fe_error(c->fe, "arg", "argument '%.*s' is missing", (int)p->name_len, p->name);
    if (!given)
        out->arg = default_value(c->fe->scratch, p);
    else if (!resolve(c, given, &out->arg))
        return false;
    return accepts(p, &out->arg) ||
           fe_error(c->fe, "arg", "argument '%.*s' has a value of the wrong type", (int)p->name_len,
                    p->name);
}

/* Where a tensor lives and how it is strided is no matter of ours. */
static bool is_placement(const char *name)
{
    static const char *const names[] = {"device", "layout", "pin_memory", "memory_format",
                                        "non_blocking", "copy", "cudnn_enabled", "cudnn_enable",
                                        "generator"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* An argument that nobody reads would change the meaning silently. */
static bool check_unknown(pt2_call *c)
{
    for (size_t i = 0; i < c->node->nargs; i++) {
        const char *name = c->node->args[i].name;
        if (!pt2_knows(c, name) && !is_placement(name))
            return fe_error(c->fe, "arg", "argument '%s' is not known", name);
    }
    return true;
}

bool pt2_bind_params(pt2_call *c)
{
    const char *signature = c->row->signature;
    pt2_param_spec p;
    while (pt2_next_param(&signature, &p)) {
        QIR_ASSERT(c->nparams < PT2_MAX_PARAMS, "a signature has too many parameters");
        if (!bind_param(c, &p))
            return false;
    }
    return check_unknown(c);
}
