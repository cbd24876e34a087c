/* Keys of the union-find: what sharing_read.c makes of annotations and sharing.c unites. */
#ifndef QIR_SHARING_PRIV_H
#define QIR_SHARING_PRIV_H

#include "qir/support/map.h"
#include "qir/support/vec.h"
#include "qspec_names.h"
#include "sharing.h"

typedef struct share_key {
    const qir_op *user;     /* edge: the consumer; value: the producer */
    const qir_value *value; /* edge: what flows over it; value: itself */
    qir_qspec spec;
    bool shared;      /* with `target` */
    uint32_t target;
    uint32_t source;  /* the key at the end of the chain, once it is known */
    uint32_t sibling; /* the next key of the same value that stands for another spec, + 1 */
    uint32_t parent;
    int64_t group;
} share_key;

enum { UNKNOWN = UINT32_MAX };

struct qir_sharing {
    QIR_VEC(share_key) keys; /* moved into the arena when complete */
    qir_map edges;           /* op -> index of its first edge + 1 */
    qir_map values;          /* value -> index + 1 */
    uint32_t *group_keys;    /* of each group: the key whose spec it has */
    int64_t first_group, ngroups;
    qir_context *ctx;
    const qir_qspec_names *names;
    bool ok;
};

/* The key behind `key` (an op: its first edge). */
static inline uint32_t qir_sharing_index(const qir_map *m, const void *key)
{
    return (uint32_t)(uintptr_t)qir_map_get(m, key) - 1;
}

/* The keys of an op, after those of the ops before it.  Clears s->ok when its annotation is wrong
 * (diagnosed). */
void qir_sharing_read(qir_sharing *s, qir_op *op);

#endif
