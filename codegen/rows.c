/* Regions as code: see rows.h.
 *
 * The parts of the ops are ops themselves, each with its function; those that differ only in where they are share
 * it.  The function of the region calls them block by block: the blocks at the edges one by one, the others in a
 * loop, in which every address moves by the rows of a block.  Tasks share that loop: each but the first
 * begins with a block that takes nothing from the one before it. */
#include "rows.h"

#include "kernels/nest.h"
#include "kernels/share.h"
#include "qir/layout.h"
#include "qir/support/vec.h"

typedef struct part_function {
    unsigned step;
    qir_rows_part part;
    qcg_call call;
} part_function;

typedef struct region {
    qcg *g;
    const qir_rows *r;
    size_t k; /* number of the first op */
    const char *features;
    QIR_VEC(part_function) parts;
    llb_val task, tasks; /* NULL: one does all */
} region;

/* --- parts ---------------------------------------------------------------------------------------- */
static const qcg_call *find_part(const region *w, unsigned step, const qir_rows_part *p)
{
    for (size_t i = 0; i < w->parts.len; i++)
        if (w->parts.data[i].step == step && qir_rows_same_op(&w->parts.data[i].part, p))
            return &w->parts.data[i].call;
    return NULL;
}

static bool lower_part(region *w, unsigned step, int64_t block, bool cold)
{
    qcg_call call;
    qir_rows_part p = qir_rows_part_get(w->r, step, block, cold);
    if (p.first >= p.end || find_part(w, step, &p))
        return true;
    const qir_op *op = qir_rows_slice(w->r, step, &p, w->g->arena);
    if (!qcg_lower_op(w->g, op, w->k + step, w->features, 1, &call))
        return false;
    part_function made = {step, p, call};
    qir_vec_push(&w->parts, made);
    return true;
}

static bool lower_parts(region *w, bool shares)
{
    const qir_rows *r = w->r;
    bool ok = true;
    for (unsigned i = 0; i < r->nsteps; i++) {
        for (int64_t block = 0; block < r->nblocks; block++) {
            ok = lower_part(w, i, block, false) && ok;
            if (block == r->steady)
                block = r->tail - 1;
        }
        ok = (!shares || lower_part(w, i, r->cold, true)) && ok;
    }
    return ok;
}

/* --- one block ------------------------------------------------------------------------------------ */
/* Row `row` behind `base`, and `advance` rows for each block that has passed (NULL: none). */
static llb_val row_at(qcg *g, llb_val base, int64_t row, size_t bytes, int64_t advance, llb_val passed)
{
    base = llb_at(g, base, row * (int64_t)bytes);
    return passed ? llb_index(g, base, passed, advance * (int64_t)bytes) : base;
}

static llb_val ring_row(const region *w, unsigned step, int64_t row)
{
    const qir_rows_step *s = &w->r->step[step];
    return llb_at(w->g, w->g->ws, (int64_t)s->at + row * (int64_t)s->row_bytes);
}

static void copy_bytes(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    (void)ctx;
    (void)splat;
    llb_store(g, llb_load(g, llb_vec(llb_int(g, 8), n), ptr[1], 1), ptr[0], 1);
}

/* What stays in the ring goes to its front: to lower addresses, so ascending copies are right. */
static void move_ring(const region *w, unsigned step, const qir_rows_part *p)
{
    int64_t bytes = (p->first - p->kept) * (int64_t)w->r->step[step].row_bytes;
    if (step + 1 == w->r->nsteps || bytes <= 0 || p->base == p->base_before)
        return;
    qcg_nest n = {.rank = 1, .nptr = 2, .dim = {bytes}, .step = {{1}, {1}}, .elem = {1, 1}};
    n.ptr[0] = ring_row(w, step, p->kept - p->base);
    n.ptr[1] = ring_row(w, step, p->kept - p->base_before);
    qcg_nest_run(w->g, &n, qir_level_get(w->g->level)->vector_bytes, copy_bytes, NULL);
}

/* Is operand i of the step passed to the region? */
static bool is_outside(const qir_rows *r, unsigned step, uint32_t i)
{
    qir_value *v = qir_op_operand(r->step[step].op, i);
    return v && !qir_rows_is_inner(r, step, i) && qir_value_root(v)->kind != QIR_VALUE_CONST;
}

/* Appends the pointers of the step's operands; `outside`: the region's parameter for the first of them. */
static unsigned add_operands(const region *w, unsigned step, const qir_rows_part *p, llb_val passed,
                             unsigned *outside, llb_val *args)
{
    const qir_rows_step *s = &w->r->step[step];
    unsigned n = 0;
    for (uint32_t i = 0; i < s->op->noperands; i++) {
        if (qir_rows_is_inner(w->r, step, i))
            args[n++] = ring_row(w, step - 1, p->from - p->in_base);
        if (!is_outside(w->r, step, i))
            continue;
        const qir_type *t = qir_op_operand(s->op, i)->type;
        llb_val v = LLVMGetParam(w->g->fn, (*outside)++);
        args[n++] = qir_rows_access_of(s->op, i) == QIR_ROWS_WHOLE
                        ? v
                        : row_at(w->g, v, p->from, qir_type_bytes(t) / (size_t)t->dims[2],
                                 s->rows * s->stride, passed);
    }
    return n;
}

