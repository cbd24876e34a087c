/* Group by group of channels: what measures errors gets its factor, the target its solution; then the scales
 * of all weights are known, and each group is rounded. */
#include "round_layer.h"

#include "feedback.h"
#include "quant_util.h"
#include "scale_search.h"

typedef struct job {
    const qir_hessian *hessian;
    const qir_round_options *opts;
    const float *weight;
    qir_arena *arena;
    qir_feedback *groups;
} job;

static int64_t elements(const qir_feedback *f)
{
    return f->target.rows * f->target.columns;
}

static void make_target(const job *j, int64_t g, qir_feedback *out)
{
    const qir_patches *p = qir_hessian_patches(j->hessian);
    size_t n = (size_t)(p->columns * p->rows);
    out->target = (qir_matrix){QIR_NEW_ARRAY(j->arena, float, n), p->columns, p->rows, p->rows};
    out->index = QIR_NEW_ARRAY(j->arena, int64_t, n);
    for (int64_t k = 0; k < p->columns; k++)
        for (int64_t r = 0; r < p->rows; r++) {
            int64_t at = k * p->rows + r;
            out->index[at] = qir_patches_weight(p, g, r, out->coupling.order[k]);
            out->target.data[at] = j->weight[out->index[at]];
        }
}

static bool prepare(job *j)
{
    int64_t groups = qir_hessian_patches(j->hessian)->groups;
    j->groups = QIR_NEW_ARRAY(j->arena, qir_feedback, (size_t)groups);
    for (int64_t g = 0; g < groups; g++) {
        qir_feedback *f = &j->groups[g];
        bool refit = j->opts->ridge > 0.0;
        double first = refit ? j->opts->ridge : j->opts->damping;
        if (!qir_coupling_make(&f->coupling, j->hessian, g, first, j->arena))
            return false;
        make_target(j, g, f);
        if (!refit)
            continue;
        qir_coupling_refit(&f->coupling, j->hessian, g, &f->target, j->arena);
        if (!qir_coupling_make(&f->coupling, j->hessian, g, j->opts->damping, j->arena))
            return false;
    }
    return true;
}

/* Targets of all groups in the order of the weight. */
static float *whole_target(const job *j, int64_t n)
{
    float *w = QIR_NEW_ARRAY(j->arena, float, (size_t)n);
    for (int64_t g = 0; g < qir_hessian_patches(j->hessian)->groups; g++)
        for (int64_t i = 0; i < elements(&j->groups[g]); i++)
            w[j->groups[g].index[i]] = j->groups[g].target.data[i];
    return w;
}

static double error_of(const job *j, const qir_feedback *f, const float *value)
{
    float *v = QIR_NEW_ARRAY(j->arena, float, (size_t)elements(f));
    for (int64_t i = 0; i < elements(f); i++)
        v[i] = value[f->index[i]];
    return qir_rounding_error(f, v, j->arena);
}

static double round_group(const job *j, const qir_feedback *f, const qir_type *type, float *value)
{
    float *v = QIR_NEW_ARRAY(j->arena, float, (size_t)elements(f));
    double error = qir_round_with_feedback(f, type, v, j->arena);
    for (int64_t i = 0; i < elements(f); i++)
        value[f->index[i]] = v[i];
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
