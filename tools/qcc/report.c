/* -report: where each op computes and why, and what the result costs. */
#include "qcc.h"
#include <stdio.h>
#include "qir/codes.h"
#include "qir/kernel_plan.h"
#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/quant.h"
#include "qir/rows.h"

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

/* Ops by the numbers that their symbols have (see qcg_lower_op). */
static void report_kernels(qir_level level, const qir_module *m, qir_strbuf *out)
{
    size_t k = 0;
    qir_for_each_op(op, qir_module_main((qir_module *)m)->body) {
        if (qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) || qir_op_is_view(op))
            continue;
        if (qir_op_has_kernel(op)) {
            qir_kernel_plan p;
            qir_kernel_plan_get(level, op, &p);
            qir_strbuf_printf(out, "kernel of %zu %s: %s\n", k, qir_op_name(op), qir_kernel_name(p.kernel));
        }
        k++;
    }
}

/* Regions by the numbers of their ops: what lies in their rings, and what that would be as a whole. */
static void report_rows(qir_level level, const qir_module *m, qir_strbuf *out)
{
    qir_rows r;
    size_t k = 0;
    qir_for_each_op(op, qir_module_main((qir_module *)m)->body) {
        if (qir_rows_get(level, op, m->arena, &r)) {
            size_t whole = 0;
            for (unsigned i = 0; i + 1 < r.nsteps; i++)
                whole += qir_type_bytes(r.step[i].op->results[0].type);
            qir_strbuf_printf(out, "rows of %zu to %zu: %lld at a time, %zu bytes in place of %zu\n", k,
                              k + r.nsteps - 1, (long long)r.block, r.bytes, whole);
            op_next = r.step[r.nsteps - 1].op->next;
            k += r.nsteps - 1;
        }
        k += !qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) && !qir_op_is_view(op);
    }
}

static void report_variant(const qcc_driver *d, const qir_variant *v, qir_strbuf *out)
{
    const qir_module *m = v->module ? v->module : d->module;
    qir_strbuf_printf(out, "target: %s, level %s\n", d->codegen.triple,
                      qir_level_get(v->level)->name);
    qir_strbuf_printf(out, "constants: %zu bytes\n", constant_bytes(m));
    if (d->last < qcc_phase_find("plan"))
        return;
    qir_strbuf_printf(out, "scratch: %zu bytes, lower bound %zu\n", module_int(m, "arena"),
                      module_int(m, "arena_bound"));
    report_rows(v->level, m, out);
    report_kernels(v->level, m, out);
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
