/* What qir-opt can say without an input. */
#include <string.h>
#include "opt.h"
#include "qir/ops.h"

static void list_passes(qir_strbuf *out)
{
    size_t n;
    const qir_pass_desc *const *passes = qir_pass_registry(&n);
    for (size_t i = 0; i < n; i++)
        qir_strbuf_printf(out, "%-28s %s\n", passes[i]->name, passes[i]->summary);
    const qir_named_pipeline *pipelines = qir_pipelines(&n);
    qir_strbuf_puts(out, "\npipelines:\n");
    for (size_t i = 0; i < n; i++)
        qir_strbuf_printf(out, "%-28s %s\n", pipelines[i].name, pipelines[i].doc);
}

static void list_ops(qir_strbuf *out)
{
    for (int i = 0; i < QIR_NUM_OPS; i++) {
        const qir_op_desc *d = qir_op_desc_get((qir_opcode)i);
        qir_strbuf_printf(out, "%-20s %s\n", d->name, d->doc);
    }
}

static int print_pipeline(const cl_tool *tool, const opt_options *o, qir_strbuf *out)
{
    qir_context *ctx = tool_context(tool, &o->common);
    qir_pass_manager *pm = qir_pm_create(ctx, NULL);
    bool ok = qir_pm_add(pm, o->passes ? o->passes : "");
    if (ok) {
        qir_pm_print(pm, out);
        qir_strbuf_putc(out, '\n');
    }
    qir_pm_destroy(pm);
    qir_context_destroy(ctx);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}

bool opt_list(const cl_tool *tool, const opt_options *o, qir_strbuf *out, int *code)
{
    *code = CL_EXIT_OK;
    if (o->docs && !strcmp(o->docs, "ops"))
        qir_docs_ops(out);
    else if (o->docs && !strcmp(o->docs, "passes"))
        qir_docs_passes(out);
    else if (o->docs)
        cl_usage_error(tool, "-print-docs expects ops or passes, got '%.80s'", o->docs);
    else if (o->list_passes)
        list_passes(out);
    else if (o->list_ops)
        list_ops(out);
    else if (o->print_pipeline)
        *code = print_pipeline(tool, o, out);
    else
        return false;
    return true;
}
