/* Sums of inputs in memory, results in pages: of one layer after the other, all its samples. */
#include "qir/layer_log.h"

#include <string.h>
#include "layers.h"
#include "pages.h"
#include "qir/support/map.h"

typedef struct entry {
    const qir_op *op;
    double *sum; /* of operand 0 */
    int64_t inputs, samples, most; /* seen so far; of which results are kept */
    size_t at, bytes; /* of the first result; of each */
} entry;

struct qir_layer_log {
    qir_arena *arena;
    qir_map entries; /* op -> entry * */
    qir_pages kept;
    size_t bytes;
};

enum { IN_MEMORY = 256 << 20, ALIGN = 64, FEWEST = 8, ENOUGH = 1 << 20 };

/* Few results would be a matter of luck: as many as make ENOUGH bytes. */
static int64_t count_kept(size_t bytes, int64_t samples)
{
    int64_t n = bytes ? (int64_t)(ENOUGH / bytes) : samples;
    n = n < FEWEST ? FEWEST : n;
    return n < samples ? n : samples;
}

static void add_entry(qir_layer_log *log, const qir_op *op, int64_t samples)
{
    entry *e = QIR_NEW(log->arena, entry);
    const qir_type *x = qir_op_operand(op, 0)->type;
    *e = (entry){.op = op, .inputs = qir_type_elements(x), .at = log->bytes,
                 .bytes = qir_type_bytes(op->results[0].type)};
    e->most = count_kept(e->bytes, samples);
    e->sum = QIR_NEW_ARRAY(log->arena, double, (size_t)e->inputs);
    log->bytes += (e->bytes * (size_t)e->most + ALIGN - 1) / ALIGN * ALIGN;
    qir_map_put(&log->entries, op, e);
}

qir_layer_log *qir_layer_log_create(qir_func *f, int64_t samples)
{
    qir_arena *arena = qir_context_new_arena(f->module->ctx);
    qir_layer_log *log = QIR_NEW(arena, qir_layer_log);
    log->arena = arena;
    qir_for_each_op(op, f->body)
        if (qir_is_layer(op))
            add_entry(log, op, samples);
    if (qir_pages_map(&log->kept, log->bytes, log->bytes > IN_MEMORY, qir_context_diag(f->module->ctx)))
        return log;
    qir_layer_log_destroy(log);
    return NULL;
}

void qir_layer_log_destroy(qir_layer_log *log)
{
    if (!log)
        return;
    qir_pages_unmap(&log->kept);
    qir_map_free(&log->entries);
    qir_arena_destroy(log->arena);
}

void qir_layer_log_add(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    qir_layer_log *log = user;
    entry *e = qir_map_get(&log->entries, op);
    if (!e)
        return;
    const float *x = in[0].data;
    for (int64_t i = 0; i < e->inputs; i++)
        e->sum[i] += (double)x[i];
    if (e->samples < e->most) {
        memcpy(log->kept.data + e->at + (size_t)e->samples * e->bytes, out[0].data, e->bytes);
        qir_pages_rest(&log->kept);
    }
    e->samples++;
}

int64_t qir_layer_log_samples(const qir_layer_log *log, const qir_op *op)
{
    const entry *e = qir_map_get(&log->entries, op);
    return e ? e->samples : 0;
}

int64_t qir_layer_log_kept(const qir_layer_log *log, const qir_op *op)
{
    const entry *e = qir_map_get(&log->entries, op);
    return e ? e->samples < e->most ? e->samples : e->most : 0;
}

double *qir_layer_log_mean(const qir_layer_log *log, const qir_op *op, qir_arena *arena)
{
    const entry *e = qir_map_get(&log->entries, op);
    double *mean = QIR_NEW_ARRAY(arena, double, (size_t)e->inputs);
    for (int64_t i = 0; i < e->inputs; i++)
        mean[i] = e->sum[i] / (double)e->samples;
    return mean;
}

const float *qir_layer_log_result(const qir_layer_log *log, const qir_op *op, int64_t s)
{
    const entry *e = qir_map_get(&log->entries, op);
    return (const float *)(log->kept.data + e->at + (size_t)s * e->bytes);
}
