/* Operators that permute and repeat dimensions, and those that do both: blocks of pixels. */
#include <inttypes.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"

/* --- permutations ----------------------------------------------------------------------------------- */
/* A large constant stays as it is, with a transpose behind it: a product takes it so. */
static bool set_transposed(pt2_call *c, qir_value *x, const int64_t *perm)
{
    const qir_attr *attr = x ? qir_attr_ints(c->fe->ctx, perm, x->type->rank) : NULL;
    return pt2_set(c, 0, fe_emit1(c->fe, QIR_OP_transpose, x, QIR_ATTRS({"perm", attr})));
}

static void identity(int64_t *perm)
{
    for (unsigned i = 0; i < QIR_MAX_RANK; i++)
        perm[i] = i;
}

static bool set_swapped(pt2_call *c, qir_value *x, int64_t a, int64_t b)
{
    int64_t perm[QIR_MAX_RANK];
    identity(perm);
    perm[a] = b;
    perm[b] = a;
    return a == b ? pt2_set(c, 0, x) : set_transposed(c, x, perm);
}

static bool set_axes_swapped(pt2_call *c, const char *first, const char *second)
{
    qir_value *x = pt2_self(c);
    int64_t a, b;
    return x && pt2_axis(c, first, x->type->rank, &a) && pt2_axis(c, second, x->type->rank, &b) &&
           set_swapped(c, x, a, b);
}

bool pt2_op_transpose(pt2_call *c)
{
    return set_axes_swapped(c, "dim0", "dim1");
}

bool pt2_op_swapaxes(pt2_call *c)
{
    return set_axes_swapped(c, "axis0", "axis1");
}

bool pt2_op_swap_last(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    if (x && x->type->rank < 2)
        return fe_error(c->fe, "shape", "rank must be 2 or more");
    return x && set_swapped(c, x, x->type->rank - 2, x->type->rank - 1);
}

bool pt2_op_reverse_dims(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t perm[QIR_MAX_RANK];
    for (unsigned i = 0; x && i < x->type->rank; i++)
        perm[i] = x->type->rank - 1 - i;
    return x && (x->type->rank < 2 ? pt2_set(c, 0, x) : set_transposed(c, x, perm));
}

bool pt2_op_permute(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t perm[QIR_MAX_RANK];
    size_t n;
    uint32_t set = 0;
    const int64_t *dims = pt2_ints(c, "dims", &n);
    if (!x)
        return false;
    for (size_t i = 0; i < n && i < x->type->rank; i++) {
        if (!fe_axis(c->fe, dims[i], x->type->rank, false, &perm[i]))
            return false;
        set |= 1u << perm[i];
    }
    if (n != x->type->rank || set != (1u << n) - 1)
        return fe_error(c->fe, "arg", "dims is no permutation");
    return n == 0 ? pt2_set(c, 0, x) : set_transposed(c, x, perm);
}

/* Dimension source[i] goes to destination[i], the others keep their order. */
bool pt2_op_movedim(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t perm[QIR_MAX_RANK], from, to;
    uint32_t taken = 0, filled = 0;
    size_t n, m;
    const int64_t *source = pt2_ints(c, "source", &n), *target = pt2_ints(c, "destination", &m);
    if (!x || n != m)
        return x && fe_error(c->fe, "arg", "source and destination differ in length");
    for (size_t i = 0; i < n; i++) {
        if (!fe_axis(c->fe, source[i], x->type->rank, false, &from) ||
            !fe_axis(c->fe, target[i], x->type->rank, false, &to))
            return false;
        if (taken >> from & 1 || filled >> to & 1)
            return fe_error(c->fe, "arg", "a dimension is moved twice");
        perm[to] = from;
        taken |= 1u << from;
        filled |= 1u << to;
    }
    for (unsigned i = 0, free = 0; i < x->type->rank; i++) {
        while (taken >> free & 1)
            free++;
        if (!(filled >> i & 1))
            perm[i] = free++;
    }
    return set_transposed(c, x, perm);
}

/* --- repetition ------------------------------------------------------------------------------------- */
/* -1 keeps a size. */
static bool set_expanded(pt2_call *c, const int64_t *size, size_t n)
{
    qir_value *x = pt2_self(c);
    int64_t dims[QIR_MAX_RANK];
    if (!x)
        return false;
    if (n > QIR_MAX_RANK || n < x->type->rank)
        return fe_error(c->fe, "shape", "%zu sizes for rank %u", n, x->type->rank);
    for (size_t i = 0; i < n; i++) {
        size_t added = n - x->type->rank;
        dims[i] = size[i] == -1 && i >= added ? x->type->dims[i - added] : size[i];
    }
    return pt2_set(c, 0, fe_expand(c->fe, x, dims, (unsigned)n));
}

