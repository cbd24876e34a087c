/* Hash maps from strings or pointers to pointers; insertion order is kept for iteration, so that
 * nothing depends on addresses. */
#ifndef QIR_SUPPORT_MAP_H
#define QIR_SUPPORT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "qir/support/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_map_entry {
    const void *key; /* pointer maps: the key; string maps: borrowed bytes */
    size_t key_len;  /* string maps */
    void *value;
    uint64_t hash;
} qir_map_entry;

/* Zero-initialise, then use; qir_map_free releases the table (not keys, not values). */
typedef struct qir_map {
    qir_map_entry *entries; /* in insertion order */
    uint32_t *slots;
    size_t len, cap, nslots;
} qir_map;

void qir_map_free(qir_map *m);

/* Moves a table that is complete into an arena: reading only from then on, never freed. */
void qir_map_settle(qir_map *m, qir_arena *arena);

/* Pointer keys.  get returns NULL when absent; put replaces. */
void *qir_map_get(const qir_map *m, const void *key);
void qir_map_put(qir_map *m, const void *key, void *value);
bool qir_map_has(const qir_map *m, const void *key);

/* String keys (bytes are borrowed: they must outlive the map). */
void *qir_strmap_get(const qir_map *m, const char *key, size_t len);
void qir_strmap_put(qir_map *m, const char *key, size_t len, void *value);
bool qir_strmap_has(const qir_map *m, const char *key, size_t len);

/* 64-bit hash of bytes (xxhash64, seed 0): the same on every host. */
uint64_t qir_hash_bytes(const void *data, size_t len);

#ifdef __cplusplus
}
#endif
#endif
