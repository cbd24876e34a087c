/* qir-opt: reads QIR, runs passes, prints QIR. */
#include "tool.h"
#include "qir/text.h"

static tool_common common = TOOL_COMMON_DEFAULTS;
static const char *output = "-";

static const cl_option options[] = {
    {"o", CL_STRING, &output, "FILE", "output (default: standard output)", 0, 0},
    TOOL_COMMON_OPTIONS(&common),
    {0},
};

static const cl_tool tool = {"qir-opt", "[options] INPUT", "Reads QIR, runs passes, prints QIR.",
                             options, 0, 1};

int main(int argc, char **argv)
{
    cl_list inputs = {0};
    tool_start();
    cl_parse(&tool, argc, argv, &inputs);
    qir_context *ctx = tool_context(&tool, &common);
    qir_parse_options opts = {.max_source = (size_t)common.max_source};
    qir_module *m = qir_parse_file(ctx, inputs.len ? inputs.items[0] : "-", &opts);
    qir_strbuf text = {0};
    if (m)
        qir_print(m, NULL, &text);
    bool ok = m && tool_write(qir_context_diag(ctx), output, text.data, text.len);
    qir_strbuf_free(&text);
    qir_module_destroy(m);
    qir_context_destroy(ctx);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}
