/* Does a module show a difference by itself, on inputs that are made up?  For reducers. */
#include <string.h>
#include "lab.h"

static bool differs_on(verify_lab *lab, const verify_way *w, qir_module *m, const verify_values *in,
                       const verify_values *want)
{
    verify_values got = {0};
    qir_strbuf why = {0};
    verify_status status = verify_run(lab, w, m, in, &got, &why);
    bool other = status == VERIFY_BROKE || (status == VERIFY_RAN && !verify_equal(&got, want));
    verify_free(&got);
    qir_strbuf_free(&why);
    return other;
}

bool verify_differs(const verify_way *ways, size_t n, qir_module *m)
{
    enum { RUNS = 4 };
    static const verify_way evaluator = {.how = VERIFY_EVALUATOR};
    verify_lab lab;
    verify_values in = {0}, want = {0};
    qir_strbuf why = {0};
    bool found = false;
    if (!verify_open(&lab, qir_context_diag(m->ctx)))
        return false;
    verify_make_inputs(qir_module_main(m), RUNS, &in);
    if (verify_run(&lab, &evaluator, m, &in, &want, &why) == VERIFY_RAN)
        for (size_t i = 0; i < n && !found; i++)
            found = ways[i].how != VERIFY_EVALUATOR && differs_on(&lab, &ways[i], m, &in, &want);
    verify_close(&lab);
    verify_free(&in);
    verify_free(&want);
    qir_strbuf_free(&why);
    return found;
}
