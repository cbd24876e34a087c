/* Locations: making, fusing and reading them. */
#include "context_priv.h"

#include <string.h>
#include "qir/support/strbuf.h"
#include "qir/support/vec.h"

const qir_loc *qir_loc_file(qir_context *ctx, const char *file, uint32_t line, uint32_t col)
{
    qir_loc *l = QIR_NEW(ctx->arena, qir_loc);
    l->kind = QIR_LOC_FILE;
    l->text = qir_intern_cstr(ctx, file);
    l->line = line;
    l->col = col;
    return l;
}

const qir_loc *qir_loc_offset(qir_context *ctx, const char *file, uint64_t offset)
{
    qir_loc *l = (qir_loc *)(uintptr_t)qir_loc_file(ctx, file, 0, 0);
    l->offset = offset;
    return l;
}

const qir_loc *qir_loc_name(qir_context *ctx, const char *name)
{
    struct {
        char cls;
        const char *name;
    } key;
    memset(&key, 0, sizeof key);
    key.cls = 'L';
    key.name = qir_intern_cstr(ctx, name);
    qir_loc *l = qir_unique_get(ctx, &key, sizeof key);
    if (l)
        return l;
    l = QIR_NEW(ctx->arena, qir_loc);
    l->kind = QIR_LOC_NAME;
    l->text = key.name;
    qir_unique_put(ctx, &key, sizeof key, l);
    return l;
}

typedef QIR_VEC(const qir_loc *) loc_list;

/* More places help nobody, and merging n equal ops one by one would cost n * n of them. */
enum { MOST_PARTS = 64 };

static bool same_place(const qir_loc *a, const qir_loc *b)
{
    return a == b || (a->kind == b->kind && a->kind != QIR_LOC_FUSED && a->text == b->text &&
                      a->line == b->line && a->col == b->col && a->offset == b->offset);
}

static void add_part(loc_list *parts, const qir_loc *l)
{
    for (size_t i = 0; i < parts->len; i++)
        if (same_place(parts->data[i], l))
            return;
    if (parts->len < 2 * MOST_PARTS)
        qir_vec_push(parts, l);
}

static void add_loc(loc_list *parts, const qir_loc *l)
{
    if (!l)
        return;
    if (l->kind != QIR_LOC_FUSED) {
        add_part(parts, l);
        return;
    }
    for (uint32_t i = 0; i < l->nparts; i++)
        add_part(parts, l->parts[i]);
}

/* Names say more than positions: positions are dropped when a name is there. */
static void choose_parts(loc_list *parts)
{
    size_t names = 0;
    for (size_t i = 0; i < parts->len; i++)
        if (parts->data[i]->kind == QIR_LOC_NAME)
            parts->data[names++] = parts->data[i];
    if (names)
        parts->len = names;
    if (parts->len > MOST_PARTS)
        parts->len = MOST_PARTS;
}

static const qir_loc *with_listing(qir_context *ctx, const qir_loc *loc, const qir_loc *listed)
{
    if (!listed || (loc && loc->listed == listed))
        return loc;
    qir_loc *l = QIR_NEW(ctx->arena, qir_loc);
    *l = loc ? *loc : *listed;
    l->listed = listed;
    return l;
}

const qir_loc *qir_loc_listed(qir_context *ctx, const qir_loc *loc, const char *file, uint32_t line,
                              uint32_t col)
{
    return with_listing(ctx, loc, qir_loc_file(ctx, file, line, col));
}

const qir_loc *qir_loc_fuse(qir_context *ctx, const qir_loc *a, const qir_loc *b)
{
    loc_list parts = {0};
    add_loc(&parts, a);
    add_loc(&parts, b);
    choose_parts(&parts);
    const qir_loc *result = NULL;
    if (parts.len == 1) {
        result = parts.data[0];
    } else if (parts.len > 1) {
        qir_loc *l = QIR_NEW(ctx->arena, qir_loc);
        l->kind = QIR_LOC_FUSED;
        l->nparts = (uint32_t)parts.len;
        l->parts = qir_arena_copy(ctx->arena, parts.data, parts.len * sizeof *parts.data);
        result = l;
    }
    qir_vec_free(&parts);
    return with_listing(ctx, result, a && a->listed ? a->listed : b ? b->listed : NULL);
}

const qir_loc *qir_loc_place(const qir_loc *loc)
{
    if (!loc || loc->listed)
        return loc ? loc->listed : NULL;
    const qir_loc *place = loc->kind == QIR_LOC_FILE && loc->line ? loc : NULL;
    for (uint32_t i = 0; i < loc->nparts && !place; i++)
        place = qir_loc_place(loc->parts[i]);
    return place;
}

const char *qir_loc_first_name(const qir_loc *loc)
{
    if (!loc || loc->kind == QIR_LOC_NAME)
        return loc ? loc->text : NULL;
    const char *name = NULL;
    for (uint32_t i = 0; i < loc->nparts && !name; i++)
        name = qir_loc_first_name(loc->parts[i]);
    return name;
}

const char *qir_loc_text(qir_context *ctx, const qir_loc *loc)
{
    if (!loc)
        return "unknown location";
    switch (loc->kind) {
    case QIR_LOC_NAME:
        return loc->text;
    case QIR_LOC_FILE:
        if (loc->line)
            return qir_arena_printf(ctx->arena, "%s:%u:%u", loc->text, loc->line, loc->col);
        if (!loc->offset)
            return loc->text;
        return qir_arena_printf(ctx->arena, "%s:+0x%llx", loc->text,
                                (unsigned long long)loc->offset);
    case QIR_LOC_FUSED:
        break;
    }
    qir_strbuf text = {0};
    for (uint32_t i = 0; i < loc->nparts; i++) {
        qir_strbuf_puts(&text, i ? "+" : "");
        qir_strbuf_puts(&text, qir_loc_text(ctx, loc->parts[i]));
    }
    const char *copy = qir_arena_strndup(ctx->arena, qir_strbuf_cstr(&text), text.len);
    qir_strbuf_free(&text);
    return copy;
}
