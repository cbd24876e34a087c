/* Decodes GraphSignature: what each input and output of the graph stands for. */
#include <string.h>

#include "pt2/program.h"

/* An arm of InputSpec or OutputSpec: its role, and the member that says whose value it is. */
typedef struct arm {
    const char *name;
    pt2_role role;
    const char *target;
} arm;
static const arm input_arms[] = {
    {"user_input", PT2_USER, NULL},
    {"parameter", PT2_PARAMETER, "parameter_name"},
    {"buffer", PT2_BUFFER, "buffer_name"},
    {"tensor_constant", PT2_CONSTANT, "tensor_constant_name"},
    {"constant_input", PT2_LITERAL, NULL},
    {NULL, PT2_STRANGE, NULL},
};
static const arm output_arms[] = {
    {"user_output", PT2_USER, NULL},
    {"buffer_mutation", PT2_MUTATION, "buffer_name"},
    {"parameter_mutation", PT2_MUTATION, "parameter_name"},
    {"user_input_mutation", PT2_MUTATION, "user_input_name"},
    {NULL, PT2_STRANGE, NULL},
};

/* Parameters name their value as {"name": "p_w"}, users as an Argument. */
static bool read_value(qir_arena *arena, const qir_json *j, pt2_arg *out)
{
    qir_json arg, name;
    if (!qir_json_member(j, "arg", &arg) || !qir_json_optional(&arg, "name", &name))
        return false;
    out->kind = PT2_TENSOR;
    return name.value ? qir_json_string(&name, &out->s) : pt2_arg_read(arena, &arg, out);
}

static bool read_target(const qir_json *j, const char *key, pt2_spec *out)
{
    qir_json name, persistent;
    bool kept = true;
    if (!qir_json_member(j, key, &name) || !qir_json_string(&name, &out->target) ||
        !qir_json_optional(j, "persistent", &persistent) ||
        (persistent.value && !qir_json_bool(&persistent, &kept)))
        return false;
    if (out->role == PT2_BUFFER && !kept)
        out->role = PT2_CONSTANT;
    return true;
}

static bool read_spec(qir_arena *arena, const arm *arms, const qir_json *j, pt2_spec *out)
{
    const char *name;
    qir_json v;
    if (!qir_json_arm(j, &name, &v))
        return false;
    while (arms->name && strcmp(arms->name, name) != 0)
        arms++;
    *out = (pt2_spec){.role = arms->role, .target = qir_intern_cstr(j->file->ctx, name)};
    if (out->role == PT2_STRANGE || out->role == PT2_LITERAL)
        return true;
    return read_value(arena, &v, &out->arg) &&
           (!arms->target || read_target(&v, arms->target, out));
}

static bool read_specs(qir_arena *arena, const qir_json *signature, const char *key,
                       const arm *arms, pt2_spec **out, size_t *n)
{
    qir_json list;
    if (!qir_json_member(signature, key, &list) || !qir_json_count(&list, n))
        return false;
    *out = QIR_NEW_ARRAY(arena, pt2_spec, *n);
    for (size_t i = 0; i < *n; i++) {
        qir_json item = qir_json_item(&list, i);
        if (!read_spec(arena, arms, &item, &(*out)[i]))
            return false;
    }
    return true;
}

bool pt2_signature_read(qir_arena *arena, const qir_json *graph_module, pt2_program *out)
{
    qir_json signature;
    return qir_json_member(graph_module, "signature", &signature) &&
           read_specs(arena, &signature, "input_specs", input_arms, &out->inputs, &out->ninputs) &&
           read_specs(arena, &signature, "output_specs", output_arms, &out->outputs,
                      &out->noutputs);
}
