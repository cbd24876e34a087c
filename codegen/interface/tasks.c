/* The body of a level on the caller's threads: see entry.h.
 *
 * The calls are cut into regions: an op whose loops are shared among tasks, or all ops between two
 * of these, which one task does.  Each region is a function of the form that pools run; the end of
 * its tasks is the barrier before the next region. */
#include "interface/entry.h"

typedef struct region {
    const qcg_call *calls;
    size_t n;
    unsigned tasks; /* at most; 1: done by the caller itself */
    bool calls_user; /* has ops that can fail; never one of several tasks */
} region;

/* The caller's struct qcc_pool. */
enum { POOL_USER, POOL_THREADS, POOL_FOR };

LLVMTypeRef qcg_pool_type(qcg_frame *e)
{
    LLVMTypeRef fields[] = {e->ptr, e->i32, e->ptr};
    return LLVMStructTypeInContext(e->g->llvm, fields, 3, false);
}

/* What the tasks of one call know: lies on the stack of the body. */
enum { JOB_IN, JOB_OUT, JOB_SCRATCH, JOB_TASKS, JOB_CODE };

static LLVMTypeRef job_type(qcg_frame *e)
{
    LLVMTypeRef fields[] = {e->ptr, e->ptr, e->ptr, e->i32, e->i32};
    return LLVMStructTypeInContext(e->g->llvm, fields, 5, false);
}

static LLVMValueRef load_field(qcg_frame *e, LLVMTypeRef type, LLVMValueRef base, unsigned i)
{
    return LLVMBuildLoad2(e->g->b, LLVMStructGetTypeAtIndex(type, i),
                          LLVMBuildStructGEP2(e->g->b, type, base, i, ""), "");
}

static void store_field(qcg_frame *e, LLVMValueRef job, unsigned i, LLVMValueRef v)
{
    LLVMBuildStore(e->g->b, v, LLVMBuildStructGEP2(e->g->b, job_type(e), job, i, ""));
}

/* ---- tasks -------------------------------------------------------------------------------------
 */
/* The share of the task with this index.  The first one works where the plan has put the workspace.
 */
static qcg_part part_of(qcg_frame *e, LLVMValueRef job, LLVMValueRef index)
{
    LLVMTypeRef word = LLVMInt64TypeInContext(e->g->llvm);
    qcg_part p = {.task = LLVMBuildZExt(e->g->b, index, word, "")};
    p.tasks = LLVMBuildZExt(e->g->b, load_field(e, job_type(e), job, JOB_TASKS), word, "");
    LLVMValueRef before = LLVMBuildSub(e->g->b, p.task, LLVMConstInt(word, 1, false), "");
    LLVMValueRef at =
        LLVMBuildMul(e->g->b, before, LLVMConstInt(word, e->abi->task_bytes, false), "");
    LLVMValueRef behind = qcg_frame_offset(e, e->scratch, e->abi->tasks_at);
    p.workspace = LLVMBuildGEP2(e->g->b, e->i8, behind, &at, 1, "");
    return p;
}

/* Leaves the task, with the code in the job, if an op has failed. */
static void pass_on(qcg_frame *e, LLVMValueRef job, LLVMValueRef code, LLVMBasicBlockRef done)
{
    LLVMBuilderRef b = e->g->b;
    LLVMBasicBlockRef next = qcg_frame_block(e, "next");
    store_field(e, job, JOB_CODE, code);
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, code, LLVMConstNull(e->i32), ""), done, next);
    LLVMPositionBuilderAtEnd(b, next);
}

/* static void NAME_<level>_task<k>(void *job, unsigned index) */
static LLVMValueRef task_function(qcg *g, const qcg_abi *abi, const region *r, size_t k)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.ptr, e.i32};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->llvm), params, 2, false);
    const char *level = qir_level_get(g->level)->name;
    LLVMValueRef fn = qcg_frame_function(&e, qir_arena_printf(g->arena, "%s_task%zu", level, k),
                                         type, LLVMInternalLinkage);
    LLVMValueRef job = LLVMGetParam(fn, 0), saved = qcg_fp_save(g);
    qcg_frame_load_tensors(&e, load_field(&e, job_type(&e), job, JOB_IN),
                           load_field(&e, job_type(&e), job, JOB_OUT));
    e.scratch = load_field(&e, job_type(&e), job, JOB_SCRATCH);
    qcg_move_in(&e, false);
    qcg_part part;
    if (r->tasks > 1)
        part = part_of(&e, job, LLVMGetParam(fn, 1));
    qcg_fp_enter(g, saved);
    LLVMBasicBlockRef done = qcg_frame_block(&e, "done");
    for (size_t i = 0; i < r->n; i++) {
        LLVMValueRef code = qcg_call_op(&e, &r->calls[i], r->tasks > 1 ? &part : NULL);
        if (code)
            pass_on(&e, job, code, done);
    }
    LLVMBuildBr(g->b, done);
    LLVMPositionBuilderAtEnd(g->b, done);
    qcg_fp_leave(g, saved);
    LLVMBuildRetVoid(g->b);
    return fn;
}

