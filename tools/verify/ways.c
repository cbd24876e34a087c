/* The ways to run a model: which there are, and how this machine runs them. */
#include "verify.h"

#include <string.h>

static const char *const how_names[] = {"in process", "in process", "native", "qemu", "emulated"};

const char *verify_how_name(verify_how how)
{
    return how_names[how];
}

const char *verify_mt_name(const verify_way *w)
{
    return w->grain ? " mt" : "";
}

/* The architecture of a triple: what stands before the first dash. */
static const char *arch_of(qir_context *ctx, const char *triple)
{
    return qir_intern(ctx, triple, strcspn(triple, "-"));
}

static verify_how how_of(qir_context *ctx, const char *triple, qir_level level)
{
    const char *here = qir_target_triple(ctx, NULL);
    if (!here || arch_of(ctx, here) != arch_of(ctx, triple))
        return VERIFY_QEMU;
    return qir_level_runs_here(level) ? VERIFY_NATIVE : VERIFY_EMULATOR;
}

static void add(qir_context *ctx, verify_way *ways, size_t *n, const char *target, qir_level level)
{
    const char *triple = qir_target_triple(ctx, target);
    if (triple)
        ways[(*n)++] = (verify_way){qir_level_get(level)->name, arch_of(ctx, triple), triple, level,
                                    how_of(ctx, triple, level), 0, 0};
}

size_t verify_ways(qir_context *ctx, verify_way ways[VERIFY_MAX_WAYS])
{
    const char *here = qir_target_triple(ctx, NULL);
    size_t n = 0;
    ways[n++] = (verify_way){.name = "evaluator", .arch = "", .how = VERIFY_EVALUATOR};
    if (here)
        ways[n++] =
            (verify_way){"jit", arch_of(ctx, here), here, qir_level_native(), VERIFY_JIT, 0, 0};
    for (int l = 0; l < QIR_NUM_LEVELS; l++)
        if (strcmp(qir_level_get((qir_level)l)->arch, "any"))
            add(ctx, ways, &n, qir_level_get((qir_level)l)->arch, (qir_level)l);
    if (here)
        add(ctx, ways, &n, NULL, QIR_LEVEL_generic);
    add(ctx, ways, &n, "riscv64-linux-gnu", QIR_LEVEL_generic);
    return n;
}

/* --- lists -------------------------------------------------------------------------------------- */
typedef struct entry { /* NAME, ARCH, NAME@ARCH, NAME@emulated */
    const char *name, *at;
    size_t name_len, at_len; /* at_len 0: no @ */
} entry;

/* The entry at `*text`, which moves to the next one or to NULL. */
static entry next_entry(const char **text)
{
    entry e = {.name = *text};
    size_t len = strcspn(e.name, ",");
    e.at = memchr(e.name, '@', len);
    e.name_len = e.at ? (size_t)(e.at - e.name) : len;
    e.at_len = e.at ? len - e.name_len - 1 : 0;
    e.at += e.at != NULL;
    *text = e.name[len] ? e.name + len + 1 : NULL;
    return e;
}

static bool is_word(const char *word, const char *text, size_t len)
{
    return strlen(word) == len && !memcmp(word, text, len);
}

static bool wants_emulator(const verify_way *w, const entry *e)
{
    bool can = w->how == VERIFY_NATIVE || w->how == VERIFY_EMULATOR;
    return can && e->at_len && strcmp(qir_level_get(w->level)->arch, "any") &&
           is_word(verify_how_name(VERIFY_EMULATOR), e->at, e->at_len);
}

static bool matches(const verify_way *w, const entry *e)
{
    if (e->at_len)
        return is_word(w->name, e->name, e->name_len) &&
               (is_word(w->arch, e->at, e->at_len) || wants_emulator(w, e));
    return is_word(w->name, e->name, e->name_len) ||
           (w->how != VERIFY_JIT && is_word(w->arch, e->name, e->name_len));
}

bool verify_is_named(verify_way *w, const char *list)
{
    bool named = false;
    while (list) {
        entry e = next_entry(&list);
        if (!matches(w, &e))
            continue;
        named = true;
        if (wants_emulator(w, &e))
            w->how = VERIFY_EMULATOR;
    }
    return named;
}

const char *verify_unknown(const verify_way *ways, size_t n, const char *list, size_t *len)
{
    while (list) {
        entry e = next_entry(&list);
        size_t i = 0;
        while (i < n && !matches(&ways[i], &e))
            i++;
        *len = e.name_len + (e.at ? 1 + e.at_len : 0);
        if (i == n)
            return e.name;
    }
    return NULL;
}
