/* Decodes Argument, a union of some thirty arms, and Node. */
#include <string.h>

#include "pt2/program.h"

typedef bool (*reader)(qir_arena *arena, const qir_json *j, pt2_arg *out);

static bool read_none(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    (void)arena, (void)j;
    out->kind = PT2_NONE;
    return true;
}

static bool read_tensor(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    qir_json name;
    (void)arena;
    out->kind = PT2_TENSOR;
    return qir_json_member(j, "name", &name) && qir_json_string(&name, &out->s);
}

static bool read_int(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    (void)arena;
    out->kind = PT2_INT;
    return qir_json_int(j, &out->i);
}

static bool read_float(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    (void)arena;
    out->kind = PT2_FLOAT;
    return qir_json_double(j, &out->f);
}

static bool read_bool(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    bool value;
    (void)arena;
    out->kind = PT2_BOOL;
    if (!qir_json_bool(j, &value))
        return false;
    out->i = value;
    return true;
}

static bool read_string(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    (void)arena;
    out->kind = PT2_STRING;
    return qir_json_string(j, &out->s);
}

static bool read_type(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    (void)arena;
    out->kind = PT2_TYPE;
    return qir_json_int(j, &out->i);
}

static bool read_enum(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    (void)arena;
    out->kind = PT2_ENUM;
    return qir_json_int(j, &out->i);
}

/* {"as_name": "sym_size_int_1"}, or a plain value under as_int, as_float, as_bool. */
static bool read_sym(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    const char *arm;
    qir_json v;
    if (!qir_json_arm(j, &arm, &v))
        return false;
    if (strcmp(arm, "as_name") != 0)
        return pt2_arg_read(arena, j, out);
    out->kind = PT2_SYM;
    return qir_json_string(&v, &out->s);
}

typedef struct arm {
    const char *name;
    reader read;
    bool list;
} arm;
static const arm arms[] = {
    {"as_none", read_none, false},          {"as_tensor", read_tensor, false},
    {"as_tensors", read_tensor, true},      {"as_optional_tensor", pt2_arg_read, false},
    {"as_optional_tensors", pt2_arg_read, true}, {"as_int", read_int, false},
    {"as_ints", read_int, true},            {"as_float", read_float, false},
    {"as_floats", read_float, true},        {"as_bool", read_bool, false},
    {"as_bools", read_bool, true},          {"as_string", read_string, false},
    {"as_strings", read_string, true},      {"as_sym_int", read_sym, false},
    {"as_sym_ints", read_sym, true},        {"as_sym_bool", read_sym, false},
    {"as_sym_bools", read_sym, true},       {"as_sym_float", read_sym, false},
    {"as_sym_floats", read_sym, true},      {"as_scalar_type", read_type, false},
    {"as_memory_format", read_enum, false}, {"as_layout", read_enum, false},
};
enum { NARMS = sizeof arms / sizeof arms[0] };

static bool read_list(qir_arena *arena, const qir_json *j, reader read, pt2_arg *out)
{
    out->kind = PT2_LIST;
    if (!qir_json_count(j, &out->n))
        return false;
    if (out->n > PT2_MAX_LIST)
        return qir_json_fail(j, "more than %d items", PT2_MAX_LIST);
    out->items = QIR_NEW_ARRAY(arena, pt2_arg, out->n);
    for (size_t i = 0; i < out->n; i++) {
        qir_json item = qir_json_item(j, i);
        if (!read(arena, &item, &out->items[i]))
            return false;
    }
    return true;
}

bool pt2_arg_read(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    const char *name;
    qir_json v;
    if (!qir_json_arm(j, &name, &v))
        return false;
    for (int i = 0; i < NARMS; i++)
        if (strcmp(arms[i].name, name) == 0)
            return arms[i].list ? read_list(arena, &v, arms[i].read, out)
                                : arms[i].read(arena, &v, out);
    out->kind = PT2_OTHER; /* harmless until somebody asks for it */
    out->s = qir_intern_cstr(j->file->ctx, name);
    return true;
}

/* {"name", "arg", "kind"}: positional or keyword is of no interest, arguments go by name. */
static bool read_operand(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    qir_json name, value;
    return qir_json_member(j, "name", &name) && qir_json_member(j, "arg", &value) &&
           pt2_arg_read(arena, &value, out) && qir_json_string(&name, &out->name);
}

static bool read_args(qir_arena *arena, const qir_json *node, const char *key, reader read,
                      pt2_arg **out, size_t *n)
{
    qir_json list;
    pt2_arg all = {0};
    if (!qir_json_member(node, key, &list) || !read_list(arena, &list, read, &all))
        return false;
    *out = all.items;
    *n = all.n;
    return true;
}

/* The last path is where the node stands in the model. */
static const char *innermost_module(qir_context *ctx, const char *stack)
{
    const char *last = strrchr(stack, ';');
    const char *comma = strchr(last ? last : stack, ',');
    size_t len = comma ? strcspn(comma + 1, ",;") : 0;
    return len ? qir_intern(ctx, comma + 1, len) : "";
}

static bool read_module(const qir_json *node, pt2_node *out)
{
    qir_json metadata, stack;
    out->stack = out->module = "";
    if (!qir_json_optional(node, "metadata", &metadata) || !metadata.value)
        return !node->file->failed;
    if (!qir_json_optional(&metadata, "nn_module_stack", &stack) || !stack.value)
        return !node->file->failed;
    if (!qir_json_string(&stack, &out->stack))
        return false;
    out->module = innermost_module(node->file->ctx, out->stack);
    return true;
}

static const char *without_prefix(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(s, prefix, n) == 0 ? s + n : s;
}

bool pt2_node_read(qir_arena *arena, const qir_json *j, pt2_node *out)
{
    qir_json target, name;
    if (!qir_json_member(j, "target", &target) || !qir_json_string(&target, &out->target) ||
        !read_args(arena, j, "inputs", read_operand, &out->args, &out->nargs) ||
        !read_args(arena, j, "outputs", pt2_arg_read, &out->outs, &out->nouts) ||
        !read_module(j, out) || !qir_json_optional(j, "name", &name))
        return false;
    out->target = without_prefix(out->target, "torch.ops.");
    out->name = out->target; /* archives of old schemas name no nodes */
    return !name.value || qir_json_string(&name, &out->name);
}
