/* -report: where each op computes and why, and what the result costs. */
#include "qcc.h"
#include <stdio.h>
#include "qir/codes.h"
#include "qir/quant.h"

static size_t module_int(const qir_module *m, const char *name)
{
    const qir_attr *a = qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, name));
    return a && a->kind == QIR_ATTR_INT && a->u.i > 0 ? (size_t)a->u.i : 0;
}

/* As the object holds it: values of few bits are packed. */
static size_t stored_bytes(const qir_type *t)
{
    qir_code_rows r;
    bool packed = t->quant && qir_dtype_bits(t->dtype) < 8 && qir_code_rows_get(t, &r);
    return packed ? (size_t)r.rows * r.row_bytes : qir_type_bytes(t);
}

static size_t constant_bytes(const qir_module *m)
{
    size_t n = 0;
    qir_for_each_const(c, m)
        n += c->value.uses ? stored_bytes(c->value.type) : 0;
    return n;
}

static void report_variant(const qcc_driver *d, const qir_variant *v, qir_strbuf *out)
{
    const qir_module *m = v->module ? v->module : d->module;
    qir_strbuf_printf(out, "target: %s, level %s\n", d->codegen.triple,
                      qir_level_get(v->level)->name);
    qir_strbuf_printf(out, "constants: %zu bytes\n", constant_bytes(m));
    if (d->last >= qcc_phase_find("plan"))
        qir_strbuf_printf(out, "scratch: %zu bytes, lower bound %zu\n", module_int(m, "arena"),
                          module_int(m, "arena_bound"));
}

bool qcc_report(qcc_driver *d)
{
    qir_strbuf out = {0};
    qir_quant_report(d->module, &out);
    for (size_t i = 0; i < d->nvariants; i++)
        report_variant(d, &d->variants[i], &out);
    if (d->code.len)
        qir_strbuf_printf(&out, "output: %zu bytes\n", d->code.len);
    fwrite(out.data, 1, out.len, qcc_writes_stdout(d) ? stderr : stdout);
    qir_strbuf_free(&out);
    return tool_flush(d->diag);
}
