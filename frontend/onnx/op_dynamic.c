/* Operators whose result sizes depend on data: computed at import when their operands are constants,
 * refused otherwise. */
#include <stdlib.h>
#include <string.h>

#include "onnx/import.h"

/* Elements as numbers that compare as they do; NULL: diagnosed.  Floats of 64 bits lose precision. */
static const double *numbers(onnx_call *c, unsigned i, size_t *n)
{
    qir_value *v = onnx_in(c, i);
    if (!qir_value_const(v)) {
        fe_error(c->fe, "dynamic",
                 "the size of the result depends on operand %u, which is no constant; end the model "
                 "before this node with -outputs",
                 i);
        return NULL;
    }
    bool real = qir_dtype_is_float(v->type->dtype);
    const float *f = real ? fe_const_floats(c->fe, v, n) : NULL;
    const int64_t *k = real ? NULL : fe_const_ints(c->fe, v, n);
    if (!f && !k)
        return NULL;
    double *out = QIR_NEW_ARRAY(c->fe->scratch, double, *n + 1);
    for (size_t j = 0; j < *n; j++)
        out[j] = real ? (double)f[j] : (double)k[j];
    return out;
}

static bool set_ints(onnx_call *c, unsigned i, const int64_t *v, const int64_t *dims, unsigned rank)
{
    return !onnx_out_used(c, i) || onnx_set(c, i, fe_const(c->fe, QIR_i64, dims, rank, v));
}

/* --- NonZero ---------------------------------------------------------------------------------- */
bool onnx_non_zero(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    size_t n;
    const double *x = numbers(c, 0, &n);
    if (!x)
        return false;
    int64_t found = 0, *at = QIR_NEW_ARRAY(c->fe->scratch, int64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0.0)
            at[found++] = (int64_t)i;
    int64_t *out = QIR_NEW_ARRAY(c->fe->scratch, int64_t, (size_t)found * t->rank + 1), inner = 1;
    for (unsigned d = t->rank; d-- > 0; inner *= t->dims[d])
        for (int64_t k = 0; k < found; k++)
            out[d * found + k] = at[k] / inner % t->dims[d];
    return set_ints(c, 0, out, (int64_t[]){t->rank, found}, 2);
}

/* --- Unique ----------------------------------------------------------------------------------- */

/* One slice along the axis; elements lie `outer` times `inner` neighbours. */
typedef struct part {
    const double *x;
    int64_t index, size, outer, inner;
} part;

static int compare_parts(const part *a, const part *b)
{
    for (int64_t i = 0; i < a->outer * a->inner; i++) {
        int64_t row = i / a->inner * a->size, k = i % a->inner;
        double u = a->x[(row + a->index) * a->inner + k], v = b->x[(row + b->index) * b->inner + k];
        if (u != v)
            return u < v ? -1 : 1;
    }
    return 0;
}

/* Equal ones in order, so that the first of a run is the first in the tensor. */
static int by_content(const void *pa, const void *pb)
{
    const part *a = pa, *b = pb;
    int order = compare_parts(a, b);
    return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

typedef struct run {
    int64_t first, count, begin; /* index of its first part; begin in the sorted list */
} run;

static int by_first(const void *pa, const void *pb)
{
    const run *a = pa, *b = pb;
    return a->first < b->first ? -1 : a->first > b->first;
}

static int64_t find_runs(const part *parts, int64_t n, run *runs)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || compare_parts(&parts[i - 1], &parts[i]))
            runs[count++] = (run){parts[i].index, 0, i};
        runs[count - 1].count++;
    }
    return count;
}

static bool set_unique(onnx_call *c, qir_value *x, int64_t axis, const part *parts, int64_t n)
{
    fe_builder *fe = c->fe;
    run *runs = QIR_NEW_ARRAY(fe->scratch, run, (size_t)n + 1);
    int64_t count = find_runs(parts, n, runs);
    int64_t *firsts = QIR_NEW_ARRAY(fe->scratch, int64_t, (size_t)n + 1);
    int64_t *counts = QIR_NEW_ARRAY(fe->scratch, int64_t, (size_t)n + 1);
    int64_t *inverse = QIR_NEW_ARRAY(fe->scratch, int64_t, (size_t)n + 1);
    if (!onnx_attr_int(c, "sorted", 1))
        qsort(runs, (size_t)count, sizeof *runs, by_first);
    for (int64_t i = 0; i < count; i++) {
        firsts[i] = runs[i].first;
        counts[i] = runs[i].count;
        for (int64_t k = 0; k < runs[i].count; k++)
            inverse[parts[runs[i].begin + k].index] = i;
    }
    qir_value *at = fe_const(fe, QIR_i64, &count, 1, firsts);
    qir_value *in[] = {x, at};
    qir_named_attr *attrs = QIR_ATTRS({"axis", qir_attr_int(fe->ctx, axis)});
    return at && onnx_set(c, 0, fe_emit_folded(fe, QIR_OP_gather, in, 2, attrs, NULL)) &&
           set_ints(c, 1, firsts, &count, 1) && set_ints(c, 2, inverse, &n, 1) &&
           set_ints(c, 3, counts, &count, 1);
}