/* ---- the body ----------------------------------------------------------------------------------
 */
static size_t find_regions(const qcg_call *calls, size_t n, region *to)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        bool alone = calls[i].tasks > 1;
        if (count && !alone && to[count - 1].tasks == 1)
            to[count - 1].n++;
        else
            to[count++] = (region){&calls[i], 1, alone ? calls[i].tasks : 1, false};
        to[count - 1].calls_user |= qir_op_has_trait(calls[i].op, QIR_TRAIT_CALLS);
    }
    return count;
}

static void call_here(qcg_frame *e, const region *r, LLVMValueRef task, LLVMValueRef job)
{
    LLVMValueRef args[] = {job, LLVMConstNull(e->i32)};
    LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(task), task, args, 2, "");
    if (r->calls_user)
        qcg_frame_pass_on(e, load_field(e, job_type(e), job, JOB_CODE));
}

static void call_pool(qcg_frame *e, LLVMValueRef pool, LLVMValueRef task, LLVMValueRef job,
                      unsigned most)
{
    LLVMBuilderRef b = e->g->b;
    LLVMTypeRef params[] = {e->ptr, e->ptr, e->ptr, e->i32};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->g->llvm), params, 4, false);
    LLVMValueRef threads = load_field(e, qcg_pool_type(e), pool, POOL_THREADS);
    LLVMValueRef limit = LLVMConstInt(e->i32, most, false);
    LLVMValueRef fewer = LLVMBuildICmp(b, LLVMIntULT, threads, limit, "");
    LLVMValueRef tasks = LLVMBuildSelect(b, fewer, threads, limit, "");
    LLVMValueRef args[] = {load_field(e, qcg_pool_type(e), pool, POOL_USER), task, job, tasks};
    store_field(e, job, JOB_TASKS, tasks);
    LLVMBuildCall2(b, type, load_field(e, qcg_pool_type(e), pool, POOL_FOR), args, 4, "");
}

static LLVMValueRef begin(qcg_frame *e)
{
    LLVMTypeRef params[] = {e->ptr, e->ptr, e->ptr, e->ptr};
    LLVMTypeRef type = LLVMFunctionType(e->i32, params, 4, false);
    const char *level = qir_level_get(e->g->level)->name;
    LLVMValueRef fn = qcg_frame_function(e, qir_arena_printf(e->g->arena, "%s_mt", level), type,
                                         LLVMInternalLinkage);
    LLVMValueRef job = LLVMBuildAlloca(e->g->b, job_type(e), "job");
    e->scratch = LLVMGetParam(fn, 2);
    qcg_frame_load_tensors(e, LLVMGetParam(fn, 0), LLVMGetParam(fn, 1));
    for (unsigned i = JOB_IN; i <= JOB_SCRATCH; i++)
        store_field(e, job, i, LLVMGetParam(fn, i));
    return job;
}

LLVMValueRef qcg_body_mt(qcg *g, const qcg_abi *abi, const qcg_call *calls, size_t ncalls)
{
    region *r = QIR_NEW_ARRAY(g->arena, region, ncalls + 1);
    size_t n = find_regions(calls, ncalls, r);
    LLVMValueRef *tasks = QIR_NEW_ARRAY(g->arena, LLVMValueRef, n + 1);
    for (size_t k = 0; k < n; k++)
        tasks[k] = task_function(g, abi, &r[k], k);
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMValueRef job = begin(&e), pool = LLVMGetParam(e.fn, 3);
    qcg_move_in(&e, true);
    for (size_t k = 0; k < n; k++)
        if (r[k].tasks > 1)
            call_pool(&e, pool, tasks[k], job, r[k].tasks);
        else
            call_here(&e, &r[k], tasks[k], job);
    qcg_copy_results(&e);
    LLVMBuildRet(g->b, LLVMConstNull(e.i32));
    return e.fn;
}

LLVMValueRef qcg_pool_threads(qcg_frame *e, LLVMValueRef pool)
{
    LLVMBuilderRef b = e->g->b;
    qcg_frame_guard(e, LLVMBuildIsNull(b, pool, ""), QCG_BAD_POOL);
    LLVMValueRef threads = load_field(e, qcg_pool_type(e), pool, POOL_THREADS);
    LLVMValueRef run = load_field(e, qcg_pool_type(e), pool, POOL_FOR);
    LLVMValueRef others = LLVMBuildSub(b, threads, LLVMConstInt(e->i32, 1, false), "");
    LLVMValueRef many =
        LLVMBuildICmp(b, LLVMIntUGE, others, LLVMConstInt(e->i32, QCG_MOST_TASKS, false), "");
    qcg_frame_guard(e, LLVMBuildOr(b, many, LLVMBuildIsNull(b, run, ""), ""), QCG_BAD_POOL);
    return threads;
}
