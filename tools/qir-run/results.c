/* Results of a run or of many: printing, writing, hashing. */
#include "run.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/support/map.h"

const char *result_name(const run *r, uint32_t i)
{
    const char *name = r->func->result_names ? r->func->result_names[i] : NULL;
    return name ? name : qir_arena_printf(qir_context_arena(r->ctx), "result%u", i);
}

void results_init(const run *r, results *s)
{
    *s = (results){0};
    s->bytes = QIR_NEW_ARRAY(qir_context_arena(r->ctx), qir_strbuf, r->func->nresults);
}

void results_add(const run *r, results *s, const qir_tensor *out)
{
    for (uint32_t i = 0; i < r->func->nresults; i++)
        qir_strbuf_write(&s->bytes[i], out[i].data, qir_type_bytes(out[i].type));
    s->samples++;
}

void results_free(const run *r, results *s)
{
    for (uint32_t i = 0; i < r->func->nresults; i++)
        qir_strbuf_free(&s->bytes[i]);
}

/* --- printing --------------------------------------------------------------------------------- */
/* One line per row of the last dimension. */
static void print_result(run *r, const results *s, uint32_t i, qir_strbuf *b)
{
    const qir_type *t = r->func->result_types[i];
    int64_t n = qir_type_elements(t) * s->samples;
    int64_t row = t->rank ? t->dims[t->rank - 1] : 1;
    qir_strbuf_printf(b, "%s : %s\n", result_name(r, i), qir_type_text(r->ctx, t));
    for (int64_t k = 0; k < n; k++) {
        tool_print_element(t, s->bytes[i].data, k, b);
        qir_strbuf_putc(b, (k + 1) % row ? ' ' : '\n');
    }
}

/* --- writing ---------------------------------------------------------------------------------- */
/* Type of the stacked result: the leading 1 becomes the number of samples, or that is put in front.
 */
static const qir_type *stacked_type(run *r, const results *s, const qir_type *t)
{
    int64_t dims[QIR_MAX_RANK + 1];
    unsigned rank = 0;
    if (!s->stacked)
        return t;
    dims[rank++] = s->samples;
    for (unsigned i = t->rank && t->dims[0] == 1; i < t->rank; i++)
        dims[rank++] = t->dims[i];
    return qir_tensor_type(r->ctx, t->dtype, dims, rank, NULL);
}

static bool add_result(run *r, const results *s, uint32_t i, const char *path, qir_output_set *set)
{
    const qir_type *t = stacked_type(r, s, r->func->result_types[i]);
    if (!t)
        return false;
    qir_strbuf npy = {0};
    qir_npy_write(&(qir_tensor){t, s->bytes[i].data}, &npy);
    bool ok = qir_output_add(set, path, npy.data, npy.len);
    qir_strbuf_free(&npy);
    return ok;
}

/* All of them or none. */
static bool write_results(run *r, const results *s)
{
    const cl_list *list = &r->opts->outputs;
    qir_output_set *set = qir_output_set_create(r->diag);
    bool ok = true;
    for (size_t k = 0; ok && k < list->len; k++) {
        uint32_t i;
        const char *path;
        ok = find_result(r, list->items[k], &i, &path) && add_result(r, s, i, path, set);
    }
    ok = ok && qir_output_commit(set);
    qir_output_set_destroy(set);
    return ok;
}

bool find_result(run *r, const char *text, uint32_t *index, const char **path)
{
    const char *eq = strchr(text, '=');
    for (uint32_t i = 0; eq && i < r->func->nresults; i++) {
        const char *name = result_name(r, i);
        if (strlen(name) == (size_t)(eq - text) && !memcmp(name, text, (size_t)(eq - text))) {
            *index = i;
            *path = eq + 1;
            return true;
        }
    }
    *index = 0;
    *path = text;
    if (!eq && r->func->nresults == 1)
        return true;
    qir_strbuf names = {0};
    for (uint32_t i = 0; i < r->func->nresults; i++)
        qir_strbuf_printf(&names, i ? ", '%s'" : "'%s'", result_name(r, i));
    qir_error(r->diag, NULL, "run.output", "'%s' names no result; the results are %s", text,
              qir_strbuf_cstr(&names));
    qir_strbuf_free(&names);
    return false;
}

/* xxhash64 of all bytes, result after result. */
static void print_hash(const run *r, const results *s, qir_strbuf *b)
{
    qir_strbuf all = {0};
    for (uint32_t i = 0; i < r->func->nresults; i++)
        qir_strbuf_write(&all, s->bytes[i].data, s->bytes[i].len);
    qir_strbuf_printf(b, "hash: %016llx\n", (unsigned long long)qir_hash_bytes(all.data, all.len));
    qir_strbuf_free(&all);
}

bool results_report(run *r, const results *s)
{
    const run_options *o = r->opts;
    bool quiet = s->stacked || o->outputs.len || o->hash || o->compare.len || o->bench;
    qir_strbuf text = {0};
    for (uint32_t i = 0; (o->print || !quiet) && i < r->func->nresults; i++)
        print_result(r, s, i, &text);
    if (o->hash)
        print_hash(r, s, &text);
    fwrite(qir_strbuf_cstr(&text), 1, text.len, stdout);
    qir_strbuf_free(&text);
    return tool_flush(r->diag) && write_results(r, s);
}
