/* Einstein summation: operands are joined one by one, each time by a batched matrix product over the
 * labels that are in neither the result nor a later operand. */
#include <ctype.h>
#include <string.h>

#include "core/compose.h"

enum { MAX_LABELS = 64, ELLIPSIS = 52 }; /* letters, then the dimensions of "..." */

typedef struct term {
    qir_value *v;
    unsigned rank;
    unsigned char label[QIR_MAX_RANK];
} term;

typedef struct einsum {
    fe_builder *fe;
    int64_t size[MAX_LABELS];
    unsigned dots; /* dimensions that "..." stands for */
} einsum;

static uint64_t labels_of(const term *t)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < t->rank; i++)
        set |= (uint64_t)1 << t->label[i];
    return set;
}

/* --- reading the equation ------------------------------------------------------------------------- */

static bool bad(einsum *e, const char *why)
{
    return fe_error(e->fe, "attr", "einsum equation: %s", why);
}

/* One comma-separated part; `dots` of its dimensions stand for "...". */
static bool read_term(einsum *e, const char **at, term *t, unsigned dots)
{
    t->rank = 0;
    for (const char *p = *at;; p++) {
        bool ellipsis = !strncmp(p, "...", 3);
        unsigned n = ellipsis ? dots : 1;
        if (*p == ' ')
            continue;
        if (!ellipsis && !isalpha((unsigned char)*p)) {
            *at = p;
            return true;
        }
        if (t->rank + n > QIR_MAX_RANK)
            return bad(e, "too many dimensions");
        for (unsigned i = 0; i < n; i++)
            t->label[t->rank++] = (unsigned char)(ellipsis ? ELLIPSIS + e->dots - dots + i
                                                  : islower((unsigned char)*p) ? *p - 'a'
                                                                               : *p - 'A' + 26);
        p += ellipsis ? 2 : 0;
    }
}

static unsigned count_letters(const char *p)
{
    unsigned n = 0;
    for (; *p && *p != ',' && *p != '-'; p++)
        n += isalpha((unsigned char)*p) != 0;
    return n;
}

static bool note_sizes(einsum *e, const term *t)
{
    for (unsigned i = 0; i < t->rank; i++) {
        int64_t d = t->v->type->dims[i], *size = &e->size[t->label[i]];
        if (*size > 1 && d != 1 && d != *size)
            return bad(e, "operands disagree about a dimension");
        *size = *size > 1 ? *size : d;
    }
    return true;
}

static bool read_operands(einsum *e, const char **at, qir_value *const *operands, unsigned n, term *terms)
{
    const char *p = *at;
    for (unsigned i = 0; i < n; i++) { /* first how long "..." is */
        unsigned letters = count_letters(p), rank = operands[i]->type->rank;
        if (rank < letters)
            return bad(e, "an operand has fewer dimensions than labels");
        e->dots = rank - letters > e->dots ? rank - letters : e->dots;
        p += strcspn(p, ",-");
        p += *p == ',';
    }
    if (e->dots > QIR_MAX_RANK)
        return bad(e, "too many dimensions");
    for (unsigned i = 0; i < n; i++) {
        terms[i].v = operands[i];
        unsigned dots = operands[i]->type->rank - count_letters(*at);
        if (!read_term(e, at, &terms[i], dots))
            return false;
        if (terms[i].rank != operands[i]->type->rank || (i + 1 < n && **at != ','))
            return bad(e, "labels and operands do not fit together");
        *at += i + 1 < n;
        if (!note_sizes(e, &terms[i]))
            return false;
    }
    return true;
}

/* Without "->": what "..." stands for, then the labels that occur once, in alphabetical order (upper
 * case first). */
static void implicit_result(const einsum *e, const term *terms, unsigned n, term *y)
{
    unsigned char count[MAX_LABELS] = {0};
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < terms[i].rank; k++)
            count[terms[i].label[k]]++;
    y->rank = 0;
    for (unsigned i = 0; i < e->dots; i++)
        y->label[y->rank++] = (unsigned char)(ELLIPSIS + i);
    for (unsigned i = 0; i < ELLIPSIS; i++) {
        unsigned l = (i + 26) % ELLIPSIS;
        if (count[l] == 1 && y->rank < QIR_MAX_RANK)
            y->label[y->rank++] = (unsigned char)l;
    }
}

/* --- computing ------------------------------------------------------------------------------------ */

static int find(const term *t, unsigned label)
{
    for (unsigned i = 0; i < t->rank; i++)
        if (t->label[i] == label)
            return (int)i;
    return -1;
}

/* Axis `at` goes away. */
static void drop(term *t, unsigned at)
{
    memmove(t->label + at, t->label + at + 1, t->rank - at - 1);
    t->rank--;
}

/* Equal labels within an operand: the diagonal, as one where a mask of the other axes is summed up. */
static void take_diagonals(einsum *e, term *t)
{
    for (unsigned i = 0; i < t->rank; i++)
        for (unsigned k = t->rank; k-- > i + 1;) {
            if (t->label[k] != t->label[i] || !t->v)
                continue;
            unsigned rank = t->v->type->rank;
            int64_t n = t->v->type->dims[i], axis = k;
            qir_value *on = fe_emit2(e->fe, QIR_OP_equal, fe_iota(e->fe, 0, 1, n, i, rank),
                                     fe_iota(e->fe, 0, 1, n, k, rank));
            qir_value *zero = fe_scalar(e->fe, t->v->type->dtype, 0);
            t->v = fe_reduce(e->fe, QIR_OP_reduce_sum, fe_where(e->fe, on, t->v, zero), &axis, 1, false);
            drop(t, k);
        }
}

