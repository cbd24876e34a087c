/* Faults of passes: a pass that breaks the module, one that fails without a word, names taken twice.
RUN: unit-pass_manager %t.qir 2>&1 | FileCheck %s
RUN: FileCheck %s --check-prefix=REPRO < %t.qir
RUN: not qir-opt -run-reproducer %t.qir 2>&1 | FileCheck %s --check-prefix=AGAIN
*/
#include <stdio.h>
#include <string.h>
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/text.h"

static const char source[] = "module @m {\n"
                             "  func @main(%x: tensor<2xf32>) -> (tensor<2xf32>) {\n"
                             "    %y = relu(%x) : tensor<2xf32>\n"
                             "    return(%y)\n"
                             "  }\n"
                             "}\n";

static bool break_module(qir_pass *p, qir_module *m)
{
    (void)p;
    qir_op *relu = m->funcs->body->first;
    const int64_t dims[] = {3};
    relu->results[0].type = qir_tensor_type(m->ctx, QIR_f32, dims, 1, NULL);
    return true;
}

static bool say_nothing(qir_pass *p, qir_module *m)
{
    (void)p;
    (void)m;
    return false;
}

static const qir_pass_desc breaking = {.name = "break-module", .summary = "", .run = break_module};
static const qir_pass_desc silent = {.name = "say-nothing", .summary = "", .run = say_nothing};
static const qir_pass_desc taken = {.name = "dce", .summary = "", .run = say_nothing};

static void handler(void *user, const qir_diag *d)
{
    (void)user;
    printf("%s\n", d->text);
}

static void run(qir_context *ctx, const char *passes, const char *reproducer)
{
    qir_pm_options opts = {.verify_each = true, .reproducer = reproducer};
    qir_module *m = qir_parse(ctx, "test", source, strlen(source), NULL);
    qir_pass_manager *pm = qir_pm_create(ctx, &opts);
    qir_pm_register(pm, &breaking);
    qir_pm_register(pm, &silent);
    printf("taken: %d\n", !qir_pm_register(pm, &taken));
    bool ok = qir_pm_add(pm, passes) && qir_pm_run(pm, m);
    printf("ok %d internal %d\n", ok, qir_pm_internal_error(pm));
    qir_pm_destroy(pm);
    qir_module_destroy(m);
}

int main(int argc, char **argv)
{
    qir_context *ctx = qir_context_create(NULL, NULL);
    qir_diag_set_handler(qir_context_diag(ctx), handler, NULL);
    /* CHECK: taken: 1
     * CHECK: internal error: pass 'break-module' left a module that does not verify
     * CHECK: reproducer written to
     * CHECK: ok 0 internal 1
     * REPRO: // configuration: -passes='break-module,cse,const-fold{max-bytes=16}' -verify-each
     * REPRO: %y = relu(%x) : tensor<2xf32>
     * AGAIN: unknown pass or pipeline 'break-module'
     */
    run(ctx, "dce,break-module,cse,const-fold{max-bytes=16}", argc > 1 ? argv[1] : NULL);
    /* CHECK: internal error: pass 'say-nothing' failed without saying why
     * CHECK: ok 0 internal 1
     */
    run(ctx, "say-nothing", NULL);
    qir_context_destroy(ctx);
    return 0;
}
