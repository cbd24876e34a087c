/* -target, -mlevel, -mcpu and -mattr. */
#include "qcc.h"
#include <string.h>

static bool unknown_level(qcc_driver *d, const char *name)
{
    qir_strbuf known = {0};
    for (int l = 0; l < QIR_NUM_LEVELS; l++)
        if (qir_level_fits_triple((qir_level)l, d->codegen.triple))
            qir_strbuf_printf(&known, "%s, ", qir_level_get((qir_level)l)->name);
    qir_error(d->diag, NULL, "codegen.level",
              "unknown level '%s'; expected %snative or baseline for %s", name,
              qir_strbuf_cstr(&known), d->codegen.triple);
    qir_strbuf_free(&known);
    return false;
}

static bool is_host(qcc_driver *d)
{
    const char *here = qir_target_triple(d->ctx, NULL);
    size_t n = here ? strcspn(here, "-") : 0;
    return here && !strncmp(here, d->codegen.triple, n + 1);
}

static bool native_level(qcc_driver *d)
{
    if (!is_host(d))
        return qir_error(d->diag, NULL, "codegen.level",
                         "level 'native' is for this machine, not for %s; name a level",
                         d->codegen.triple);
    d->codegen.level = qir_level_native();
    return true;
}

void qcc_remark_level(qcc_driver *d)
{
    if (d->opts->level || d->last + 2 < qcc_num_phases)
        return;
    qir_level best = is_host(d) ? qir_level_native() : d->codegen.level;
    if (best != d->codegen.level)
        qir_remark(d->diag, NULL,
                   "compiled for level '%s', which every such CPU runs; this machine has '%s' "
                   "(-mlevel=%s or -mlevel=native)",
                   qir_level_get(d->codegen.level)->name, qir_level_get(best)->name,
                   qir_level_get(best)->name);
}

static bool choose_level(qcc_driver *d)
{
    const char *name = d->opts->level;
    d->codegen.level = qir_level_baseline(d->codegen.triple);
    if (!name || !strcmp(name, "baseline"))
        return true;
    if (!strcmp(name, "native"))
        return native_level(d);
    if (!qir_level_from_name(name, &d->codegen.level) ||
        !qir_level_fits_triple(d->codegen.level, d->codegen.triple))
        return unknown_level(d, name);
    return true;
}

bool qcc_choose_target(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    d->codegen.triple = qir_target_triple(d->ctx, o->target);
    if (!d->codegen.triple)
        return qir_error(d->diag, NULL, "codegen.target",
                         "unknown target '%.80s'; expected x86_64, aarch64 or an LLVM triple such as "
                         "riscv64-linux-gnu",
                         o->target ? o->target : "of this machine");
    d->codegen.cpu = o->cpu;
    d->codegen.attrs = o->attrs;
    return choose_level(d) && qir_codegen_check_target(d->diag, &d->codegen);
}
