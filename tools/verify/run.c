/* One way of running a model, whatever it takes. */
#include <errno.h>
#include "qir/ops.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lab.h"
#include "qir/pass.h"

bool verify_open(verify_lab *lab, qir_diag_engine *diag)
{
    *lab = (verify_lab){.diag = diag, .folder = "/tmp/qcc-verify-XXXXXX"};
    return mkdtemp(lab->folder) ||
           qir_error(diag, NULL, "verify.folder", "cannot create a folder in /tmp: %s", strerror(errno));
}

void verify_close(verify_lab *lab)
{
    static const char *const names[] = {"object", "program", "in", "out", "err"};
    char path[96];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", lab->folder, names[i]);
        unlink(path);
    }
    rmdir(lab->folder);
    free(lab->linker);
    free(lab->qemu[0]);
    free(lab->qemu[1]);
    free(lab->emulator);
}

qir_module *verify_lowered(const verify_way *w, qir_module *m)
{
    qir_module *copy = qir_module_clone(m);
    if (qir_lower_to_code(copy, qir_level_get(w->level)->name, w->rows))
        return copy;
    qir_module_destroy(copy);
    return NULL;
}

/* Plugins bring functions of custom ops into this process, and nowhere else. */
static const qir_op *custom_op(qir_module *m)
{
    qir_for_each_op(op, qir_module_main(m)->body)
        if (qir_op_has_trait(op, QIR_TRAIT_CALLS))
            return op;
    return NULL;
}

static bool can_be_linked(qir_module *m, qir_strbuf *why)
{
    const qir_op *op = custom_op(m);
    if (op)
        qir_strbuf_printf(why, "no program has custom op '%s'", qir_op_string(op, "symbol"));
    return !op;
}

static verify_status run(verify_lab *lab, const verify_way *w, qir_module *m, const verify_values *in,
                         verify_values *out, qir_strbuf *why)
{
    switch (w->how) {
    case VERIFY_EVALUATOR: return verify_evaluate(m, in, out, why);
    case VERIFY_JIT: return verify_run_jit(w, m, in, out, why);
    default:
        return can_be_linked(m, why) ? verify_run_program(lab, w, m, in, out, why) : VERIFY_CANNOT;
    }
}

verify_status verify_run(verify_lab *lab, const verify_way *w, qir_module *m, const verify_values *in,
                         verify_values *out, qir_strbuf *why)
{
    verify_status status = run(lab, w, m, in, out, why);
    if (status == VERIFY_RAN)
        verify_unify_nans(qir_module_main(m), out);
    return status;
}
