/* Bump allocator: everything allocated from an arena lives until the arena is destroyed or reset.
 * Nothing is freed one by one. */
#ifndef QIR_SUPPORT_ARENA_H
#define QIR_SUPPORT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_arena qir_arena;

/* Called when memory runs out; must not return (print and exit, or longjmp).  `bytes` is the
 * size that was asked for. */
typedef void (*qir_oom_handler)(void *user, size_t bytes);

/* Creates an arena; caller destroys it.  `oom` may be NULL: then running out of memory traps. */
qir_arena *qir_arena_create(qir_oom_handler oom, void *user);
void qir_arena_destroy(qir_arena *a);

/* Drops everything allocated so far but keeps one block for reuse. */
void qir_arena_reset(qir_arena *a);

/* Zeroed memory aligned to 16 bytes (64 for requests of 4 KiB and more, so that vector code may
 * read it).  Never NULL; `bytes` may be 0. */
void *qir_arena_alloc(qir_arena *a, size_t bytes);

/* `count` zeroed elements of `size` bytes; an overflowing product counts as out of memory. */
void *qir_arena_array(qir_arena *a, size_t count, size_t size);

/* Copies of bytes or of a string of `len` bytes (the copy is NUL-terminated). */
void *qir_arena_copy(qir_arena *a, const void *data, size_t bytes);
char *qir_arena_strndup(qir_arena *a, const char *s, size_t len);

/* printf into the arena. */
char *qir_arena_printf(qir_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define QIR_NEW(arena, type) ((type *)qir_arena_alloc((arena), sizeof(type)))
#define QIR_NEW_ARRAY(arena, type, n) ((type *)qir_arena_array((arena), (n), sizeof(type)))

#ifdef __cplusplus
}
#endif
#endif
