/* -differs=LEVEL,...: a candidate is interesting if code for one of the levels computes other bytes than
 * the evaluator, on inputs that are made up. */
#include "predicate.h"

#ifdef QCC_WITH_LLVM
bool differs_accepts(void *user, qir_module *candidate, unsigned slot)
{
    (void)slot;
    const differs *d = user;
    return verify_differs(d->ways, d->nways, candidate);
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
        if (verify_is_named(&all[i], list))
            d->ways[d->nways++] = all[i];
    return true;
}
#else
typedef int differs_needs_llvm; /* a file must not be empty */
#endif
