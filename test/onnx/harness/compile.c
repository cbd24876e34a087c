/* The compiled module beside the evaluator: the same bytes, at the host's level and at the generic
 * one. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#ifdef QCC_WITH_LLVM
#include "qir/codegen.h"
#include "qir/pass.h"

static bool same_bytes(test_case *t, const qir_func *f, void *const *got, const qir_tensor *want,
                       const char *level)
{
    for (uint32_t i = 0; i < f->nresults; i++)
        if (memcmp(got[i], want[i].data, qir_type_bytes(want[i].type)) != 0) {
            qir_strbuf_printf(&t->message, "result %u differs from the evaluator's at level %s", i,
                              level);
            return false;
        }
    return true;
}

static bool run_code(test_case *t, qir_jit *jit, const qir_func *f, const qir_tensor *inputs,
                     const qir_tensor *want, const char *level)
{
    const void *in[MAX_TENSORS];
    void *out[MAX_TENSORS];
    for (uint32_t i = 0; i < f->body->nargs; i++)
        in[i] = inputs[i].data;
    for (uint32_t i = 0; i < f->nresults; i++)
        out[i] = qir_arena_alloc(qir_context_arena(t->ctx), qir_type_bytes(want[i].type) + 64);
    int code = qir_jit_run(jit, in, out);
    if (code)
        qir_strbuf_printf(&t->message, "the code returned %d at level %s", code, level);
    return !code && same_bytes(t, f, out, want, level);
}

static bool check_level(test_case *t, qir_module *m, qir_level level, const qir_tensor *inputs,
                        const qir_tensor *want)
{
    const char *name = qir_level_get(level)->name;
    qir_codegen_options opts = {
        .triple = qir_target_triple(t->ctx, NULL), .name = "model"};
    qir_variant copy = {qir_module_clone(m), level};
    qir_jit *jit = qir_lower_to_code(copy.module, name, QIR_ROWS_FREE) ? qir_jit_create(&opts, &copy) : NULL;
    bool ok = jit && run_code(t, jit, qir_module_main(m), inputs, want, name);
    qir_jit_destroy(jit);
    qir_module_destroy(copy.module);
    return ok;
}

bool check_compiled(test_case *t, qir_module *m, const qir_tensor *inputs, const qir_tensor *want)
{
    qir_level generic;
    return qir_level_from_name("generic", &generic) &&
           check_level(t, m, qir_level_native(), inputs, want) &&
           check_level(t, m, generic, inputs, want);
}
#else
bool check_compiled(test_case *t, qir_module *m, const qir_tensor *inputs, const qir_tensor *want)
{
    (void)m, (void)inputs, (void)want;
    qir_strbuf_puts(&t->message, "built without a code generator");
    return false;
}
#endif
