/* Makes constants simpler: all elements equal, or some of them zero. */
#include <string.h>
#include "qir/support/vec.h"
#include "strategy.h"

/* One whose elements stand in the module and can be written. */
static bool is_plain(const qir_const *c)
{
    return c->payload == QIR_PAYLOAD_DATA && c->value.type->kind == QIR_TENSOR &&
           qir_type_elements(c->value.type) > 0;
}

static int32_t zero_point(const qir_type *t, int64_t i)
{
    const qir_quant *q = t->quant;
    return q && q->zero_point && q->count ? q->zero_point[qir_quant_index(t, i)] : 0;
}

/* The low bytes of a little-endian integer are those of any smaller one. */
static void set_zero(const qir_type *t, int64_t i, unsigned char *data)
{
    size_t each = qir_dtype_bytes(t->dtype);
    int64_t z = zero_point(t, i);
    memcpy(data + (size_t)i * each, &z, each);
}

qir_value *reduce_zero(qir_module *m, const qir_type *t)
{
    int64_t z = zero_point(t, 0);
    return &qir_const_splat(m, "zero", t, &z, NULL)->value;
}

/* --- one value for all ------------------------------------------------------------------------ */
typedef QIR_VEC(qir_const *) const_list;

bool reduce_splats(reduction *r, qir_module *m, qir_func *f)
{
    (void)f;
    const_list chosen = {0};
    qir_for_each_const(c, m)
        if (is_plain(c) && reduce_take(r))
            qir_vec_push(&chosen, c);
    for (size_t i = 0; i < chosen.len; i++) {
        qir_const *c = chosen.data[i];
        qir_const *splat = qir_const_splat(m, c->value.name, c->value.type, c->data, c->loc);
        qir_value_replace_all(&c->value, &splat->value);
    }
    qir_vec_free(&chosen);
    return true;
}

/* --- zeros ------------------------------------------------------------------------------------ */
enum { MOST_PARTS = 64 };

/* Part `k` of `parts` of the elements of a constant. */
typedef struct part {
    qir_const *c;
    int64_t from, to;
} part;

static bool has_others(const part *p)
{
    const qir_type *t = p->c->value.type;
    size_t each = qir_dtype_bytes(t->dtype);
    for (int64_t i = p->from; i < p->to; i++) {
        int64_t z = zero_point(t, i);
        if (memcmp((const char *)p->c->data + (size_t)i * each, &z, each))
            return true;
    }
    return false;
}

typedef QIR_VEC(part) part_list;

static void choose_parts(reduction *r, qir_const *c, part_list *chosen)
{
    int64_t n = qir_type_elements(c->value.type), parts = n < MOST_PARTS ? n : MOST_PARTS;
    for (int64_t k = 0; k < parts; k++) {
        part p = {c, n * k / parts, n * (k + 1) / parts};
        if (has_others(&p) && reduce_take(r))
            qir_vec_push(chosen, p);
    }
}

/* The parts of one constant, which stand together, in one copy of it. */
static size_t clear_parts(qir_module *m, const part *p, size_t n)
{
    qir_const *c = p->c;
    size_t k = 0;
    qir_const *copy = qir_const_create(m, c->value.name, c->value.type, c->data, true, c->loc);
    for (; k < n && p[k].c == c; k++)
        for (int64_t i = p[k].from; i < p[k].to; i++)
            set_zero(c->value.type, i, (unsigned char *)(uintptr_t)copy->data);
    qir_value_replace_all(&c->value, &copy->value);
    return k;
}

bool reduce_zeros(reduction *r, qir_module *m, qir_func *f)
{
    (void)f;
    part_list chosen = {0};
    qir_for_each_const(c, m)
        if (is_plain(c))
            choose_parts(r, c, &chosen);
    for (size_t i = 0; i < chosen.len;)
        i += clear_parts(m, &chosen.data[i], chosen.len - i);
    qir_vec_free(&chosen);
    return true;
}
