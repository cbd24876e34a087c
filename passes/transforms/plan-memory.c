/* Changes: gives every op that writes memory its place: `buf` (offset of the result in the scratch
 * memory) or `buf_out` (number of the function result whose caller's buffer it fills), and `ws`
 * (offset of its workspace).  Requires: assign-layouts.  Leaves: the ops.
 *
 * Greedy by size (largest first, each at the lowest offset that is free over its whole life), which
 * reaches the lower bound on most networks; the bound is recorded beside the result.  Elementwise
 * ops reuse the memory of an operand that dies there: kernels of such ops must read an element
 * before they write it, and never read it again. */
#include <stdlib.h>
#include "plan.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/bug.h"
#include "qir/support/checked.h"

/* Blocks are what gets an offset: a range with all that lives on in its memory. */
struct block {
    qir_range *range;
    uint32_t last;
};

static int by_size(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    if (x->range->bytes != y->range->bytes)
        return x->range->bytes < y->range->bytes ? 1 : -1;
    return x->range < y->range ? -1 : 1; /* program order */
}

static bool live_together(const struct block *a, const struct block *b)
{
    uint32_t late = QIR_BUG(4);
    return a->range->first + late <= b->last && b->range->first + late <= a->last;
}

/* `placed` is in order of offsets.  Puts `b` into the lowest gap; returns its index there. */
static size_t place(const struct block *placed, size_t n, struct block *b)
{
    size_t offset = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        if (!live_together(&placed[i], b))
            continue;
        size_t start = placed[i].range->offset;
        if (start >= offset && start - offset >= b->range->bytes)
            break;
        if (start + placed[i].range->bytes > offset)
            offset = start + placed[i].range->bytes;
    }
    b->range->offset = offset;
    while (at < n && placed[at].range->offset <= offset)
        at++;
    return at;
}

static size_t place_all(struct block *blocks, size_t n, qir_arena *arena)
{
    struct block *placed = QIR_NEW_ARRAY(arena, struct block, n + 1);
    size_t total = 0;
    qsort(blocks, n, sizeof *blocks, by_size);
    for (size_t i = 0; i < n; i++) {
        size_t at = place(placed, i, &blocks[i]);
        for (size_t j = i; j > at; j--)
            placed[j] = placed[j - 1];
        placed[at] = blocks[i];
        size_t end = blocks[i].range->offset + blocks[i].range->bytes;
        total = end > total ? end : total;
    }
    return total;
}

static size_t collect(const qir_ranges *all, struct block *blocks, qir_arena *arena)
{
    size_t n = 0, *index = QIR_NEW_ARRAY(arena, size_t, all->len + 1);
    for (size_t i = 0; i < all->len; i++) {
        qir_range *r = &all->data[i];
        if (r->out >= 0)
            continue;
        if (r->home == i) {
            index[i] = n;
            blocks[n++] = (struct block){r, r->last};
        } else if (r->last > blocks[index[r->home]].last) {
            blocks[index[r->home]].last = r->last;
        }
    }
    return n;
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
    qir_ranges all = qir_plan_ranges(f, &opts, arena);
    if (!check_sizes(&all, diag))
        return false;
    struct block *blocks = QIR_NEW_ARRAY(arena, struct block, all.len + 1);
    size_t n = collect(&all, blocks, arena);
    size_t total = place_all(blocks, n, arena);
    record(m, &all);
    set_module_int(m, "arena", total);
    set_module_int(m, "arena_bound", qir_plan_bound(&all, arena));
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
         .doc = "Liveness, then greedy by size. Attributes: `buf` = offset of the result, `ws` = offset "
                "of the workspace, `buf_out` = number of the function result that is written "
                "directly; a second result has `buf.1` or `buf_out.1`, and so on; the module gets `arena` (bytes) and `arena_bound` (the largest sum of "
                "live bytes, which no plan can beat). `verify-plan` checks the outcome.\n"
                "\n"
                "Changes: attributes only. Requires: assign-layouts, static shapes. "
                "Leaves: ops and types.",
         .requires = QIR_STAGE_LAYOUTS, .excludes = QIR_STAGE_PLANNED, .sets = QIR_STAGE_PLANNED,
         .options = options, .statistics = statistics, .run = run)
