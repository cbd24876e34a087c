/* Changes: nothing.  Requires: plan-memory.  Leaves: everything, or fails when two things that are
 * live at the same time share memory.
 *
 * Reads only the attributes, so that it checks plans from files and from other passes as well. */
#include <inttypes.h>
#include "plan.h"
#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/pass.h"

struct checker {
    qir_module *m;
    qir_diag_engine *diag;
    qir_ranges all;
    size_t arena;
    bool ok;
};

static bool int_attr(const qir_op *op, const char *name, int64_t *out)
{
    const qir_attr *a = qir_op_attr(op, name);
    if (!a || a->kind != QIR_ATTR_INT)
        return false;
    *out = a->u.i;
    return true;
}

static void fail(struct checker *c, const qir_range *r, const char *text)
{
    c->ok = qir_error(c->diag, r->op->loc, "plan.range", "%s of '%s' %s",
                      r->workspace ? "workspace" : "result", qir_op_name(r->op), text);
}

/* Reads where `r` lies; false (after a diagnostic if that is wrong) when it has no scratch memory. */
static bool read_place(struct checker *c, qir_range *r)
{
    int64_t at = 0, out;
    r->out = -1;
    if (!r->workspace && int_attr(r->op, qir_plan_attr(c->m->ctx, "buf_out", r->result), &out)) {
        r->out = (int32_t)out;
        return false;
    }
    const char *name = r->workspace ? "ws" : qir_plan_attr(c->m->ctx, "buf", r->result);
    if (!int_attr(r->op, name, &at)) {
        fail(c, r, "has no place");
        r->out = 0;
        return false;
    }
    r->offset = (size_t)at;
    if (at < 0 || at % QIR_PLAN_ALIGN)
        fail(c, r, "is not aligned to 64 bytes");
    else if (r->bytes > c->arena || r->offset > c->arena - r->bytes)
        fail(c, r, "does not fit into the arena");
    return true;
}

static bool is_operand_in_place(const qir_range *earlier, const qir_range *later)
{
    if (later->workspace || earlier->workspace || earlier->offset != later->offset ||
        earlier->last != later->first)
        return false;
    for (uint32_t i = 0; i < later->op->noperands; i++) {
        qir_value *x = qir_op_operand(later->op, i);
        if (x && qir_value_root(x) == &earlier->op->results[earlier->result])
            return qir_plan_may_share(later->op, i);
    }
    return false;
}

static void check_pair(struct checker *c, const qir_range *a, const qir_range *b)
{
    bool apart = a->last < b->first || b->last < a->first || a->offset + a->bytes <= b->offset ||
                 b->offset + b->bytes <= a->offset;
    if (apart || is_operand_in_place(a, b))
        return;
    fail(c, b, "overlaps memory that is in use");
    qir_note(c->diag, a->op->loc, "by the %s of '%s', from %zu to %zu",
             a->workspace ? "workspace" : "result", qir_op_name(a->op), a->offset,
             a->offset + a->bytes);
}

/* Ranges start in program order: each is compared with those that have not ended before it. */
static void check_ranges(struct checker *c, qir_arena *arena)
{
    const qir_range **live = QIR_NEW_ARRAY(arena, const qir_range *, c->all.len + 1);
    size_t nlive = 0;
    for (size_t i = 0; i < c->all.len; i++) {
        qir_range *r = &c->all.data[i];
        size_t kept = 0;
        bool placed = read_place(c, r);
        for (size_t j = 0; j < nlive; j++) {
            if (live[j]->last < r->first)
                continue;
            if (placed)
                check_pair(c, live[j], r);
            live[kept++] = live[j];
        }
        nlive = kept;
        if (r->out < 0)
            live[nlive++] = r;
    }
}

static bool is_use_before(qir_op *user, const qir_op *op, const qir_value *holder)
{
    bool update = user == op && qir_op_has_trait(op, QIR_TRAIT_UPDATES) &&
                  qir_value_root(qir_op_operand(op, 0)) == holder && qir_plan_may_share(op, 0);
    return update || (user != op && qir_op_before(user, (qir_op *)op));
}

/* Every use of `holder`, through views, comes before `op`, which takes over its memory. */
static bool is_dead_at(const qir_value *holder, const qir_op *op)
{
    qir_for_each_op(user, op->parent)
        for (uint32_t i = 0; i < user->noperands; i++) {
            qir_value *v = qir_op_operand(user, i);
            if (v && qir_value_root(v) == holder && !qir_op_is_view(user) &&
                !is_use_before(user, op, holder))
                return false;
        }
    return true;
}

/* What lies in the caller's buffer of result k, from the argument that it updates on. */
static void check_output(struct checker *c, const qir_func *f, uint32_t k)
{
    int64_t arg = qir_func_updated_arg(f, k);
    const qir_value *holder = arg >= 0 ? f->body->args[arg] : NULL;
    for (size_t i = 0; i < c->all.len; i++) {
        const qir_range *r = &c->all.data[i];
        if (r->out != (int32_t)k || r->workspace)
            continue;
        if (holder && !is_dead_at(holder, r->op))
            fail(c, r, "overwrites an output that is in use");
        holder = &r->op->results[r->result];
    }
}

static bool run(qir_pass *p, qir_module *m)
{
    struct checker c = {.m = m, .diag = qir_context_diag(m->ctx), .ok = true};
    qir_plan_options opts = {0};
    qir_func *f = qir_module_main(m);
    if (!f || !qir_level_from_name(qir_pass_string(p, "level"), &opts.level))
        return qir_error(c.diag, m->loc, "plan.level", "unknown level '%s', or no function @main",
                         qir_pass_string(p, "level"));
    const qir_attr *arena = qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, "arena"));
    c.arena = arena && arena->kind == QIR_ATTR_INT ? (size_t)arena->u.i : 0;
    if (!qir_plan_check_rows(f, opts.level, qir_pass_arena(p), c.diag))
        return false;
    c.all = qir_plan_ranges(f, &opts, qir_pass_arena(p));
    check_ranges(&c, qir_pass_arena(p));
    for (uint32_t k = 0; c.ok && k < f->nresults; k++)
        check_output(&c, f, k);
    return c.ok;
}

static const qir_pass_option options[] = {
    {"level", QIR_OPT_STRING, "generic", "level whose kernels' workspace is checked"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};

QIR_PASS(verify_plan, .name = "verify-plan", .summary = "Check that no two live buffers overlap.",
         .doc = "Compares every pair of buffers of a planned module, from its attributes alone.\n"
                "\n"
                "Changes: nothing. Requires: plan-memory. Leaves: everything.",
         .requires = QIR_STAGE_PLANNED, .options = options, .run = run)