bool onnx_unique(onnx_call *c)
{
    qir_value *v = c->in[0];
    int64_t all = qir_type_elements(v->type), axis = onnx_attr_int(c, "axis", INT64_MIN);
    size_t n;
    const double *x = numbers(c, 0, &n);
    if (!x)
        return false;
    if (axis == INT64_MIN)
        v = fe_reshape(c->fe, v, &all, 1), axis = 0;
    if (!v || !fe_axis(c->fe, axis, v->type->rank, false, &axis))
        return false;
    part p = {.x = x, .size = v->type->dims[axis], .outer = 1, .inner = 1};
    for (unsigned d = 0; d < v->type->rank; d++)
        *(d < axis ? &p.outer : &p.inner) *= d == axis ? 1 : v->type->dims[d];
    part *parts = QIR_NEW_ARRAY(c->fe->scratch, part, (size_t)p.size + 1);
    for (p.index = 0; p.index < p.size; p.index++)
        parts[p.index] = p;
    qsort(parts, (size_t)p.size, sizeof *parts, by_content);
    return set_unique(c, v, axis, parts, p.size);
}

/* --- NonMaxSuppression ------------------------------------------------------------------------ */
typedef struct box {
    double y1, x1, y2, x2, score;
    int64_t index;
} box;

static box read_box(const double *v, bool centre)
{
    if (centre) /* x, y, width, height */
        return (box){.y1 = v[1] - v[3] / 2, .x1 = v[0] - v[2] / 2, .y2 = v[1] + v[3] / 2,
                     .x2 = v[0] + v[2] / 2};
    return (box){.y1 = v[0] < v[2] ? v[0] : v[2], .x1 = v[1] < v[3] ? v[1] : v[3],
                 .y2 = v[0] < v[2] ? v[2] : v[0], .x2 = v[1] < v[3] ? v[3] : v[1]};
}

static double length(double a1, double a2, double b1, double b2)
{
    double from = a1 > b1 ? a1 : b1, to = a2 < b2 ? a2 : b2;
    return to > from ? to - from : 0.0;
}

static double overlap(const box *a, const box *b)
{
    double both = length(a->y1, a->y2, b->y1, b->y2) * length(a->x1, a->x2, b->x1, b->x2);
    double sum = (a->y2 - a->y1) * (a->x2 - a->x1) + (b->y2 - b->y1) * (b->x2 - b->x1);
    return both > 0.0 ? both / (sum - both) : 0.0;
}

static int best_first(const void *pa, const void *pb)
{
    const box *a = pa, *b = pb;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Moves the boxes that stay to the front; returns how many. */
static int64_t suppress(box *boxes, int64_t n, double threshold, int64_t most)
{
    int64_t kept = 0;
    qsort(boxes, (size_t)n, sizeof *boxes, best_first);
    for (int64_t i = 0; i < n && kept < most; i++) {
        bool stays = true;
        for (int64_t k = 0; stays && k < kept; k++)
            stays = overlap(&boxes[k], &boxes[i]) <= threshold;
        if (stays)
            boxes[kept++] = boxes[i];
    }
    return kept;
}

typedef struct limits {
    double most, overlap, score;
    bool scored;
} limits;

static bool read_limit(onnx_call *c, unsigned i, double *out)
{
    size_t n;
    const double *v = onnx_in(c, i) ? numbers(c, i, &n) : NULL;
    if (v && n == 1)
        *out = v[0];
    return !c->fe->failed;
}

bool onnx_non_max_suppression(onnx_call *c)
{
    const qir_type *b = c->in[0]->type, *s = c->in[1]->type;
    limits l = {.scored = onnx_in(c, 4) != NULL};
    bool centre = onnx_attr_int(c, "center_point_box", 0);
    size_t n;
    const double *boxes = numbers(c, 0, &n), *scores = boxes ? numbers(c, 1, &n) : NULL;
    if (!scores || !read_limit(c, 2, &l.most) || !read_limit(c, 3, &l.overlap) ||
        !read_limit(c, 4, &l.score))
        return false;
    if (b->rank != 3 || s->rank != 3 || b->dims[2] != 4 || b->dims[0] != s->dims[0] ||
        b->dims[1] != s->dims[2])
        return fe_error(c->fe, "shape", "expected boxes [B,N,4] and scores [B,C,N]");
    int64_t count = b->dims[1], found = 0;
    box *some = QIR_NEW_ARRAY(c->fe->scratch, box, (size_t)count + 1);
    int64_t *out = QIR_NEW_ARRAY(c->fe->scratch, int64_t, (size_t)qir_type_elements(s) * 3 + 1);
    for (int64_t row = 0; row < s->dims[0] * s->dims[1]; row++) {
        int64_t m = 0, batch = row / s->dims[1];
        for (int64_t i = 0; i < count; i++) {
            box x = read_box(boxes + (batch * count + i) * 4, centre);
            x.score = scores[row * count + i];
            x.index = i;
            if (!l.scored || x.score > l.score)
                some[m++] = x;
        }
        m = suppress(some, m, l.overlap, l.most < 0x1p53 ? (int64_t)l.most : INT64_MAX);
        for (int64_t i = 0; i < m; i++, found++)
            memcpy(out + 3 * found, (int64_t[]){batch, row % s->dims[1], some[i].index}, 24);
    }
    return set_ints(c, 0, out, (int64_t[]){found, 3}, 2);
}
