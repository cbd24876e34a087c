/* register-prepack-params: inserts `prepack` between constant weights and the ops whose kernels
 * read them in another order.  Which order a level wants is a fact of ir/targets.def.
 *
 * With `names` it is TorchScript's RegisterPrePackParams: each op has a prepack of its own, which only it may
 * use and which says how its constant is to be called; the module remembers the names. */
#include <regex.h>
#include <string.h>
#include "prepack.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"

typedef struct registration {
    qir_pass *pass;
    qir_module *module;
    qir_level level;
    bool names;
    const char *prefix;
    regex_t filter;
    bool has_filter;
    int64_t uid, candidates, matched;
    qir_map prepacked; /* weight -> its last prepack op */
    QIR_VEC(const char *) registered;
} registration;

/* --- which ops -------------------------------------------------------------------------------- */

/* "conv stem/conv2d": what the filter sees of an op. */
static bool passes_filter(registration *r, const qir_op *op)
{
    char *text = qir_arena_printf(qir_pass_arena(r->pass), "%s %s", qir_op_name(op),
                                  qir_loc_text(r->module->ctx, op->loc));
    r->candidates++;
    bool ok = !r->has_filter || regexec(&r->filter, text, 0, NULL, 0) == 0;
    r->matched += ok;
    return ok;
}

static qir_value *weight_of(const qir_op *op)
{
    int i = qir_op_weight(op);
    qir_value *w = i >= 0 ? qir_op_operand(op, (uint32_t)i) : NULL;
    return w && w->type->kind == QIR_TENSOR && qir_value_const(w) ? w : NULL;
}

/* --- names ------------------------------------------------------------------------------------ */

static bool taken(const registration *r, const char *name)
{
    for (size_t i = 0; i < r->registered.len; i++)
        if (!strcmp(r->registered.data[i], name))
            return true;
    return qir_module_const(r->module, name) != NULL;
}

/* <prefix>_<method>_ondevice_ptq_packed_weight_<uid>; a clash inserts an underscore. */
static const char *packed_name(registration *r, const char *method)
{
    const char *name, *sep = "_";
    do {
        name = qir_arena_printf(r->module->arena, "%s_%s_ondevice_ptq_packed_weight%s%lld",
                                r->prefix, method, sep, (long long)r->uid);
        sep = qir_arena_printf(qir_pass_arena(r->pass), "%s_", sep);
    } while (taken(r, name));
    r->uid++;
    return name;
}

static bool has_one_user(registration *r, const qir_op *prepack)
{
    int64_t users = 0;
    qir_for_each_use(u, &prepack->results[0])
        users++;
    return users == 1 ||
           qir_error(qir_context_diag(r->module->ctx), prepack->loc, "prepack.uses",
                     "packed weight '@%s' has %lld users, RegisterPrePackParams wants exactly one; give each "
                     "op a prepack of its own (insert-prepack-unpack does), or share them with "
                     "register-prepack-params",
                     qir_op_operand(prepack, 0)->name, (long long)users);
}

static bool name_prepack(registration *r, qir_op *prepack, const char *method)
{
    qir_context *ctx = r->module->ctx;
    const qir_value *w = qir_op_operand(prepack, 0);
    if (!qir_value_const(w))
        return qir_error(qir_context_diag(ctx), prepack->loc, "prepack.constant",
                         "prepack needs a constant weight");
    if (!has_one_user(r, prepack))
        return false;
    const char *name = packed_name(r, method);
    qir_op_set_attr(prepack, qir_intern_cstr(ctx, "name"), qir_attr_string(ctx, name, strlen(name)));
    qir_vec_push(&r->registered, name);
    qir_vec_push(&r->registered, w->name);
    qir_remark(qir_context_diag(ctx), prepack->loc, "weight '@%s' is registered as '@%s'", w->name, name);
    return true;
}

/* --- insertion -------------------------------------------------------------------------------- */

static bool is_prepack_as(const qir_op *op, qir_packing packing, int64_t groups)
{
    return strcmp(qir_op_string(op, "packing"), qir_packing_get(packing)->name) == 0 &&
           qir_op_int(op, "groups") == groups;
}

/* Without names, ops that share a weight and want it alike share the prepack op. */
static qir_op *prepack(registration *r, qir_op *op, qir_value *w, qir_packing packing)
{
    qir_op *seen = r->names ? NULL : qir_map_get(&r->prepacked, w);
    if (seen && is_prepack_as(seen, packing, qir_groups_of(op)))
        return seen;
    qir_op *made = qir_build_prepack(op, w, packing);
    if (made)
        qir_map_put(&r->prepacked, w, made);
    return made;
}

static bool insert(registration *r, qir_op *op, qir_value *w)
{
    qir_packing packing = qir_level_packing(r->level, op);
    if (packing == QIR_PACKING_none || !qir_pass_may_transform(r->pass))
        return true;
    qir_op *p = prepack(r, op, w, packing);
    if (!p)
        return false;
    qir_keep_kernel(op, w->type);
    qir_op_set_operand(op, (uint32_t)qir_op_weight(op), &p->results[0]);
    qir_pass_count(r->pass, "registered", 1);
    return true;
}

