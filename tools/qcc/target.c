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
              "unknown level '%s'; expected %snative, baseline, all or a list of them for %s", name,
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

static bool native_level(qcc_driver *d, qir_level *level)
{
    *level = qir_level_native();
    return is_host(d) || qir_error(d->diag, NULL, "codegen.level",
                                   "level 'native' is for this machine, not for %s; name a level",
                                   d->codegen.triple);
}

void qcc_remark_level(qcc_driver *d)
{
    if (d->opts->level || d->last + 2 < qcc_num_phases)
        return;
    qir_level level = d->variants[0].level, best = is_host(d) ? qir_level_native() : level;
    if (best != level)
        qir_remark(d->diag, NULL,
                   "compiled for level '%s', which every such CPU runs; this machine has '%s' "
                   "(-mlevel=%s, -mlevel=native, or -mlevel=all for an object that chooses)",
                   qir_level_get(level)->name, qir_level_get(best)->name,
                   qir_level_get(best)->name);
}

/* Keeps the variants in ascending order and apart. */
static void add_level(qcc_driver *d, qir_level level)
{
    size_t at = 0;
    while (at < d->nvariants && d->variants[at].level < level)
        at++;
    if (at < d->nvariants && d->variants[at].level == level)
        return;
    memmove(&d->variants[at + 1], &d->variants[at], (d->nvariants - at) * sizeof *d->variants);
    d->variants[at] = (qir_variant){NULL, level};
    d->nvariants++;
}

/* All of the architecture; the one for any where it has no baseline of its own. */
static void add_all_levels(qcc_driver *d)
{
    bool own = strcmp(qir_level_get(qir_level_baseline(d->codegen.triple))->arch, "any");
    for (int l = 0; l < QIR_NUM_LEVELS; l++)
        if (qir_level_fits_triple((qir_level)l, d->codegen.triple) &&
            !(own && !strcmp(qir_level_get((qir_level)l)->arch, "any")))
            add_level(d, (qir_level)l);
}

static bool find_level(qcc_driver *d, const char *name, qir_level *level)
{
    *level = qir_level_baseline(d->codegen.triple);
    if (!strcmp(name, "baseline"))
        return true;
    if (!strcmp(name, "native"))
        return native_level(d, level);
    return (qir_level_from_name(name, level) && qir_level_fits_triple(*level, d->codegen.triple)) ||
           unknown_level(d, name);
}

/* What this CPU can run of them. */
static void add_runnable_levels(qcc_driver *d)
{
    add_all_levels(d);
    size_t n = 0;
    for (size_t i = 0; i < d->nvariants; i++)
        if (qir_level_runs_here(d->variants[i].level))
            d->variants[n++] = d->variants[i];
    d->nvariants = n;
}

static bool add_named(qcc_driver *d, const char *name)
{
    qir_level level;
    if (!strcmp(name, "all")) {
        add_all_levels(d);
        return true;
    }
    if (!find_level(d, name, &level))
        return false;
    add_level(d, level);
    return true;
}

static bool choose_levels(qcc_driver *d)
{
    const char *p = d->opts->level ? d->opts->level : "baseline";
    if (d->opts->bench && !d->opts->level && is_host(d)) {
        add_runnable_levels(d);
        return true;
    }
    for (;; p++) {
        size_t n = strcspn(p, ",");
        if (!add_named(d, qir_arena_strndup(qir_context_arena(d->ctx), p, n)))
            return false;
        p += n;
        if (!*p)
            return true;
    }
}

/* From phase prepack on there is a module per level; only one can be printed. */
static bool can_print(qcc_driver *d)
{
    bool printed = d->last == qcc_phase_find("prepack") || d->last == qcc_phase_find("plan");
    return d->nvariants == 1 || !printed || d->opts->bench ||
           qir_error(d->diag, NULL, "codegen.level",
                     "QIR after phase '%s' is that of one level; name one with -mlevel, or stop after "
                     "'lower'",
                     qcc_phases[d->last].name);
}

uint32_t qcc_share_grain(const qcc_options *o)
{
    return !o->threads ? 0 : o->grain ? (uint32_t)o->grain : QIR_SHARE_GRAIN;
}

bool qcc_choose_target(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    d->codegen.triple = qir_target_triple(d->ctx, o->target);
    if (!d->codegen.triple)
        return qir_error(d->diag, NULL, "codegen.target",
                         "unknown target '%.80s'; expected x86_64, aarch64, riscv64 or an LLVM triple such as "
                         "riscv64-unknown-elf",
                         o->target ? o->target : "of this machine");
    d->codegen.cpu = o->cpu;
    d->codegen.attrs = o->attrs;
    d->codegen.sanitize_thread = o->sanitize != NULL;
    d->codegen.share_grain = qcc_share_grain(o);
    return choose_levels(d) && can_print(d) && qir_codegen_check_target(d->diag, &d->codegen);
}
