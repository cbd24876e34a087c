/* The union-find of channels.h. */
#include "channels.h"

#include "qir/support/map.h"
#include "qir/support/vec.h"

struct qir_channels {
    QIR_VEC(uint32_t) parent; /* moved into the arena when complete */
    qir_map spans;            /* value -> qir_span * */
    qir_arena *arena;
};

static const qir_span fixed = {-1, 0, QIR_CHANNEL_ONE};

static uint32_t root(const qir_channels *c, uint32_t k)
{
    while (c->parent.data[k] != k)
        k = c->parent.data[k] = c->parent.data[c->parent.data[k]];
    return k;
}

qir_span qir_channels_new(qir_channels *c, int axis, int64_t n)
{
    qir_span s = {axis, n, (uint32_t)c->parent.len};
    for (int64_t i = 0; i < n; i++)
        qir_vec_push(&c->parent, s.base + (uint32_t)i);
    return s;
}

/* The smaller number stays the root, so that the class of factor 1 keeps its own. */
void qir_channels_unite(qir_channels *c, uint32_t a, uint32_t b)
{
    a = root(c, a), b = root(c, b);
    if (a < b)
        c->parent.data[b] = a;
    else
        c->parent.data[a] = b;
}

qir_span qir_channels_span(const qir_channels *c, const qir_value *v)
{
    const qir_span *s = v ? qir_map_get(&c->spans, v) : NULL;
    return s ? *s : fixed;
}

uint32_t qir_channels_class(const qir_channels *c, qir_span s, int64_t i)
{
    return s.axis < 0 ? QIR_CHANNEL_ONE : root(c, s.base + (uint32_t)i);
}

size_t qir_channels_count(const qir_channels *c)
{
    return c->parent.len;
}

void qir_channels_pin(qir_channels *c, const qir_value *v)
{
    qir_span s = qir_channels_span(c, v);
    for (int64_t i = 0; i < s.n; i++)
        qir_channels_unite(c, QIR_CHANNEL_ONE, s.base + (uint32_t)i);
}

static void visit(qir_channels *c, const qir_op *op)
{
    qir_span s = qir_channel_rule(c, op);
    if (s.axis < 0)
        return;
    qir_span *kept = QIR_NEW(c->arena, qir_span);
    *kept = s;
    qir_map_put(&c->spans, &op->results[0], kept);
}

qir_channels *qir_channels_build(qir_func *f, qir_arena *arena)
{
    qir_channels *c = QIR_NEW(arena, qir_channels);
    c->arena = arena;
    qir_vec_push(&c->parent, QIR_CHANNEL_ONE);
    qir_for_each_op(op, f->body)
        visit(c, op);
    uint32_t *parent = qir_arena_copy(arena, c->parent.data, c->parent.len * sizeof *parent);
    size_t n = c->parent.len;
    qir_vec_free(&c->parent);
    c->parent.data = parent;
    c->parent.len = n;
    qir_map_settle(&c->spans, arena);
    return c;
}
