/* Life cycle of the context, interned strings, the uniquing table. */
#include "context_priv.h"

#include <stdlib.h>
#include <string.h>
#include "qir/support/assert.h"

qir_context *qir_context_create(qir_oom_handler oom, void *user)
{
    qir_arena *arena = qir_arena_create(oom, user);
    qir_context *ctx = QIR_NEW(arena, qir_context);
    ctx->arena = arena;
    ctx->oom = oom;
    ctx->oom_user = user;
    ctx->diag = qir_diag_engine_create();
    ctx->threads = 1;
    return ctx;
}

qir_context *qir_context_create_like(const qir_context *ctx)
{
    qir_context *like = qir_context_create(ctx->oom, ctx->oom_user);
    like->threads = ctx->threads;
    return like;
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

void qir_context_set_threads(qir_context *ctx, unsigned threads)
{
    ctx->threads = threads;
}

unsigned qir_context_threads(const qir_context *ctx)
{
    return ctx->threads;
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
