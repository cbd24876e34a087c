/* From planned modules to an LLVM module: per level one internal function per op, in program order, and
 * a body that calls them; then the entry points.  Functions that turn out equal become one. */
#include <string.h>
#include <llvm-c/Target.h>
#include "child.h"
#include "emit.h"
#include "image.h"
#include "machine.h"
#include "object.h"
#include "rows.h"
#include "target.h"
#include "interface/entry.h"
#include "interface/selftest.h"
#include "interface/weights_file.h"
#include "kernels/share.h"
#include "qir/layout.h"

static void module_flag(qcg *g, const char *name)
{
    LLVMValueRef one = LLVMConstInt(LLVMInt32TypeInContext(g->llvm), 1, false);
    LLVMAddModuleFlag(g->module, LLVMModuleFlagBehaviorError, name, strlen(name),
                      LLVMValueAsMetadata(one));
}

static void target_abi(qcg *g, const char *name)
{
    static const char key[] = "target-abi";
    LLVMMetadataRef value = LLVMMDStringInContext2(g->llvm, name, strlen(name));
    LLVMAddModuleFlag(g->module, LLVMModuleFlagBehaviorError, key, strlen(key), value);
}

static void set_flags(qcg *g, LLVMTargetMachineRef tm)
{
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(tm);
    LLVMSetModuleDataLayout(g->module, layout);
    LLVMDisposeTargetData(layout);
    LLVMSetTarget(g->module, g->opts->triple);
    if (qcg_arch_is(g, "x86_64")) {
        module_flag(g, "cf-protection-branch");
        module_flag(g, "cf-protection-return");
    } else if (qcg_arch_is(g, "aarch64")) {
        module_flag(g, "branch-target-enforcement");
        module_flag(g, "sign-return-address");
    }
    if (*qcg_platform_abi(g->opts->triple))
        target_abi(g, qcg_platform_abi(g->opts->triple));
}

/* Each op but views is a call, each region is one. */
static bool lower_ops(qcg *g, qir_block *body, const char *features, qcg_call *calls, size_t *ncalls)
{
    size_t k = 0, n = 0;
    bool ok = true;
    qir_rows r;
    qir_for_each_op(op, body) {
        if (qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) || qir_op_is_view(op))
            continue;
        if (qir_rows_get(g->level, op, g->arena, &r)) {
            ok = qcg_lower_rows(g, &r, k, features, &calls[n++]) && ok;
            op_next = r.step[r.nsteps - 1].op->next;
            k += r.nsteps;
            continue;
        }
        unsigned tasks = qcg_share_tasks(g->level, op, g->opts->share_grain);
        ok = qcg_lower_op(g, op, k++, features, tasks, &calls[n++]) && ok;
    }
    *ncalls = n;
    return ok;
}

/* The ops and the bodies of one variant.  False: diagnosed. */
static bool build_variant(qcg *g, const qcg_abi *abi, const qir_variant *v, qcg_bodies *to)
{
    g->qir = v->module;
    g->level = v->level;
    g->machine = qcg_machine_get(v->level);
    const char *features = qcg_features(g->qir->ctx, g->opts, g->level);
    qir_block *body = qir_module_main(g->qir)->body;
    size_t n = 0;
    qir_for_each_op(op, body)
        n++;
    qcg_call *calls = QIR_NEW_ARRAY(g->arena, qcg_call, n);
    if (!lower_ops(g, body, features, calls, &n))
        return false;
    to->run = qcg_body(g, abi, calls, n);
    to->run_mt = abi->threads ? qcg_body_mt(g, abi, calls, n) : NULL;
    if (!g->selftest)
        return true;
    if (!qcg_selftest_evaluate(g, abi))
        return false;
    to->selftest = qcg_selftest_body(g, abi, calls, n);
    return true;
}

struct job {
    const qir_codegen_options *opts;
    const qir_variant *variants;
    qcg_abi *abi;
};

