#include "sample_source.h"

bool tool_sample_source(qir_diag_engine *diag, const cl_list *paths, const char *preprocess,
                        int64_t limit, tool_samples *s, const qir_sample_source **source)
{
    *source = NULL;
    if (preprocess && !qir_preprocess_parse(diag, preprocess, &s->pre))
        return false;
    s->source = (qir_sample_source){paths->items, paths->len, preprocess ? &s->pre : NULL, limit};
    if (paths->len)
        *source = &s->source;
    return true;
}