bool pt2_op_expand(pt2_call *c)
{
    size_t n;
    const int64_t *size = pt2_ints(c, "size", &n);
    return set_expanded(c, size, n);
}

bool pt2_op_expand_as(pt2_call *c)
{
    qir_value *other = pt2_tensor(c, "other");
    return other && set_expanded(c, other->type->dims, other->type->rank);
}

/* Each entry of `axis` (`each`), or the axis as a whole, `times` times. */
static qir_value *repeat_axis(pt2_call *c, qir_value *x, unsigned axis, int64_t times, bool each)
{
    int64_t dims[QIR_MAX_RANK + 1];
    if (!x || times == 1)
        return x;
    if (x->type->rank == QIR_MAX_RANK || times < 0 || times > QIR_MAX_ELEMENTS)
        return fe_error(c->fe, "shape", "%" PRId64 " times a tensor of rank %u", times,
                        x->type->rank), NULL;
    qir_value *v = fe_unsqueeze(c->fe, x, axis + each);
    if (!v)
        return NULL;
    unsigned rank = v->type->rank;
    memcpy(dims, v->type->dims, rank * sizeof *dims);
    dims[axis + each] = times;
    v = fe_expand(c->fe, v, dims, rank);
    dims[axis] *= dims[axis + 1];
    memmove(dims + axis + 1, dims + axis + 2, (rank - axis - 2) * sizeof *dims);
    return fe_reshape(c->fe, v, dims, rank - 1);
}

bool pt2_op_repeat(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    size_t n;
    const int64_t *repeats = pt2_ints(c, "repeats", &n);
    int64_t dims[QIR_MAX_RANK];
    if (!x || n > QIR_MAX_RANK || n < x->type->rank)
        return x && fe_error(c->fe, "shape", "%zu repeats for rank %u", n, x->type->rank);
    for (size_t i = 0; i < n; i++)
        dims[i] = i < n - x->type->rank ? 1 : x->type->dims[i - (n - x->type->rank)];
    x = fe_reshape(c->fe, x, dims, (unsigned)n);
    for (unsigned i = 0; i < n; i++)
        x = repeat_axis(c, x, i, repeats[i], false);
    return pt2_set(c, 0, x);
}

bool pt2_op_repeat_interleave(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis = 0;
    if (x && !pt2_has(c, "dim"))
        x = fe_reshape(c->fe, x, (int64_t[]){qir_type_elements(x->type)}, 1);
    else if (!x || !pt2_axis(c, "dim", x->type->rank, &axis))
        return false;
    return pt2_set(c, 0, repeat_axis(c, x, (unsigned)axis, pt2_int(c, "repeats"), true));
}

/* --- blocks of pixels and channels ------------------------------------------------------------------ */
/* reshape, transpose, reshape. */
static bool rearrange(pt2_call *c, qir_value *x, const int64_t *from, unsigned n,
                      const int64_t *perm, const int64_t *to, unsigned m)
{
    qir_value *v = fe_transpose(c->fe, fe_reshape(c->fe, x, from, n), perm);
    return pt2_set(c, 0, fe_reshape(c->fe, v, to, m));
}

static bool read_factor(pt2_call *c, const char *name, const qir_value *x, int64_t *out)
{
    *out = pt2_int(c, name);
    if (!x)
        return false;
    return (x->type->rank == 4 && *out >= 1 && *out <= 4096) ||
           fe_error(c->fe, "shape", "%s %" PRId64 " of a tensor of rank %u, expected 4", name, *out,
                    x->type->rank);
}

bool pt2_op_pixel_shuffle(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t r;
    if (!read_factor(c, "upscale_factor", x, &r))
        return false;
    const int64_t *d = x->type->dims;
    int64_t n = d[1] / (r * r);
    return rearrange(c, x, (int64_t[]){d[0], n, r, r, d[2], d[3]}, 6, (int64_t[]){0, 1, 4, 2, 5, 3},
                     (int64_t[]){d[0], n, d[2] * r, d[3] * r}, 4);
}

bool pt2_op_pixel_unshuffle(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t r;
    if (!read_factor(c, "downscale_factor", x, &r))
        return false;
    const int64_t *d = x->type->dims;
    return rearrange(c, x, (int64_t[]){d[0], d[1], d[2] / r, r, d[3] / r, r}, 6,
                     (int64_t[]){0, 1, 3, 5, 2, 4},
                     (int64_t[]){d[0], d[1] * r * r, d[2] / r, d[3] / r}, 4);
}

bool pt2_op_channel_shuffle(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t g;
    if (!read_factor(c, "groups", x, &g))
        return false;
    const int64_t *d = x->type->dims;
    return rearrange(c, x, (int64_t[]){d[0], g, d[1] / g, d[2], d[3]}, 5, (int64_t[]){0, 2, 1, 3, 4},
                     d, 4);
}
