/* From a finished module to the bytes that were asked for: see object.h.
 *
 * An ELF object is made of parts, each compiled in a process of its own, several at a time (-j), and of constants
 * that LLVM does not see.  How a module falls into parts does not depend on how many run at a time, so that
 * neither do the bytes.  Other outputs are one part, which holds the constants, too. */
#include "object.h"

#include "build.h"
#include "child.h"
#include "emit.h"
#include "parts.h"
#include "elf/join.h"
#include "interface/entry.h"

typedef struct unit {
    qcg *g;
    const qcg_abi *abi;
    LLVMTargetMachineRef tm;
    const qir_map *part_of;
    unsigned part, parts;
} unit;

static qir_diag_engine *diag_of(const qcg *g)
{
    return qir_context_diag(g->qir->ctx);
}

/* If there are several parts, the rest of the module is gone then. */
static bool compile_part(void *user, qir_strbuf *out)
{
    const unit *u = user;
    qcg *g = u->g;
    if (u->parts > 1)
        qcg_parts_keep(g, u->part_of, u->part);
    if (!qcg_optimize(diag_of(g), g->module, u->tm, g->opts->sanitize_thread))
        return false;
    if (u->part == 0)
        qcg_entry_aliases(g, u->abi);
    qcg_place_in_sections(g);
    qcg_debug(g); /* now, for the pipeline drops lines of what it moves */
    return qcg_emit(diag_of(g), g->module, u->tm, g->opts->emit, out);
}

/* Parts that others compile: those from `ended` on run. */
typedef struct running {
    qcg_child child[QCG_MOST_PARTS];
    unsigned started, ended;
} running;

static bool start_next(running *r, unit u)
{
    u.part = r->started;
    bool ok = qcg_child_start(diag_of(u.g), compile_part, &u, &r->child[r->started]);
    r->started += ok;
    return ok;
}

static bool end_first(running *r, qcg *g, qir_strbuf *out)
{
    unsigned i = r->ended++;
    return qcg_child_finish(diag_of(g), &r->child[i], &out[i], NULL);
}

/* Part 0 is compiled here, once all others have started, for it takes them out of the module. */
static bool compile_parts(unit *u, unsigned at_a_time, qir_strbuf *out)
{
    running r = {.started = 1, .ended = 1};
    bool ok = true;
    while (ok && r.started < u->parts)
        ok = r.started - r.ended < at_a_time ? start_next(&r, *u) : end_first(&r, u->g, out);
    while (ok && r.started - r.ended >= at_a_time)
        ok = end_first(&r, u->g, out);
    ok = ok && compile_part(u, out);
    while (r.ended < r.started)
        ok = end_first(&r, u->g, out) && ok;
    return ok;
}

static bool compile_joined(qcg *g, const qcg_abi *abi, LLVMTargetMachineRef tm, qir_strbuf *out)
{
    qir_map part_of = {0};
    qir_strbuf part[QCG_MOST_PARTS] = {0};
    unit u = {g, abi, tm, &part_of, 0, qcg_parts_deal(g, &part_of)};
    const qcg_elf_constants constants = {g->pool, qcg_pool_symbol(g),
                                         qir_arena_printf(g->arena, ".rodata.%s.constants", g->opts->name)};
    bool ok = compile_parts(&u, qir_context_threads(g->qir->ctx), part);
    if (ok)
        qcg_elf_join(g->arena, part, u.parts, &constants, out);
    for (unsigned i = 0; i < u.parts; i++)
        qir_strbuf_free(&part[i]);
    qir_map_free(&part_of);
    return ok;
}

bool qcg_object(qcg *g, const qcg_abi *abi, LLVMTargetMachineRef tm, qir_strbuf *out)
{
    bool joined = (g->opts->emit == QIR_EMIT_OBJECT || g->opts->emit == QIR_EMIT_PROGRAM) &&
                  qcg_is_elf(g->opts->triple);
    unit whole = {.g = g, .abi = abi, .tm = tm, .parts = 1};
    qcg_pool_finish(g, !joined);
    return qcg_prepare(diag_of(g), g->module, tm, !g->opts->debug_file) &&
           (joined ? compile_joined(g, abi, tm, out) : compile_part(&whole, out));
}
