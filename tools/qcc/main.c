/* qcc: compiles a model to an object file. */
#include "provenance.h"

static size_t last_phase(const qcc_options *o)
{
    if (o->verify || o->bisect)
        return qcc_phase_find("lower");
    if (o->bench)
        return qcc_phase_find("plan");
    if (o->stop_after)
        return qcc_phase_find(o->stop_after);
    return o->emit_qir ? qcc_phase_find("plan")
           : o->emit_llvm ? qcc_phase_find("llvm")
                          : qcc_num_phases - 1;
}

static void begin(qcc_driver *d)
{
    d->codegen.name = qcc_model_name(d);
    const cl_list *paths = &d->opts->calibrate;
    d->sample_files = (qir_sample_source){paths->items, paths->len, d->opts->limit};
    d->samples = paths->len ? &d->sample_files : NULL;
    d->keep_float = d->opts->keep_float;
    d->int16 = d->opts->int16;
    d->weights = d->opts->weights;
}

static int verify(qcc_driver *d)
{
    begin(d);
    if (!qcc_choose_target(d))
        return CL_EXIT_ERROR;
    if (d->opts->bisect)
        return qcc_bisect(d);
    return qcc_run_phases(d) ? qcc_verify(d) : CL_EXIT_ERROR;
}

static bool compile(qcc_driver *d)
{
    begin(d);
    if (!qcc_check_outputs(d) || !qcc_choose_target(d) || !qcc_run_phases(d))
        return false;
    if (!qcc_write_outputs(d))
        return false;
    qcc_remark_level(d);
    if (d->opts->import_report && !qcc_write_import_report(d))
        return false;
    return !d->opts->report || qcc_report(d);
}

static bool bench(qcc_driver *d)
{
    begin(d);
    return qcc_choose_target(d) && qcc_run_phases(d) && qcc_bench(d);
}

/* What the options ask for. */
static int run(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    if (o->verify || o->bisect)
        return verify(d);
    bool ok = o->bench             ? bench(d)
              : o->supported_ops     ? qcc_supported_ops(d->diag, o->supported_ops)
              : o->show_provenance ? qcc_show_provenance(d->ctx, o->input)
              : o->diff            ? qcc_diff_provenance(d->ctx, o->input, o->diff) == 0
                                   : compile(d);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}

int main(int argc, char **argv)
{
    tool_start();
    qcc_options opts;
    const cl_tool *tool = qcc_parse_options(argc, argv, &opts);
    if (opts.emit_qir && opts.stop_after && qcc_phase_find(opts.stop_after) > qcc_phase_find("plan"))
        cl_usage_error(tool, "-emit-qir: there is no QIR after phase 'plan'");
    qcc_driver d = {.opts = &opts, .ctx = tool_context(tool, &opts.common)};
    d.diag = qir_context_diag(d.ctx);
    tool_set_threads(d.ctx, opts.jobs);
    d.last = last_phase(&opts);
    int code = run(&d);
    bool internal = d.internal_error || tool_internal_error();
    qir_strbuf_free(&d.code);
    qir_strbuf_free(&d.image);
    qir_strbuf_free(&d.import_report);
    qir_strbuf_free(&d.note.ops);
    qir_strbuf_free(&d.listing);
    qir_strbuf_free(&d.listing_params);
    for (size_t i = 1; i < d.nvariants; i++)
        qir_module_destroy(d.variants[i].module);
    qir_module_destroy(d.module);
    qir_context_destroy(d.ctx);
    return code != CL_EXIT_OK && internal ? CL_EXIT_INTERNAL : code;
}
