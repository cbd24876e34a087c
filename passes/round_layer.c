/* Group by group of channels: the matrix that measures errors gets its factor, the target its solution; then
 * the scales of all weights are known, and each group is rounded. */
#include "round_layer.h"

#include <stdlib.h>
#include <string.h>
#include "feedback.h"
#include "scale_search.h"
#include "quant_util.h"

typedef struct group {
    qir_feedback f;
    int64_t *index; /* of the target's elements in the weight */
} group;

typedef struct job {
    const qir_hessian *hessian;
    const qir_round_options *opts;
    const float *weight;
    qir_arena *arena;
    group *groups;
} job;

/* --- order ------------------------------------------------------------------------------------- */
typedef struct column {
    float diagonal;
    int64_t number;
} column;

static int by_diagonal(const void *a, const void *b)
{
    const column *x = a, *y = b;
    if (x->diagonal != y->diagonal)
        return (x->diagonal > y->diagonal) - (x->diagonal < y->diagonal);
    return (x->number < y->number) - (x->number > y->number);
}

/* The column of the largest diagonal last, as it is the first to be rounded. */
static column *order_columns(const qir_matrix *h, qir_arena *arena)
{
    column *c = QIR_NEW_ARRAY(arena, column, (size_t)h->rows);
    for (int64_t i = 0; i < h->rows; i++)
        c[i] = (column){h->data[i * h->stride + i], i};
    qsort(c, (size_t)h->rows, sizeof *c, by_diagonal);
    return c;
}

static float upper(const qir_matrix *h, int64_t i, int64_t k)
{
    return i < k ? h->data[i * h->stride + k] : h->data[k * h->stride + i];
}

/* --- factor ------------------------------------------------------------------------------------ */
static double mean_diagonal(const qir_matrix *h)
{
    double sum = 0.0;
    for (int64_t i = 0; i < h->rows; i++)
        sum += (double)h->data[i * h->stride + i];
    return sum / (double)h->rows;
}

static bool make_factor(const job *j, const qir_matrix *h, const column *order, qir_matrix *out)
{
    int64_t n = h->rows;
    *out = (qir_matrix){QIR_NEW_ARRAY(j->arena, float, (size_t)(n * n)), n, n, n};
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = i; k < n; k++)
            out->data[i * n + k] = upper(h, order[i].number, order[k].number);
    float damping = (float)(j->opts->damping * mean_diagonal(h));
    for (int64_t i = 0; i < n; i++)
        out->data[i * n + i] += damping;
    return qir_cholesky(out);
}

/* --- target ------------------------------------------------------------------------------------ */
static void make_target(const job *j, int64_t g, const column *order, group *out)
{
    const qir_patches *p = qir_hessian_patches(j->hessian);
    int64_t n = p->columns * p->rows;
    out->f.target = (qir_matrix){QIR_NEW_ARRAY(j->arena, float, (size_t)n), p->columns, p->rows, p->rows};
    out->index = QIR_NEW_ARRAY(j->arena, int64_t, (size_t)n);
    for (int64_t k = 0; k < p->columns; k++)
        for (int64_t r = 0; r < p->rows; r++) {
            int64_t at = k * p->rows + r;
            out->index[at] = qir_patches_weight(p, g, r, order[k].number);
            out->f.target.data[at] = j->weight[out->index[at]];
        }
}

/* target += (U^T U)^-1 x^T (real - x) w: the least squares of what the results lack. */
static void refit(const job *j, int64_t g, const column *order, group *out)
{
    const qir_matrix *cross = qir_hessian_cross(j->hessian, g);
    qir_matrix *w = &out->f.target, turned = *cross, lack = *w;
    turned.data = QIR_NEW_ARRAY(j->arena, float, (size_t)(cross->rows * cross->columns));
    for (int64_t i = 0; i < cross->rows; i++)
        for (int64_t k = 0; k < cross->columns; k++)
            turned.data[i * turned.stride + k] =
                cross->data[order[i].number * cross->stride + order[k].number];
    lack.data = QIR_NEW_ARRAY(j->arena, float, (size_t)(w->rows * w->columns));
    qir_gram_add(&turned, w, 1.0f, false, &lack);
    qir_cholesky_solve(&out->f.factor, &lack);
    for (int64_t i = 0; i < w->rows * w->columns; i++)
        w->data[i] += lack.data[i];
}

static bool prepare(job *j)
{
    const qir_patches *p = qir_hessian_patches(j->hessian);
    j->groups = QIR_NEW_ARRAY(j->arena, group, (size_t)p->groups);
    for (int64_t g = 0; g < p->groups; g++) {
        const qir_matrix *h = qir_hessian_of(j->hessian, g);
        const column *order = order_columns(h, j->arena);
        if (!make_factor(j, h, order, &j->groups[g].f.factor))
            return false;
        make_target(j, g, order, &j->groups[g]);
        if (j->opts->refit)
            refit(j, g, order, &j->groups[g]);
    }
    return true;
}

/* --- rounding ---------------------------------------------------------------------------------- */
/* Targets of all groups in the order of the weight. */
static float *whole_target(const job *j, int64_t elements)
{
    const qir_patches *p = qir_hessian_patches(j->hessian);
    float *w = QIR_NEW_ARRAY(j->arena, float, (size_t)elements);
    for (int64_t g = 0; g < p->groups; g++)
        for (int64_t i = 0; i < p->columns * p->rows; i++)
            w[j->groups[g].index[i]] = j->groups[g].f.target.data[i];
    return w;
}

static double error_of(const job *j, const group *g, const float *value)
{
    int64_t n = g->f.target.rows * g->f.target.columns;
    float *v = QIR_NEW_ARRAY(j->arena, float, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        v[i] = value[g->index[i]];
    return qir_rounding_error(&g->f, v, j->arena);
}

static double round_group(const job *j, const group *g, const qir_type *type, float *value)
{
    int64_t n = g->f.target.rows * g->f.target.columns;
    float *v = QIR_NEW_ARRAY(j->arena, float, (size_t)n);
    double error = qir_round_with_feedback(&g->f, type, g->index, v, j->arena);
    for (int64_t i = 0; i < n; i++)
        value[g->index[i]] = v[i];
    return error;
}

qir_rounding qir_round_layer(const qir_hessian *h, const qir_op *observe, const float *weight,
                             const float *before, const qir_round_options *o, qir_arena *arena)
{
    job j = {.hessian = h, .opts = o, .weight = weight, .arena = arena};
    qir_rounding out = {.type = qir_observed_type(observe)};
    int64_t n = qir_type_elements(out.type);
    if (!prepare(&j))
        return out;
    if (o->search)
        out.type = qir_search_scales(observe, whole_target(&j, n), arena);
    float *value = QIR_NEW_ARRAY(arena, float, (size_t)n);
    for (int64_t g = 0; g < qir_hessian_patches(h)->groups; g++) {
        out.before += error_of(&j, &j.groups[g], before);
        out.after += round_group(&j, &j.groups[g], out.type, value);
    }
    out.value = value;
    return out;
}
