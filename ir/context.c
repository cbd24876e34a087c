/* Life cycle of the context, interned strings, the uniquing table, locations. */
#include "context_priv.h"

#include <stdlib.h>
#include <string.h>
#include "qir/support/assert.h"
#include "qir/support/strbuf.h"
#include "qir/support/vec.h"

qir_context *qir_context_create(qir_oom_handler oom, void *user)
{
    qir_arena *arena = qir_arena_create(oom, user);
    qir_context *ctx = QIR_NEW(arena, qir_context);
    ctx->arena = arena;
    ctx->oom = oom;
    ctx->oom_user = user;
    ctx->diag = qir_diag_engine_create();
    return ctx;
}

qir_context *qir_context_create_like(const qir_context *ctx)
{
    return qir_context_create(ctx->oom, ctx->oom_user);
}

void qir_context_destroy(qir_context *ctx)
{
    if (!ctx)
        return;
    qir_diag_engine_destroy(ctx->diag);
    qir_map_free(&ctx->strings);
    qir_map_free(&ctx->uniqued);
    qir_map_free(&ctx->attached);
    qir_arena_destroy(ctx->arena);
}

qir_diag_engine *qir_context_diag(qir_context *ctx)
{
    return ctx->diag;
}

qir_arena *qir_context_arena(qir_context *ctx)
{
    return ctx->arena;
}

const char *qir_intern(qir_context *ctx, const char *s, size_t len)
{
    const char *known = qir_strmap_get(&ctx->strings, s, len);
    if (known)
        return known;
    char *copy = qir_arena_strndup(ctx->arena, s, len);
    qir_strmap_put(&ctx->strings, copy, len, copy);
    return copy;
}

const char *qir_intern_cstr(qir_context *ctx, const char *s)
{
    return qir_intern(ctx, s, strlen(s));
}

void *qir_unique_get(qir_context *ctx, const void *key, size_t len)
{
    return qir_strmap_get(&ctx->uniqued, key, len);
}

void qir_unique_put(qir_context *ctx, const void *key, size_t len, void *object)
{
    qir_strmap_put(&ctx->uniqued, qir_arena_copy(ctx->arena, key, len), len, object);
}

qir_arena *qir_context_new_arena(qir_context *ctx)
{
    return qir_arena_create(ctx->oom, ctx->oom_user);
}

void qir_context_attach(qir_context *ctx, const void *key, void *data)
{
    qir_map_put(&ctx->attached, key, data);
}

void *qir_context_attached(const qir_context *ctx, const void *key)
{
    return qir_map_get(&ctx->attached, key);
}

typedef struct context_row {
    const void *row;
    struct context_row *next;
} context_row;

void qir_context_add_row(qir_context *ctx, const void *key, const void *row)
{
    context_row *first = qir_context_attached(ctx, key), *last = first;
    context_row *added = QIR_NEW(ctx->arena, context_row);
    added->row = row;
    while (last && last->next)
        last = last->next;
    if (last)
        last->next = added;
    else
        qir_context_attach(ctx, key, added);
}

const void *qir_context_row(const qir_context *ctx, const void *key, size_t i)
{
    const context_row *r = qir_context_attached(ctx, key);
    while (r && i--)
        r = r->next;
    return r ? r->row : NULL;
}

/* ---- locations ---------------------------------------------------------------------------- */

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
    return a == b || (a->kind == b->kind && a->kind == QIR_LOC_FILE && a->text == b->text &&
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
    return result;
}

const char *qir_loc_first_name(const qir_loc *loc)
{
    if (!loc || loc->kind == QIR_LOC_NAME)
        return loc ? loc->text : NULL;
    const char *name = NULL;
    for (uint32_t i = 0; loc->kind == QIR_LOC_FUSED && i < loc->nparts && !name; i++)
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
