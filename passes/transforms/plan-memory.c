/* Changes: gives every op that writes memory its place: `buf` (offset of the result in the scratch
 * memory) or `buf_out` (number of the function result whose caller's buffer it fills), and `ws`
 * (offset of its workspace).  Requires: assign-layouts.  Leaves: the ops.
 *
 * Offsets are searched for (offsets.c) until they reach the lower bound, which is recorded beside the
 * result.  Elementwise ops reuse the memory of an operand that dies there: kernels of such ops must read
 * an element before they write it, and never read it again. */
#include "offsets.h"
#include "plan.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/checked.h"

/* Of each range that begins in memory of its own, a block: until the last that lives on there ends.
 * The offset of a range is the number of its home's block until they are packed. */
static size_t collect(const qir_ranges *all, qir_plan_block *blocks)
{
    size_t n = 0;
    for (size_t i = 0; i < all->len; i++) {
        qir_range *r = &all->data[i];
        if (r->out >= 0)
            continue;
        if (r->home == i) {
            r->offset = n;
            blocks[n++] = (qir_plan_block){r->bytes, r->first, r->last, 0};
        } else if (r->last > blocks[all->data[r->home].offset].last) {
            blocks[all->data[r->home].offset].last = r->last;
        }
    }
    return n;
}

static size_t place_all(const qir_ranges *all, size_t bound, size_t *nblocks, qir_arena *arena)
{
    qir_plan_block *blocks = QIR_NEW_ARRAY(arena, qir_plan_block, all->len + 1);
    *nblocks = collect(all, blocks);
    size_t total = qir_plan_pack(blocks, *nblocks, bound, arena);
    for (size_t i = 0; i < all->len; i++)
        if (all->data[i].out < 0 && all->data[i].home == i)
            all->data[i].offset = blocks[all->data[i].offset].offset;
    return total;
}

/* No offset overflows when the sum of all sizes does not. */
static bool check_sizes(const qir_ranges *all, qir_diag_engine *diag)
{
    const size_t most = (size_t)1 << 46; /* a machine's address space */
    size_t sum = 0;
    for (size_t i = 0; i < all->len; i++) {
        const qir_range *r = &all->data[i];
        if (r->bytes > most || !qir_add_size(sum, r->bytes, &sum))
            return qir_error(diag, r->op->loc, "plan.size", "%s of '%s' takes %zu bytes of memory",
                             r->workspace ? "workspace" : "result", qir_op_name(r->op), r->bytes);
    }
    return true;
}

static void record(qir_module *m, const qir_ranges *all)
{
    for (size_t i = 0; i < all->len; i++) {
        qir_range *r = &all->data[i];
        bool out = r->out >= 0;
        int64_t value = out ? r->out : (int64_t)all->data[r->home].offset;
        const char *name = r->workspace ? "ws" : out ? "buf_out" : "buf";
        qir_op_set_attr(r->op, qir_plan_attr(m->ctx, name, r->result),
                        qir_attr_int(m->ctx, value));
    }
}

static void set_module_int(qir_module *m, const char *name, size_t value)
{
    m->attrs = qir_dict_set(m->ctx, m->attrs, qir_intern_cstr(m->ctx, name),
                            qir_attr_int(m->ctx, (int64_t)value));
}

static bool has_static_shapes(qir_func *f, qir_diag_engine *diag)
{
    bool ok = true;
    for (uint32_t i = 0; i < f->body->nargs; i++)
        if (!qir_type_is_static(f->body->args[i]->type))
            ok = qir_error(diag, f->loc, "plan.shape",
                           "the shape of '%%%s' is not fixed; give it with -bind NAME=VALUE",
                           f->body->args[i]->name ? f->body->args[i]->name : "argument");
    return ok;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_diag_engine *diag = qir_context_diag(m->ctx);
    qir_plan_options opts = {.inplace = qir_pass_bool(p, "inplace"),
                             .direct = qir_pass_bool(p, "direct")};
    if (!qir_level_from_name(qir_pass_string(p, "level"), &opts.level))
        return qir_error(diag, NULL, "plan.level", "unknown level '%s'", qir_pass_string(p, "level"));
    qir_func *f = qir_module_main(m);
    if (!f)
        return qir_error(diag, m->loc, "plan.main",
                         "expected a function @main or a single function");
    if (!has_static_shapes(f, diag))
        return false;
    qir_arena *arena = qir_pass_arena(p);
    if (!qir_plan_check_rows(f, opts.level, arena, diag))
        return false;
    qir_ranges all = qir_plan_ranges(f, &opts, arena);
    if (!check_sizes(&all, diag))
        return false;
    size_t n, bound = qir_plan_bound(&all, arena), total = place_all(&all, bound, &n, arena);
    record(m, &all);
    set_module_int(m, "arena", total);
    set_module_int(m, "arena_bound", bound);
    set_module_int(m, "arena_layers", all.layers);
    qir_pass_count(p, "buffers", (int64_t)n);
    qir_pass_count(p, "arena-bytes", (int64_t)total);
    return true;
}

static const qir_pass_option options[] = {
    {"level", QIR_OPT_STRING, "generic", "level whose kernels' workspace is planned"},
    {"inplace", QIR_OPT_BOOL, "true", "elementwise ops overwrite operands that die"},
    {"direct", QIR_OPT_BOOL, "true", "results are written straight to the caller's buffers"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"buffers", "arena-bytes", NULL};

QIR_PASS(plan_memory, .name = "plan-memory", .summary = "Assign scratch memory to every result.",
         .doc = "Liveness, then a search for offsets that need no more than the most that is live at once. Attributes: `buf` = offset of the result, `ws` = offset "
                "of the workspace, `buf_out` = number of the function result that is written "
                "directly; a second result has `buf.1` or `buf_out.1`, and so on; the module gets `arena` (bytes), "
                "`arena_bound` (the largest sum of live bytes, which no plan can beat) and `arena_layers` (the most that "
                "one op takes, all its operands, results and workspace side by side). `verify-plan` checks the outcome.\n"
                "\n"
                "Changes: attributes only. Requires: assign-layouts, static shapes. "
                "Leaves: ops and types.",
         .requires = QIR_STAGE_LAYOUTS, .excludes = QIR_STAGE_PLANNED, .sets = QIR_STAGE_PLANNED,
         .options = options, .statistics = statistics, .run = run)