static bool register_op(registration *r, qir_op *op, const char *method)
{
    int i = qir_op_weight(op);
    qir_value *w = weight_of(op);
    if (i < 0 || (!w && !qir_op_feeder(op, (uint32_t)i, QIR_OP_prepack)) || !passes_filter(r, op))
        return true;
    if (w && !insert(r, op, w))
        return false;
    qir_op *p = qir_op_feeder(op, (uint32_t)i, QIR_OP_prepack);
    return !r->names || !p || name_prepack(r, p, method);
}

static bool register_func(registration *r, qir_func *f)
{
    bool ok = true;
    r->uid = 0;
    qir_for_each_op(op, f->body)
        ok = ok && register_op(r, op, f->name);
    qir_map_free(&r->prepacked);
    r->prepacked = (qir_map){0};
    return ok;
}

/* --- the pass --------------------------------------------------------------------------------- */

static bool register_module(registration *r, const char *method)
{
    bool found = !*method;
    qir_for_each_func(f, r->module) {
        if (*method && strcmp(method, f->name) != 0)
            continue;
        found = true;
        if (!register_func(r, f))
            return false;
    }
    if (!found)
        return qir_error(qir_context_diag(r->module->ctx), r->module->loc, "prepack.method",
                         "no function '%s' in the module; leave out 'method' for all", method);
    if (r->has_filter && !r->matched)
        return qir_error(qir_context_diag(r->module->ctx), r->module->loc, "prepack.filter",
                         "filter '%s' matches none of %lld ops with a constant weight; it is searched in "
                         "\"op name\", such as \"conv stem\"",
                         qir_pass_string(r->pass, "filter"), (long long)r->candidates);
    return true;
}

/* The names of this and earlier runs: each packed constant, then the weight it is made of. */
static void remember(registration *r)
{
    qir_context *ctx = r->module->ctx;
    const char *key = qir_intern_cstr(ctx, "prepack.registered");
    const qir_attr *before = qir_dict_get(r->module->attrs, key);
    size_t old = before && before->kind == QIR_ATTR_STRINGS ? before->len : 0;
    const char **all = QIR_NEW_ARRAY(qir_pass_arena(r->pass), const char *, old + r->registered.len + 1);
    for (size_t i = 0; i < old; i++)
        all[i] = before->u.strings[i];
    for (size_t i = 0; i < r->registered.len; i++)
        all[old + i] = r->registered.data[i];
    if (r->registered.len)
        r->module->attrs = qir_dict_set(ctx, r->module->attrs, key,
                                        qir_attr_strings(ctx, all, old + r->registered.len));
}

static bool compile_filter(registration *r)
{
    const char *text = qir_pass_string(r->pass, "filter");
    r->has_filter = *text && regcomp(&r->filter, text, REG_EXTENDED | REG_NOSUB) == 0;
    return r->has_filter || !*text ||
           qir_error(qir_context_diag(r->module->ctx), r->module->loc, "prepack.filter",
                     "filter '%s' is not an extended regular expression", text);
}

static bool run(qir_pass *p, qir_module *m)
{
    registration r = {.pass = p, .module = m, .names = qir_pass_bool(p, "names"),
                      .prefix = qir_pass_string(p, "prefix")};
    if (!qir_prepack_level(p, m, &r.level) || !compile_filter(&r))
        return false;
    bool ok = register_module(&r, qir_pass_string(p, "method"));
    if (ok)
        remember(&r);
    if (r.has_filter)
        regfree(&r.filter);
    qir_vec_free(&r.registered);
    return ok;
}

static const qir_pass_option options[] = {
    QIR_PREPACK_LEVEL_OPTION,
    {"names", QIR_OPT_BOOL, "false",
     "one prepack per op, called `<prefix>_<method>_ondevice_ptq_packed_weight_<uid>`, uid in program order"},
    {"method", QIR_OPT_STRING, "", "function whose ops are meant; all when empty"},
    {"filter", QIR_OPT_STRING, "", "only ops where this regular expression is found in `op name`"},
    {"prefix", QIR_OPT_STRING, "", "what the names start with"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"registered", NULL};

QIR_PASS(
    register_prepack_params, .name = "register-prepack-params",
    .alias = "RegisterPrePackParams{names=true}",
    .summary = "Routes constant weights through prepack, in the order a level's kernels read.",
    .doc = "Changes: weight operands of ops with rules ACCUM and DYNAMIC; with `names`, attribute `name` of `prepack` and "
           "`prepack.registered` of the module, the list of packed constants and the weights they are made "
           "of.\nRequires: final weights (after lower-qdq and relabel-storage).\nLeaves: values; "
           "prepack-weights evaluates the new ops.",
    .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_PACKED | QIR_STAGE_PLANNED, .options = options,
    .statistics = statistics, .run = run)