static void emit_step(const region *w, unsigned step, const qir_rows_part *p, llb_val passed,
                      unsigned *outside)
{
    qcg *g = w->g;
    const qir_rows_step *s = &w->r->step[step];
    llb_val *args = QIR_NEW_ARRAY(g->arena, llb_val, s->op->noperands + 3 + QCG_MOST_CONSTANTS);
    unsigned n = add_operands(w, step, p, passed, outside, args);
    args[n++] = step + 1 == w->r->nsteps ? row_at(g, g->out, p->first, s->row_bytes, s->rows, passed)
                                         : ring_row(w, step, p->first - p->base);
    args[n++] = llb_at(g, g->ws, (int64_t)w->r->ws_at);
    if (g->weights)
        args[n++] = g->weights;
    if (p->first >= p->end)
        return;
    const qcg_call *call = find_part(w, step, p);
    n = qcg_pass_constants(g, call, args, n);
    LLVMBuildCall2(g->b, LLVMGlobalGetValueType(call->fn), call->fn, args, n, "");
}

static void emit_block(const region *w, int64_t block, bool cold, llb_val passed)
{
    unsigned outside = 0;
    for (unsigned i = 0; i < w->r->nsteps; i++) {
        qir_rows_part p = qir_rows_part_get(w->r, i, block, cold);
        move_ring(w, i, &p);
        emit_step(w, i, &p, passed, &outside);
    }
}

/* --- all blocks ----------------------------------------------------------------------------------- */
static void emit_blocks(const region *w, int64_t from, int64_t to)
{
    for (int64_t block = from; block < to; block++)
        emit_block(w, block, false, NULL);
}

static void emit_all(const region *w)
{
    const qir_rows *r = w->r;
    llb_loop l;
    emit_blocks(w, 0, r->steady);
    if (r->steady < r->tail) {
        llb_begin(w->g, &l, 0, r->tail - r->steady, 1);
        emit_block(w, r->steady, false, l.iv);
        llb_end(w->g, &l);
    }
    emit_blocks(w, r->tail, r->nblocks);
}

/* Where the loop of a task begins. */
static llb_val first_of(const region *w, llb_val task)
{
    qcg *g = w->g;
    llb_val part = llb_mul_const(g, task, w->r->tail - w->r->cold);
    return llb_add(g, LLVMBuildUDiv(g->b, part, w->tasks, ""), llb_i64(g, w->r->cold));
}

static llb_val add_const(qcg *g, llb_val v, int64_t c)
{
    return llb_add(g, v, llb_i64(g, c));
}

static void emit_share(const region *w)
{
    qcg *g = w->g;
    const qir_rows *r = w->r;
    llb_if s;
    llb_loop l;
    llb_val next = add_const(g, w->task, 1), is_first = LLVMBuildIsNull(g->b, w->task, "");
    llb_val is_last = LLVMBuildICmp(g->b, LLVMIntEQ, next, w->tasks, "");
    llb_val first = first_of(w, w->task), end = first_of(w, next);
    llb_val begin =
        LLVMBuildSelect(g->b, is_first, llb_i64(g, r->steady), add_const(g, first, 1), "");
    llb_then(g, &s, is_first);
    emit_blocks(w, 0, r->steady);
    llb_else(g, &s);
    emit_block(w, r->cold, true, add_const(g, first, -r->cold));
    llb_endif(g, &s);
    llb_then(g, &s, LLVMBuildICmp(g->b, LLVMIntNE, begin, end, ""));
    llb_begin_at(g, &l, begin, end, 1);
    emit_block(w, r->steady, false, add_const(g, l.iv, -r->steady));
    llb_end(g, &l);
    llb_else(g, &s);
    llb_endif(g, &s);
    llb_then(g, &s, is_last);
    emit_blocks(w, r->tail, r->nblocks);
    llb_else(g, &s);
    llb_endif(g, &s);
}

/* --- the function --------------------------------------------------------------------------------- */
static void list_inputs(qcg *g, const qir_rows *r, qcg_call *call)
{
    size_t most = 0;
    for (unsigned i = 0; i < r->nsteps; i++)
        most += r->step[i].op->noperands;
    qir_value **in = QIR_NEW_ARRAY(g->arena, qir_value *, most);
    for (unsigned i = 0; i < r->nsteps; i++)
        for (uint32_t k = 0; k < r->step[i].op->noperands; k++)
            if (is_outside(r, i, k))
                in[call->nin++] = qir_op_operand(r->step[i].op, k);
    call->in = in;
}

static unsigned tasks_of(const qcg *g, const qir_rows *r)
{
    int64_t units = r->tail - r->cold;
    unsigned most = qcg_share_rows_tasks(g->level, r, g->opts->share_grain);
    return units < 2 ? 1 : units < most ? (unsigned)units : most;
}

bool qcg_lower_rows(qcg *g, const qir_rows *r, size_t k, const char *features, qcg_call *call)
{
    const qir_op *last = r->step[r->nsteps - 1].op;
    region w = {.g = g, .r = r, .k = k, .features = features};
    *call = (qcg_call){.op = last, .tasks = tasks_of(g, r)};
    g->region = last;
    bool ok = lower_parts(&w, call->tasks > 1);
    list_inputs(g, r, call);
    const char *symbol = qcg_op_symbol(g, last, k + r->nsteps - 1);
    qcg_call_function(g, qir_arena_printf(g->arena, "%s_rows", symbol), features, call);
    qcg_call_enter(g, call);
    w.task = g->task;
    w.tasks = g->tasks;
    qcg_share_none(g);
    if (ok)
        (w.task ? emit_share : emit_all)(&w);
    LLVMBuildRetVoid(g->b);
    g->region = NULL;
    g->call = NULL;
    qir_vec_free(&w.parts);
    return ok;
}
