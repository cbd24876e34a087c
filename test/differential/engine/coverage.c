/* One line "op types level" for every op, with the kernel among the types where there is a choice; whoever
 * reads them counts. */
#include "coverage.h"

#include "qir/kernel_plan.h"
#include "qir/ops.h"

static void write_element(const qir_type *t, qir_strbuf *out)
{
    const qir_type *l = t->kind == QIR_PACKED ? t->logical : t;
    const qir_quant *q = l->quant;
    const char *form = !q ? "" : q->group ? "q/group" : q->axis >= 0 ? "q/axis" : "q";
    qir_strbuf_printf(out, "%s%s", qir_dtype_name(l->dtype), form);
}

/* The result's element, and the weight's. */
static void write_types(const qir_op *op, qir_strbuf *out)
{
    int w = qir_op_weight(op);
    const qir_value *weight = w < 0 ? NULL : qir_op_operand(op, (uint32_t)w);
    write_element(op->results[0].type, out);
    if (!weight)
        return;
    qir_strbuf_putc(out, ',');
    write_element(weight->type, out);
}

/* The kernel that computes it at a level. */
static void write_kernel(const qir_op *op, qir_level level, qir_strbuf *out)
{
    qir_kernel_plan p;
    if (!qir_op_has_kernel(op))
        return;
    qir_kernel_plan_get(level, op, &p);
    qir_strbuf_printf(out, ",%s", qir_kernel_name(p.kernel));
}

void coverage_add(qir_strbuf *out, qir_module *m, qir_level level)
{
    qir_for_each_op(op, qir_module_main(m)->body) {
        if (op->nresults == 0)
            continue;
        qir_strbuf_printf(out, "%s ", qir_op_name(op));
        write_types(op, out);
        write_kernel(op, level, out);
        qir_strbuf_printf(out, " %s\n", qir_level_get(level)->name);
    }
}
