/* The observers of a profile, for calibration and application. */
#ifndef QIR_PROFILE_H
#define QIR_PROFILE_H

#include "qir/model_hash.h"
#include "qir/calibrate.h"
#include "qir/observer.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"

/* What the observe ops of one id saw: a cell per channel (one if per tensor). */
typedef struct qir_profile_entry {
    int64_t id;
    qir_observer_choice choice;
    int64_t batches, elements; /* tensors and values seen */
    qir_observer *cells;
    int64_t ncells;
} qir_profile_entry;

struct qir_profile {
    qir_context *ctx;
    qir_arena *arena;
    const char *file; /* it was read from; NULL: none */
    bool identified;  /* hash is known; profiles written by hand need none */
    qir_model_hash hash;
    int64_t samples; /* measured */
    int64_t next, total; /* interrupted: first sample not measured, of how many; else 0 */
    int64_t nshards;     /* samples i of the shards i % nshards; 0: all samples */
    QIR_VEC(int64_t) shards;              /* ascending; empty: all samples */
    QIR_VEC(qir_profile_entry *) entries; /* ascending ids */
    qir_map by_id;                        /* id -> entry */
};

/* The entry with this id, created empty when absent.  Stays where it is.  NULL: there is one of
 * another kind or another number of channels. */
qir_profile_entry *qir_profile_entry_of(qir_profile *p, int64_t id, qir_observer_choice choice,
                                        int64_t ncells);
const qir_profile_entry *qir_profile_find(const qir_profile *p, int64_t id); /* NULL if none */
/* The first entry, by id, that is not a key of `used` (entry -> anything); NULL if none. */
const qir_profile_entry *qir_profile_unused(const qir_profile *p, const qir_map *used);

/* Is this the profile of `m`?  Takes on its identity if it has none.  False: diagnosed. */
bool qir_profile_identify(qir_profile *p, qir_module *m);
/* The same for reading.  A profile without identity is everyone's. */
bool qir_profile_fits(const qir_profile *p, qir_module *m);

/* Notes that the samples are those of one shard; all shards together are no shard. */
void qir_profile_add_shard(qir_profile *p, int64_t shard, int64_t nshards);

#endif
