/* -weights=LIST: which widths weights have, as rules.  An entry is SCHEME[@REGEX], where SCHEME is a spec
 * (qspec.h) or short: int8, int4 or int2, then ":channel" (default), ":tensor" or ":g32" for groups of 32
 * along the inputs, then ":asym" for zero points. */
#include <stdlib.h>
#include <string.h>
#include "qconfig.h"
#include "qir/diag.h"

static const struct {
    const char *word, *symmetric, *asymmetric;
} widths[] = {
    {"int8", "i8<-127:127> symmetric", "i8 affine"},
    {"int4", "i4<-7:7> symmetric", "i4 affine"},
    {"int2", "i2 symmetric", "i2 affine"},
};

static bool bad(qir_qconfig *c, const char *entry)
{
    return qir_error(qir_context_diag(qir_qconfig_module(c)->ctx), NULL, "qconfig.weights",
                     "bad weights '%s'; expected int8, int4 or int2 with :channel, :tensor or "
                     ":g<size> and :asym, or a spec; then @REGEX to say which ops",
                     entry);
}

static bool group_of(const char *word, long *group)
{
    char *end;
    *group = word[0] == 'g' ? strtol(word + 1, &end, 10) : 0;
    return *group > 0 && *group <= INT32_MAX && !*end;
}

/* Reads the short form, destroying it.  NULL: not such a form. */
static const char *spec_of(qir_qconfig *c, char *scheme)
{
    char *rest, *word = strtok_r(scheme, ":", &rest);
    size_t w = 0, n = sizeof widths / sizeof widths[0];
    while (word && w < n && strcmp(word, widths[w].word))
        w++;
    if (!word || w == n)
        return NULL;
    const char *granularity = "per-channel";
    bool zero_points = false;
    long group = 0;
    while ((word = strtok_r(NULL, ":", &rest))) {
        if (!strcmp(word, "tensor"))
            granularity = "";
        else if (!strcmp(word, "asym"))
            zero_points = true;
        else if (group_of(word, &group))
            granularity = qir_arena_printf(qir_qconfig_arena(c), "group=%ld", group);
        else if (strcmp(word, "channel"))
            return NULL;
    }
    return qir_arena_printf(qir_qconfig_arena(c), "%s %s observer=minmax",
                            zero_points ? widths[w].asymmetric : widths[w].symmetric, granularity);
}

static bool add(qir_qconfig *c, const char *entry)
{
    qir_arena *arena = qir_qconfig_arena(c);
    qir_qconfig_rule *rule = QIR_NEW(arena, qir_qconfig_rule);
    qir_qrule_spec *spec = QIR_NEW(arena, qir_qrule_spec);
    char *text = qir_arena_strndup(arena, entry, strlen(entry)), *at = strchr(text, '@');
    rule->match = at ? QIR_MATCH_NAME : QIR_MATCH_ALL;
    if (at) {
        *at = '\0';
        rule->pattern = at + 1;
    }
    bool is_short = !strncmp(text, "int", 3);
    *spec = (qir_qrule_spec){"weight", is_short ? spec_of(c, text) : text};
    qir_qspec parsed;
    if (!spec->text || !qir_qspec_parse(qir_qconfig_module(c)->ctx, spec->text, NULL, &parsed))
        return bad(c, entry);
    rule->specs = spec;
    rule->nspecs = 1;
    return qir_qconfig_add(c, rule);
}

bool qir_qconfig_add_weights(qir_qconfig *c, const char *list)
{
    qir_arena *arena = qir_qconfig_arena(c);
    char *rest, *text = qir_arena_strndup(arena, list, strlen(list));
    for (char *e = strtok_r(text, ",", &rest); e; e = strtok_r(NULL, ",", &rest))
        if (!add(c, qir_arena_strndup(arena, e, strlen(e))))
            return false;
    return true;
}
