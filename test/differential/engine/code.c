/* One object per module, with all levels.  The table is assembly that every LLVM target reads: pointers to
 * the object's interface and to what data.bin holds of inputs and results (program/case.h). */
#include "code.h"

#include <stdio.h>
#include "check.h"
#include "coverage.h"
#include "qir/pass.h"
#include "qir/support/file.h"
#include "threads.h"

static bool write_file(code_batch *b, qir_diag_engine *diag, const char *name, const qir_strbuf *text)
{
    qir_strbuf path = {0};
    qir_strbuf_printf(&path, "%s/%s", b->folder, name);
    qir_output_set *set = qir_output_set_create(diag);
    bool ok = qir_output_add(set, path.data, text->data, text->len) && qir_output_commit(set);
    qir_output_set_destroy(set);
    qir_strbuf_free(&path);
    return ok;
}

/* Ready for code, and still the same results. */
static qir_module *prepare(subject *s, qir_module *m, const qir_tensor *want, const char *level)
{
    qir_module *copy = qir_module_clone(m);
    qir_strbuf verify = {0};
    qir_strbuf_printf(&verify, "verify-plan{level=%s}", level);
    int rows = s->seed % 2 ? QIR_ROWS_ALWAYS : QIR_ROWS_FREE;
    bool ok = (qir_lower_to_code(copy, level, rows) && qir_run_pipeline(copy, verify.data)) ||
              subject_fail(s, "cannot be prepared for %s", level);
    qir_tensor *got = ok ? subject_evaluate(s, "planned module", copy) : NULL;
    qir_strbuf_free(&verify);
    if (got && subject_same(s, level, got, want, false))
        return copy;
    qir_module_destroy(copy);
    return NULL;
}

static size_t put_data(code_batch *b, const qir_tensor *t, uint32_t n)
{
    size_t at = b->data.len;
    for (uint32_t i = 0; i < n; i++)
        qir_strbuf_write(&b->data, t[i].data, qir_type_bytes(t[i].type));
    return at;
}

static bool compile(code_batch *b, subject *s, const qir_variant *variants)
{
    qir_codegen_options opts = {.triple = b->triple, .name = s->name};
    qir_strbuf object = {0}, file = {0};
    qir_strbuf_printf(&file, "%s.o", s->name);
    bool ok = (qir_codegen(&opts, variants, b->nlevels, &object) || subject_fail(s, "no code")) &&
              write_file(b, qir_context_diag(s->ctx), file.data, &object);
    if (ok)
        qir_strbuf_printf(&b->objects, "%s\n", file.data);
    qir_strbuf_free(&object);
    qir_strbuf_free(&file);
    return ok;
}

static void add_row(code_batch *b, const subject *s, size_t in_at, size_t want_at)
{
    qir_strbuf_printf(&b->table,
                      "\t.section .rodata.names,\"a\"\n.Lname%zu:\t.asciz \"%s\"\n"
                      "\t.section .data.rel.ro.cases,\"aw\"\n"
                      "\t.quad .Lname%zu, %zu, %s_info, data+%zu, data+%zu\n",
                      b->cases, s->name, b->cases, b->nlevels, s->name, in_at, want_at);
    b->cases++;
}

bool code_add(code_batch *b, subject *s, qir_module *m, const qir_tensor *want)
{
    const qir_func *f = qir_module_main(m);
    qir_variant variants[QIR_NUM_LEVELS];
    size_t n = 0;
    for (bool ok = true; n < b->nlevels && ok; n += ok) {
        const char *level = qir_level_get(b->levels[n])->name;
        variants[n] = (qir_variant){prepare(s, m, want, level), b->levels[n]};
        ok = variants[n].module;
        if (ok)
            coverage_add(&b->coverage, variants[n].module, b->levels[n]);
    }
    bool ok = n == b->nlevels && compile(b, s, variants) && threads_check(s, &variants[s->seed % n], want);
    if (ok)
        add_row(b, s, put_data(b, s->in, f->body->nargs), put_data(b, want, f->nresults));
    while (n-- > 0)
        qir_module_destroy(variants[n].module);
    return ok;
}

bool code_finish(code_batch *b, qir_diag_engine *diag)
{
    qir_strbuf text = {0};
    qir_strbuf_printf(&text,
                      "\t.section .data.rel.ro.cases,\"aw\"\n\t.globl cases\n\t.balign 8\ncases:\n%s"
                      "\t.section .rodata.data,\"a\"\n\t.balign 64\ndata:\n\t.incbin \"%s/data.bin\"\n"
                      "\t.section .rodata.count,\"a\"\n\t.balign 8\n\t.globl case_count\n"
                      "case_count:\t.quad %zu\n\t.section .note.GNU-stack,\"\",%%progbits\n",
                      qir_strbuf_cstr(&b->table), b->folder, b->cases);
    bool ok = write_file(b, diag, "table.s", &text) && write_file(b, diag, "data.bin", &b->data) &&
              write_file(b, diag, "objects", &b->objects) &&
              write_file(b, diag, "coverage", &b->coverage);
    qir_strbuf_free(&text);
    qir_strbuf_free(&b->objects);
    qir_strbuf_free(&b->table);
    qir_strbuf_free(&b->data);
    qir_strbuf_free(&b->coverage);
    return ok;
}
