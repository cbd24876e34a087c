/* Open addressing over an entry array kept in insertion order; slots hold entry index + 1. */
#include "qir/support/map.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

typedef bool (*match_fn)(const qir_map_entry *e, const void *key, size_t len);

uint64_t qir_hash_bytes(const void *data, size_t len)
{
    return XXH64(data, len, 0);
}

void qir_map_free(qir_map *m)
{
    free(m->entries);
    free(m->slots);
    memset(m, 0, sizeof *m);
}

void qir_map_settle(qir_map *m, qir_arena *arena)
{
    qir_map heap = *m;
    if (!heap.len)
        return;
    m->entries = qir_arena_copy(arena, heap.entries, heap.len * sizeof *heap.entries);
    m->slots = qir_arena_copy(arena, heap.slots, heap.nslots * sizeof *heap.slots);
    qir_map_free(&heap);
}

static uint32_t *find_slot(const qir_map *m, uint64_t hash, const void *key, size_t len,
                           match_fn match)
{
    size_t mask = m->nslots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &m->slots[i];
        if (!*slot)
            return slot;
        const qir_map_entry *e = &m->entries[*slot - 1];
        if (e->hash == hash && match(e, key, len))
            return slot;
    }
}

static void rehash(qir_map *m, size_t nslots)
{
    free(m->slots);
    m->slots = calloc(nslots, sizeof *m->slots);
    if (!m->slots)
        __builtin_trap();
    m->nslots = nslots;
    for (size_t e = 0; e < m->len; e++) {
        size_t i = m->entries[e].hash & (nslots - 1);
        while (m->slots[i])
            i = (i + 1) & (nslots - 1);
        m->slots[i] = (uint32_t)(e + 1);
    }
}

static void reserve_one(qir_map *m)
{
    if (m->len == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 16;
        m->entries = realloc(m->entries, m->cap * sizeof *m->entries);
        if (!m->entries)
            __builtin_trap();
    }
    if ((m->len + 1) * 2 > m->nslots)
        rehash(m, m->nslots ? m->nslots * 2 : 32);
}

static const qir_map_entry *find(const qir_map *m, uint64_t hash, const void *key, size_t len,
                                 match_fn match)
{
    if (!m->len)
        return NULL;
    uint32_t slot = *find_slot(m, hash, key, len, match);
    return slot ? &m->entries[slot - 1] : NULL;
}

static void put(qir_map *m, uint64_t hash, const void *key, size_t len, void *value,
                match_fn match)
{
    reserve_one(m);
    uint32_t *slot = find_slot(m, hash, key, len, match);
    if (!*slot) {
        m->entries[m->len] = (qir_map_entry){.key = key, .key_len = len, .hash = hash};
        *slot = (uint32_t)++m->len;
    }
    m->entries[*slot - 1].value = value;
}

static bool same_pointer(const qir_map_entry *e, const void *key, size_t len)
{
    (void)len;
    return e->key == key;
}

static bool same_string(const qir_map_entry *e, const void *key, size_t len)
{
    return e->key_len == len && (len == 0 || memcmp(e->key, key, len) == 0);
}

static uint64_t hash_pointer(const void *key)
{
    uint64_t h = (uint64_t)(uintptr_t)key;
    h ^= h >> 32;
    h *= 0x9E3779B97F4A7C15u;
    return h ^ (h >> 29);
}

void *qir_map_get(const qir_map *m, const void *key)
{
    const qir_map_entry *e = find(m, hash_pointer(key), key, 0, same_pointer);
    return e ? e->value : NULL;
}

bool qir_map_has(const qir_map *m, const void *key)
{
    return find(m, hash_pointer(key), key, 0, same_pointer) != NULL;
}

void qir_map_put(qir_map *m, const void *key, void *value)
{
    put(m, hash_pointer(key), key, 0, value, same_pointer);
}

void *qir_strmap_get(const qir_map *m, const char *key, size_t len)
{
    const qir_map_entry *e = find(m, qir_hash_bytes(key, len), key, len, same_string);
    return e ? e->value : NULL;
}

bool qir_strmap_has(const qir_map *m, const char *key, size_t len)
{
    return find(m, qir_hash_bytes(key, len), key, len, same_string) != NULL;
}

void qir_strmap_put(qir_map *m, const char *key, size_t len, void *value)
{
    put(m, qir_hash_bytes(key, len), key, len, value, same_string);
}