/* Its size and hash are parts of the interface. */
static void finish_weights(qcg *g, const struct job *job, qir_strbuf *file)
{
    if (!g->image)
        return;
    qcg_weights_write(g->image, job->opts->model, file);
    qcg_abi_take_weights(job->abi, file);
    qcg_weights_check_function(g, job->abi);
}

static bool build(qcg *g, const struct job *job, qir_strbuf *file)
{
    size_t n = job->abi->nlevels;
    qcg_bodies *bodies = QIR_NEW_ARRAY(g->arena, qcg_bodies, n);
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok = build_variant(g, job->abi, &job->variants[i], &bodies[i]) && ok;
    if (!ok)
        return false;
    finish_weights(g, job, file);
    qcg_entry(g, job->abi, bodies);
    if (g->selftest)
        qcg_selftest_functions(g, job->abi, bodies);
    if (job->opts->emit == QIR_EMIT_PROGRAM)
        qcg_program(g, job->abi);
    qcg_note(g);
    return true;
}

/* What a child writes: the size of the weights file, that file, then the code. */
static void put_weights(const qir_strbuf *file, qir_strbuf *out)
{
    uint64_t bytes = file->len;
    qir_strbuf_write(out, (const char *)&bytes, sizeof bytes);
    qir_strbuf_write(out, file->data, file->len);
}

static void take_weights(const qir_codegen_options *opts, const qir_strbuf *from, qir_strbuf *out)
{
    uint64_t bytes;
    memcpy(&bytes, from->data, sizeof bytes);
    qir_strbuf_write(opts->weights, from->data + sizeof bytes, bytes);
    qir_strbuf_write(out, from->data + sizeof bytes + bytes, from->len - sizeof bytes - bytes);
}

/* Runs in the child; nothing is freed there but what LLVM wants freed to flush. */
static bool compile(void *user, qir_strbuf *out)
{
    struct job *job = user;
    qir_context *ctx = job->variants[0].module->ctx;
    qir_diag_engine *diag = qir_context_diag(ctx);
    LLVMTargetMachineRef tm = qcg_target_machine(diag, job->opts->triple, "",
                                                 qcg_platform_features(job->opts->triple));
    if (!tm)
        return false;
    qcg g = {.qir = job->variants[0].module,
             .llvm = LLVMContextCreate(),
             .opts = job->opts,
             .arena = qir_context_arena(ctx)};
    g.module = LLVMModuleCreateWithNameInContext(job->opts->name, g.llvm);
    g.b = LLVMCreateBuilderInContext(g.llvm);
    qcg_selftest selftest = {0};
    g.selftest = job->opts->selftest ? &selftest : NULL;
    g.image = job->opts->weights ? qcg_image_create(g.arena, QCG_WEIGHTS_HEADER) : NULL;
    qcg_pool_begin(&g);
    set_flags(&g, tm);
    qir_strbuf file = {0};
    if (!build(&g, job, &file))
        return false;
    if (g.image)
        put_weights(&file, out);
    return qcg_object(&g, job->abi, tm, out);
}

/* Reads every constant that code uses, so that a missing params file is diagnosed here. */
static bool load_constants(qir_module *m)
{
    bool ok = true;
    qir_for_each_const(c, m)
        if (c->value.uses)
            ok = qir_const_data(c) && ok;
    return ok;
}

bool qir_codegen(const qir_codegen_options *opts, const qir_variant *variants, size_t n,
                 qir_strbuf *out)
{
    qcg_abi abi;
    qir_diag_engine *diag = qir_context_diag(variants[0].module->ctx);
    if (!qcg_abi_get(opts, variants, n, &abi) ||
        (opts->emit == QIR_EMIT_PROGRAM && !qcg_program_check(diag, opts->triple)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!load_constants(variants[i].module))
            return false;
    struct job job = {opts, variants, &abi};
    if (!opts->weights)
        return qcg_run_child(diag, compile, &job, out, NULL);
    qir_strbuf both = {0};
    bool ok = qcg_run_child(diag, compile, &job, &both, NULL);
    if (ok)
        take_weights(opts, &both, out);
    qir_strbuf_free(&both);
    return ok;
}
