/* Changes: marks chains of ops that are to be computed a few rows at a time (qir/rows.h: `rows`, `row_block`), where
 * that lowers the most that is live at once.  Requires: assign-layouts.  Leaves: the ops.
 *
 * Looks at the op where most is live, and at all chains around it: the one with which least is live takes its
 * place, of equals the fastest.  Again, until the worst op cannot be helped.  A chain may take in regions that
 * were made before, or be one of them, in smaller blocks.  Regions cost code: together they have to save enough. */
#include "plan.h"
#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rows.h"

typedef struct search {
    qir_module *m;
    qir_func *f;
    qir_plan_options plan;
    double limit; /* of cycles, over those of the ops by themselves; 0: any */
    qir_arena *arena;
    qir_ranges all;
    const size_t *live;
    uint32_t worst; /* position where most is live */
    qir_op **op;    /* by position: the first op there */
} search;

typedef struct choice {
    qir_op *first;
    unsigned n;
    int64_t block;
    size_t here, peak; /* live in the region, and anywhere */
    double lost;       /* cycles */
} choice;

static void survey(search *s)
{
    uint32_t at = 0;
    s->all = qir_plan_ranges(s->f, &s->plan, s->arena);
    s->live = qir_plan_live(&s->all, s->arena);
    s->op = QIR_NEW_ARRAY(s->arena, qir_op *, s->all.nops + 1);
    for (qir_op *op = s->f->body->first; op; op = op->next) {
        s->op[at] = s->op[at] ? s->op[at] : op;
        at += qir_rows_marked(op) < 2;
    }
    s->worst = 0;
    for (uint32_t t = 1; t < s->all.nops; t++)
        if (s->live[t] > s->live[s->worst])
            s->worst = t;
}

/* What is live at positions a to b besides what lies between them alone. */
static size_t around(const search *s, uint32_t a, uint32_t b)
{
    size_t bytes = 0;
    for (size_t i = 0; i < s->all.len; i++) {
        const qir_range *r = &s->all.data[i];
        bool inside = r->first >= a && r->first <= b, kept = !r->workspace && (!inside || r->first == b);
        if (r->out < 0 && kept && r->first <= b && r->last >= a)
            bytes += r->bytes;
    }
    return bytes;
}

static size_t elsewhere(const search *s, uint32_t a, uint32_t b)
{
    size_t most = 0;
    for (uint32_t t = 0; t < s->all.nops; t++)
        if ((t < a || t > b) && s->live[t] > most)
            most = s->live[t];
    return most;
}

static bool is_better(const choice *a, const choice *b)
{
    return !b->n || a->peak < b->peak || (a->peak == b->peak && a->lost < b->lost);
}

/* Positions a to b as a region, in the block that suits best. */
static void try_chain(const search *s, uint32_t a, uint32_t b, choice *best)
{
    size_t fixed = around(s, a, b), others = elsewhere(s, a, b);
    unsigned n = 0;
    for (qir_op *op = s->op[a]; op != s->op[b + 1]; op = op->next)
        n++;
    if (fixed >= s->live[s->worst])
        return;
    qir_rows r;
    for (int64_t block = 1; qir_rows_make(s->plan.level, s->op[a], n, block, s->arena, &r); block *= 2) {
        choice c = {s->op[a], n, block, fixed + r.bytes, 0, r.cycles - r.apart};
        c.peak = c.here > others ? c.here : others;
        if (c.here >= s->live[s->worst])
            break;
        if ((!s->limit || r.cycles <= s->limit * r.apart) && is_better(&c, best))
            *best = c;
    }
}

static bool joins(const search *s, uint32_t at)
{
    const qir_op *before = s->op[at];
    while (before->next && before->next != s->op[at + 1])
        before = before->next;
    return s->op[at + 1] && qir_rows_follows(before, s->op[at + 1]);
}

static choice choose(const search *s)
{
    choice best = {0};
    for (uint32_t a = s->worst;; a--) {
        for (uint32_t b = s->worst; b + 1 < s->all.nops; b++) {
            try_chain(s, a, b, &best);
            if (!joins(s, b))
                break;
        }
        if (a == 0 || !qir_rows_takes(s->op[a - 1]) || !joins(s, a - 1))
            return best;
    }
}

/* number < 0: of no region. */
static void mark(const search *s, qir_op *first, unsigned n, int64_t number, int64_t block)
{
    qir_context *ctx = s->m->ctx;
    for (; n > 0; n--, first = first->next) {
        qir_op_set_attr(first, qir_intern_cstr(ctx, "rows"), number < 0 ? NULL : qir_attr_int(ctx, number));
        qir_op_set_attr(first, qir_intern_cstr(ctx, "row_block"),
                        number >= 0 && n == 1 ? qir_attr_int(ctx, block) : NULL);
    }
}

/* Numbers in the order of the ops, or, not `kept`, none; returns how many. */
static int64_t number_regions(search *s, bool kept)
{
    int64_t regions = 0;
    qir_rows r;
    qir_for_each_op(op, s->f->body) {
        if (!qir_rows_get(s->plan.level, op, s->arena, &r))
            continue;
        mark(s, op, r.nsteps, kept ? regions++ : -1, r.block);
        op_next = r.step[r.nsteps - 1].op->next;
    }
    return regions;
}

static bool run(qir_pass *p, qir_module *m)
{
    search s = {.m = m, .f = qir_module_main(m), .arena = qir_pass_arena(p),
                .plan = {.inplace = true, .direct = true}};
    int64_t limit = qir_pass_int(p, "limit");
    s.limit = (double)limit / 100.0;
    if (!s.f || !qir_level_from_name(qir_pass_string(p, "level"), &s.plan.level))
        return qir_error(qir_context_diag(m->ctx), m->loc, "plan.level",
                         "unknown level '%s', or no function @main", qir_pass_string(p, "level"));
    if (limit == QIR_ROWS_NEVER)
        return true;
    survey(&s);
    size_t before = s.live[s.worst];
    choice c = s.all.nops ? choose(&s) : (choice){0};
    for (int64_t number = INT32_MAX; c.n; number--) { /* new ones differ from those that are numbered */
        mark(&s, c.first, c.n, number, c.block);
        survey(&s);
        c = choose(&s);
    }
    double gain = (double)qir_pass_int(p, "gain") / 100.0;
    bool kept = !limit || (double)s.live[s.worst] <= (1.0 - gain) * (double)before;
    qir_pass_count(p, "regions", number_regions(&s, kept));
    return true;
}

static const qir_pass_option options[] = {
    {"level", QIR_OPT_STRING, "generic", "level whose kernels compute the rows"},
    {"limit", QIR_OPT_INT, "103", "most time that a region may take, percent of its ops' by themselves; 0: any, -1: no regions"},
    {"gain", QIR_OPT_INT, "10", "least that all regions together save where time is limited, percent; else there are none"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"regions", NULL};

QIR_PASS(fuse_rows, .name = "fuse-rows", .summary = "Compute chains of ops a few rows at a time, to save memory.",
         .doc = "Marks chains of convolutions, max-pools and elementwise ops, each of which reads the one before it, as "
                "regions (`rows` = number of the region; on the last op `row_block` = rows at a time), where less "
                "memory is live then at the op that needs most. What they hand on lies in rings of rows, which "
                "`plan-memory` counts as workspace of the last op. Results are the same bytes.\n"
                "\n"
                "Changes: attributes only. Requires: assign-layouts, static shapes. Leaves: ops and types.",
         .requires = QIR_STAGE_LAYOUTS, .excludes = QIR_STAGE_PLANNED, .options = options,
         .statistics = statistics, .run = run)
