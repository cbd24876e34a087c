/* Arena: a chain of blocks that grow geometrically; requests of 4 KiB and more are aligned to 64
 * bytes, all others to 16. */
#include "qir/support/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/support/assert.h"
#include "qir/support/checked.h"

enum { FIRST_BLOCK = 16 << 10, LAST_BLOCK = 4 << 20, BIG = 4 << 10 };

typedef struct block {
    struct block *next;
    void *memory; /* what the allocator gave */
    size_t cap, used;
    _Alignas(64) unsigned char data[];
} block;

struct qir_arena {
    block *head;
    qir_oom_handler oom;
    void *user;
    size_t next_block;
};

static void out_of_memory(const qir_arena *a, size_t bytes)
{
    if (a && a->oom)
        a->oom(a->user, bytes);
    __builtin_trap();
}

qir_arena *qir_arena_create(qir_oom_handler oom, void *user)
{
    qir_arena *a = calloc(1, sizeof *a);
    if (!a) {
        if (oom)
            oom(user, sizeof *a);
        __builtin_trap();
    }
    a->oom = oom;
    a->user = user;
    a->next_block = FIRST_BLOCK;
    return a;
}

void qir_arena_destroy(qir_arena *a)
{
    if (!a)
        return;
    for (block *b = a->head; b;) {
        block *next = b->next;
        free(b->memory);
        b = next;
    }
    free(a);
}

void qir_arena_reset(qir_arena *a)
{
    block *keep = a->head;
    if (!keep)
        return;
    for (block *b = keep->next; b;) {
        block *next = b->next;
        free(b->memory);
        b = next;
    }
    keep->next = NULL;
    memset(keep->data, 0, keep->used);
    keep->used = 0;
}

/* From calloc, which need not touch large blocks to clear them. */
static block *new_block(qir_arena *a, size_t need)
{
    size_t cap = need > a->next_block ? need : a->next_block;
    size_t total;
    if (!qir_add_size(cap, sizeof(block) + 63, &total))
        out_of_memory(a, need);
    char *memory = calloc(1, total);
    if (!memory)
        out_of_memory(a, need);
    block *b = (block *)(memory + (-(uintptr_t)memory & 63));
    b->memory = memory;
    b->cap = cap;
    if (a->next_block < LAST_BLOCK)
        a->next_block *= 2;
    return b;
}

/* A request that would waste much of the current block gets a block of its own behind the head. */
static void *alloc_slow(qir_arena *a, size_t bytes, size_t align)
{
    size_t need;
    if (!qir_add_size(bytes, align, &need))
        out_of_memory(a, bytes);
    block *b = new_block(a, need);
    bool own_block = a->head && need > a->next_block / 4;
    if (own_block) {
        b->next = a->head->next;
        a->head->next = b;
    } else {
        b->next = a->head;
        a->head = b;
    }
    b->used = bytes;
    return b->data;
}

void *qir_arena_alloc(qir_arena *a, size_t bytes)
{
    size_t align = bytes >= BIG ? 64 : 16;
    block *b = a->head;
    if (b) {
        size_t at = (b->used + align - 1) & ~(align - 1);
        if (at <= b->cap && bytes <= b->cap - at) {
            b->used = at + bytes;
            return b->data + at;
        }
    }
    return alloc_slow(a, bytes, align);
}

void *qir_arena_array(qir_arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (!qir_mul_size(count, size, &bytes))
        out_of_memory(a, SIZE_MAX);
    return qir_arena_alloc(a, bytes);
}

void *qir_arena_copy(qir_arena *a, const void *data, size_t bytes)
{
    void *p = qir_arena_alloc(a, bytes);
    if (bytes)
        memcpy(p, data, bytes);
    return p;
}

char *qir_arena_strndup(qir_arena *a, const char *s, size_t len)
{
    char *p = qir_arena_alloc(a, len + 1);
    if (len)
        memcpy(p, s, len);
    return p;
}

char *qir_arena_printf(qir_arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    QIR_ASSERT(n >= 0, "bad format");
    char *p = qir_arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}
