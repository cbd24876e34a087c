/* Sharing loops among tasks: see share.h. */
#include "kernels/share.h"

#include "build.h"
#include "qir/support/checked.h"

enum { ENOUGH_UNITS = 6 };

static llb_val constant(qcg *g, int64_t v)
{
    return llb_i64(g, v);
}

static bool takes(qcg *g, int64_t units)
{
    if (!g->task || g->sharing)
        return false;
    g->sharing = true;
    if (units > g->units)
        g->units = units;
    return true;
}

static llb_val is_last(qcg *g)
{
    llb_val next = llb_add(g, g->task, constant(g, 1));
    return LLVMBuildICmp(g->b, LLVMIntEQ, next, g->tasks, "");
}

/* What tasks divide among them: all steps.  If there are not more of these than tasks, a last one that is moved
 * back has to belong to who has the one before: then whole steps. */
static llb_val divided(qcg *g, int64_t steps, int64_t units)
{
    llb_val more = LLVMBuildICmp(g->b, LLVMIntULT, g->tasks, constant(g, steps), "");
    return steps == units ? constant(g, units) : LLVMBuildSelect(g->b, more, constant(g, steps), constant(g, units), "");
}

/* n * task / tasks */
static llb_val bound(qcg *g, llb_val n, llb_val task)
{
    return LLVMBuildUDiv(g->b, LLVMBuildMul(g->b, task, n, ""), g->tasks, "");
}

/* v, of unknown origin: LLVM would carry the quotient into addresses of inner loops. */
static llb_val opaque(qcg *g, llb_val v)
{
    llb_type t = LLVMTypeOf(v);
    return qcg_asm(g, t, &t, &v, 1, "", "=r,0");
}

void qcg_share_begin(qcg *g, qcg_share *s, int64_t size, int64_t step, bool cut)
{
    int64_t steps = qir_ceil_div(size, step), units = size / step ? size / step : 1;
    s->cut = cut && takes(g, units);
    if (!s->cut) {
        llb_begin(g, &s->loop, 0, size, step);
        return;
    }
    if (units == 1) {
        llb_then(g, &s->any, is_last(g));
        llb_begin(g, &s->loop, 0, size, step);
        return;
    }
    llb_val n = divided(g, steps, units), first = bound(g, n, g->task);
    llb_val end = bound(g, n, llb_add(g, g->task, constant(g, 1)));
    if (steps != units)
        end = LLVMBuildSelect(g->b, is_last(g), constant(g, steps), end, "");
    llb_then(g, &s->any, LLVMBuildICmp(g->b, LLVMIntNE, first, end, ""));
    llb_begin_at(g, &s->loop, opaque(g, llb_mul_const(g, first, step)),
                 opaque(g, llb_mul_const(g, end, step)), step);
}

static void leave(qcg *g, qcg_share *s)
{
    if (!s->cut)
        return;
    llb_else(g, &s->any);
    llb_endif(g, &s->any);
    g->sharing = false;
}

void qcg_share_end(qcg *g, qcg_share *s)
{
    llb_end(g, &s->loop);
    leave(g, s);
}

void qcg_once_begin(qcg *g, qcg_share *s, bool cut)
{
    s->cut = cut && takes(g, 1);
    if (s->cut)
        llb_then(g, &s->any, is_last(g));
}

void qcg_once_end(qcg *g, qcg_share *s)
{
    leave(g, s);
}

unsigned qcg_share_choose(const int64_t *units, unsigned n)
{
    unsigned best = 0;
    for (unsigned i = 0; i < n; i++) {
        if (units[i] >= ENOUGH_UNITS)
            return i;
        if (units[i] > units[best])
            best = i;
    }
    return best;
}

void qcg_share_fetch(qcg *g, llb_val from, int64_t bytes)
{
    enum { STEP = 512, NEAR = 256 << 10 };
    llb_loop l;
    if (!g->task || g->sharing || bytes < STEP || bytes > NEAR)
        return;
    llb_begin(g, &l, 0, bytes, STEP);
    llb_prefetch(g, llb_offset(g, from, l.iv), STEP);
    llb_end(g, &l);
}

void qcg_share_none(qcg *g)
{
    g->task = g->tasks = NULL;
}