/* Sums over the labels that nobody else has. */
static void sum_out(einsum *e, term *t, uint64_t wanted)
{
    int64_t axes[QIR_MAX_RANK];
    size_t n = 0;
    for (unsigned i = 0; i < t->rank; i++)
        if (!(wanted >> t->label[i] & 1))
            axes[n++] = i;
    if (n)
        t->v = fe_reduce(e->fe, QIR_OP_reduce_sum, t->v, axes, n, false);
    for (size_t i = n; i-- > 0;)
        drop(t, (unsigned)axes[i]);
}

/* The labels of `set` in the order of `t`, appended to `order`. */
static unsigned append(const term *t, uint64_t set, unsigned char *order, unsigned n)
{
    for (unsigned i = 0; i < t->rank; i++)
        if (set >> t->label[i] & 1)
            order[n++] = t->label[i];
    return n;
}

static int64_t volume(const einsum *e, const unsigned char *order, unsigned n)
{
    int64_t v = 1;
    for (unsigned i = 0; i < n; i++)
        v *= e->size[order[i]];
    return v;
}

/* The operand with its labels in this order, every dimension at its full size. */
static qir_value *arranged(einsum *e, const term *t, const unsigned char *order, unsigned n)
{
    int64_t perm[QIR_MAX_RANK], dims[QIR_MAX_RANK];
    for (unsigned i = 0; i < n; i++) {
        perm[i] = find(t, order[i]);
        dims[i] = e->size[order[i]];
    }
    qir_value *v = t->v ? fe_transpose(e->fe, t->v, perm) : NULL;
    return fe_expand(e->fe, v, dims, n);
}

/* a and b as [batch, rows, summed] and [batch, summed, columns]. */
static void join(einsum *e, term *a, const term *b, uint64_t wanted)
{
    uint64_t la = labels_of(a), lb = labels_of(b), both = la & lb;
    unsigned char oa[QIR_MAX_RANK], ob[QIR_MAX_RANK], oy[2 * QIR_MAX_RANK];
    unsigned batch = append(a, both & wanted, oa, 0), rows = append(a, la & ~both, oa, batch);
    unsigned na = append(a, both & ~wanted, oa, rows);
    memcpy(ob, oa, batch);
    memcpy(ob + batch, oa + rows, na - rows);
    unsigned inner = batch + na - rows, nb = append(b, lb & ~both, ob, inner);
    int64_t g = volume(e, oa, batch), m = volume(e, oa + batch, rows - batch);
    int64_t k = volume(e, oa + rows, na - rows), n = volume(e, ob + inner, nb - inner);
    qir_value *x = fe_reshape(e->fe, arranged(e, a, oa, na), (int64_t[]){g, m, k}, 3);
    qir_value *y = fe_reshape(e->fe, arranged(e, b, ob, nb), (int64_t[]){g, k, n}, 3);
    int64_t dims[2 * QIR_MAX_RANK];
    unsigned ny = rows + nb - inner;
    memcpy(oy, oa, rows);
    memcpy(oy + rows, ob + inner, nb - inner);
    if (ny > QIR_MAX_RANK) {
        a->v = bad(e, "too many dimensions at once") ? x : NULL;
        return;
    }
    for (unsigned i = 0; i < ny; i++)
        dims[i] = e->size[oy[i]];
    a->v = fe_reshape(e->fe, fe_emit2(e->fe, QIR_OP_matmul, x, y), dims, ny);
    a->rank = ny;
    memcpy(a->label, oy, ny);
}

qir_value *fe_einsum(fe_builder *fe, const char *equation, qir_value *const *operands, unsigned n)
{
    einsum e = {.fe = fe};
    term *terms = QIR_NEW_ARRAY(fe->scratch, term, n + 1), y = {0};
    const char *at = equation;
    if (!read_operands(&e, &at, operands, n, terms))
        return NULL;
    if (*at == '-' && at[1] == '>') {
        at += 2;
        if (!read_term(&e, &at, &y, e.dots))
            return NULL;
    } else {
        implicit_result(&e, terms, n, &y);
    }
    uint64_t all = 0;
    for (unsigned i = 0; i < n; i++) {
        take_diagonals(&e, &terms[i]);
        all |= labels_of(&terms[i]);
    }
    if (*at || (labels_of(&y) & ~all))
        return bad(&e, "expected labels of the operands after '->'"), NULL;
    for (unsigned i = 0; i < n; i++) {
        uint64_t later = labels_of(&y);
        for (unsigned k = i + 1; k < n; k++)
            later |= labels_of(&terms[k]);
        if (i)
            join(&e, &terms[0], &terms[i], later);
        if (terms[0].v)
            sum_out(&e, &terms[0], later);
        if (!terms[0].v)
            return NULL;
    }
    return arranged(&e, &terms[0], y.label, y.rank);
}
