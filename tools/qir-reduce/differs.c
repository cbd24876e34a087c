/* -differs=LEVEL,...: a candidate is interesting if code for one of the levels computes other bytes than
 * the evaluator, on inputs that are made up. */
#include "predicate.h"

#ifdef QCC_WITH_LLVM
#include <string.h>

/* Each child has a lab of its own: they run at once. */
static bool differs_on(verify_lab *lab, const verify_way *w, qir_module *m, const verify_values *in,
                       const verify_values *want)
{
    verify_values got = {0};
    qir_strbuf why = {0};
    verify_status status = verify_run(lab, w, m, in, &got, &why);
    bool other = status == VERIFY_BROKE ||
                   (status == VERIFY_RAN &&
                    (got.bytes.len != want->bytes.len || memcmp(got.bytes.data, want->bytes.data, got.bytes.len)));
    verify_free(&got);
    qir_strbuf_free(&why);
    return other;
}

bool differs_accepts(void *user, qir_module *candidate, unsigned slot)
{
    (void)slot;
    enum { RUNS = 4 };
    const differs *d = user;
    verify_lab lab;
    verify_values in = {0}, want = {0};
    qir_strbuf why = {0};
    if (!verify_open(&lab, qir_context_diag(candidate->ctx)))
        return false;
    verify_make_inputs(qir_module_main(candidate), RUNS, &in);
    bool found = false;
    if (verify_run(&lab, &d->ways[0], candidate, &in, &want, &why) == VERIFY_RAN)
        for (size_t i = 1; i < d->nways && !found; i++)
            found = differs_on(&lab, &d->ways[i], candidate, &in, &want);
    verify_close(&lab);
    verify_free(&in);
    verify_free(&want);
    qir_strbuf_free(&why);
    return found;
}

bool differs_choose(differs *d, qir_context *ctx, const char *list)
{
    verify_way all[VERIFY_MAX_WAYS];
    size_t n = verify_ways(ctx, all), len;
    const char *unknown = verify_unknown(all, n, list, &len);
    if (unknown)
        return qir_error(qir_context_diag(ctx), NULL, "verify.way",
                         "-differs: '%.*s' is no way to run a model; expected levels such as sse2, or architectures",
                         len < 80 ? (int)len : 80, unknown);
    d->nways = 0;
    for (size_t i = 0; i < n; i++)
        if (!i || verify_is_named(&all[i], list))
            d->ways[d->nways++] = all[i];
    return true;
}
#else
typedef int differs_needs_llvm; /* a file must not be empty */
#endif
