/* One way of running a model, whatever it takes. */
#include <errno.h>
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
    if (qir_lower_to_code(copy, qir_level_get(w->level)->name))
        return copy;
    qir_module_destroy(copy);
    return NULL;
}

verify_status verify_run(verify_lab *lab, const verify_way *w, qir_module *m, const verify_values *in,
                         verify_values *out, qir_strbuf *why)
{
    switch (w->how) {
    case VERIFY_EVALUATOR: return verify_evaluate(m, in, out, why);
    case VERIFY_JIT: return verify_run_jit(w, m, in, out, why);
    default: return verify_run_program(lab, w, m, in, out, why);
    }
}
