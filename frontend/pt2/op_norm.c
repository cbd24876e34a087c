/* Normalizations and recurrent layers. */
#include <inttypes.h>

#include "core/compose.h"
#include "pt2/import.h"

/* --- normalization --------------------------------------------------------------------------------- */
/* [C] of one value where a model has no weight or bias. */
static qir_value *or_splat(pt2_call *c, qir_value *v, const qir_value *like, float value)
{
    return v ? v : fe_splat(c->fe, QIR_f32, like->type->dims, like->type->rank, &value);
}

bool pt2_op_batch_norm(pt2_call *c)
{
    fe_builder *fe = c->fe;
    qir_value *x = pt2_self(c), *mean = pt2_tensor(c, "running_mean"),
              *var = pt2_tensor(c, "running_var");
    qir_value *gamma = pt2_tensor(c, "weight"), *beta = pt2_tensor(c, "bias");
    if (!x || !mean || !var || fe->failed)
        return false;
    gamma = or_splat(c, gamma, mean, 1);
    beta = or_splat(c, beta, mean, 0);
    return pt2_set(c, 0,
                   fe_emit(fe, QIR_OP_batch_norm, QIR_OPERANDS(x, gamma, beta, mean, var),
                           QIR_ATTRS({"epsilon", qir_attr_float(fe->ctx, (float)pt2_float(c, "eps"))}),
                           NULL));
}

bool pt2_op_batch_norm_mode(pt2_call *c)
{
    if (pt2_bool(c, "training") || !pt2_has(c, "running_mean") || !pt2_has(c, "running_var"))
        return fe_error(c->fe, "arg", "batch_norm in training mode: export the model after model.eval()");
    return pt2_op_batch_norm(c);
}

static bool read_axis(pt2_call *c, const qir_value *x, int64_t *axis)
{
    size_t n;
    const int64_t *shape = pt2_ints(c, "normalized_shape", &n);
    if (!x || n > x->type->rank)
        return x && fe_error(c->fe, "arg", "normalizes %zu dimensions of %u", n, x->type->rank);
    *axis = x->type->rank - (int64_t)n;
    for (size_t i = 0; i < n; i++)
        if (shape[i] != x->type->dims[*axis + (int64_t)i])
            return fe_error(c->fe, "arg", "normalized_shape differs from the operand's");
    return true;
}

/* native_layer_norm has mean and reciprocal deviation as further results, for training. */
static bool no_statistics(pt2_call *c)
{
    return (!pt2_wanted(c, 1) && !pt2_wanted(c, 2)) ||
           fe_error(c->fe, "arg", "the statistics of a normalization are not supported as results");
}

bool pt2_op_layer_norm(pt2_call *c)
{
    qir_value *x = pt2_self(c), *gamma = pt2_tensor(c, "weight"), *beta = pt2_tensor(c, "bias");
    int64_t axis;
    return !c->fe->failed && read_axis(c, x, &axis) && no_statistics(c) &&
           pt2_set(c, 0, fe_layer_norm(c->fe, x, axis, gamma, beta, (float)pt2_float(c, "eps")));
}

/* Without a value, epsilon is that of the type. */
bool pt2_op_rms_norm(pt2_call *c)
{
    qir_value *x = pt2_self(c), *gamma = pt2_tensor(c, "weight");
    float epsilon = pt2_has(c, "eps") ? (float)pt2_float(c, "eps") : 0x1p-23f;
    int64_t axis;
    return !c->fe->failed && read_axis(c, x, &axis) &&
           pt2_set(c, 0, fe_rms_norm(c->fe, x, axis, gamma, epsilon));
}

static bool set_group_norm(pt2_call *c, int64_t groups)
{
    qir_value *x = pt2_self(c), *gamma = pt2_tensor(c, "weight"), *beta = pt2_tensor(c, "bias");
    return !c->fe->failed && no_statistics(c) &&
           pt2_set(c, 0, fe_group_norm(c->fe, x, groups, gamma, beta, (float)pt2_float(c, "eps")));
}

bool pt2_op_group_norm(pt2_call *c)
{
    return set_group_norm(c, pt2_int(c, "num_groups"));
}

bool pt2_op_native_group_norm(pt2_call *c)
{
    return set_group_norm(c, pt2_int(c, "group"));
}

bool pt2_op_instance_norm(pt2_call *c)
{
    const qir_value *x = pt2_self(c);
    if (!x || x->type->rank < 2)
        return x && fe_error(c->fe, "shape", "rank %u, expected at least 2", x->type->rank);
    return pt2_bool(c, "use_input_stats") ? set_group_norm(c, x->type->dims[1])
                                          : pt2_op_batch_norm(c);
}

/* Statistics of the batch itself, as instance_norm is decomposed: in a batch of one, of each channel. */
bool pt2_op_norm_of_batch(pt2_call *c)
{
    const qir_value *x = pt2_self(c);
    if (!x || x->type->rank < 2 || x->type->dims[0] != 1)
        return x && fe_error(c->fe, "arg", "batch_norm in training mode: export the model after model.eval()");
    return set_group_norm(c, x->type->dims[1]);
}

/* --- recurrence ------------------------------------------------------------------------------------ */
typedef struct recurrent {
    unsigned states;            /* lstm: h and c */
    bool (*cell)(fe_builder *fe, const fe_recurrent *layer, qir_value **out);
    const char *activation;
    qir_value *x;               /* [S, B, I] */
    qir_value *first[2];        /* [layers * directions, B, H] */
    qir_value **last[2];        /* of each layer and direction */
    unsigned per_layer, directions, layers;
} recurrent;

static bool cell_lstm(fe_builder *fe, const fe_recurrent *layer, qir_value **out)
{
    return fe_lstm(fe, layer, out);
}

static bool cell_gru(fe_builder *fe, const fe_recurrent *layer, qir_value **out)
{
    return fe_gru(fe, layer, out);
}

static bool cell_rnn(fe_builder *fe, const fe_recurrent *layer, qir_value **out)
{
    return fe_rnn(fe, layer, out);
}

static qir_value *param(pt2_call *c, const recurrent *r, unsigned index, unsigned k)
{
    return pt2_tensor_of(c, &pt2_get(c, "params")->items[index * r->per_layer + k]);
}

/* One layer in one direction: w, r and, in pairs too, their biases. */
static bool run_cell(pt2_call *c, recurrent *r, unsigned index, bool reverse, qir_value **y)
{
    bool biased = pt2_bool(c, "has_biases");
    qir_value *out[3] = {NULL};
    fe_recurrent layer = {.x = r->x,
                          .w = param(c, r, index, 0),
                          .r = param(c, r, index, 1),
                          .wb = biased ? param(c, r, index, 2) : NULL,
                          .rb = biased ? param(c, r, index, 3) : NULL,
                          .h0 = fe_select(c->fe, r->first[0], 0, index),
                          .c0 = r->states > 1 ? fe_select(c->fe, r->first[1], 0, index) : NULL,
                          .gates = fe_gates_torch,
                          .reverse = reverse,
                          .reset_after = true,
                          .activation = r->activation};
    if (c->fe->failed || !r->cell(c->fe, &layer, out))
        return false;
    *y = out[0];
    for (unsigned s = 0; s < r->states; s++)
        r->last[s][index] = fe_unsqueeze(c->fe, out[1 + s], 0);
    return !c->fe->failed;
}

/* Both directions read the same x; their results stand side by side. */
static bool run_layer(pt2_call *c, recurrent *r, unsigned layer)
{
    qir_value *y[2];
    for (unsigned d = 0; d < r->directions; d++)
        if (!run_cell(c, r, layer * r->directions + d, d == 1, &y[d]))
            return false;
    r->x = r->directions == 1 ? y[0] : fe_concat(c->fe, y, 2, 2);
    return r->x != NULL;
}

static qir_value *joined(pt2_call *c, qir_value **xs, unsigned n)
{
    return n == 1 ? xs[0] : fe_concat(c->fe, xs, n, 0);
}

static bool check_shapes(pt2_call *c, recurrent *r)
{
    unsigned n = r->layers * r->directions;
    for (unsigned s = 0; s < r->states; s++) {
        const qir_value *h = r->first[s];
        if (!h || h->type->rank != 3 || h->type->dims[0] != n)
            return h && fe_error(c->fe, "shape", "states of %s, expected [%u, B, H]",
                                 qir_type_text(c->fe->ctx, h->type), n);
    }
    if (!r->x || r->x->type->rank != 3)
        return r->x && fe_error(c->fe, "shape", "input of rank %u, expected 3", r->x->type->rank);
    return pt2_get(c, "params")->n == n * r->per_layer ||
           fe_error(c->fe, "arg", "%zu parameters for %u layers and directions",
                    pt2_get(c, "params")->n, n);
}

static bool read_layers(pt2_call *c, recurrent *r)
{
    int64_t layers = pt2_int(c, "num_layers");
    if (pt2_bool(c, "train") && pt2_float(c, "dropout") != 0)
        return fe_error(c->fe, "arg", "dropout in training mode: export the model after model.eval()");
    if (layers < 1 || layers > 1024)
        return fe_error(c->fe, "arg", "%" PRId64 " layers", layers);
    r->layers = (unsigned)layers;
    r->directions = pt2_bool(c, "bidirectional") ? 2 : 1;
    r->per_layer = pt2_bool(c, "has_biases") ? 4 : 2;
    r->x = pt2_self(c);
    return check_shapes(c, r);
}

static bool set_recurrent(pt2_call *c, recurrent *r)
{
    if (!read_layers(c, r))
        return false;
    unsigned n = r->layers * r->directions;
    for (unsigned s = 0; s < r->states; s++)
        r->last[s] = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, n);
    bool batch_first = pt2_bool(c, "batch_first");
    if (batch_first)
        r->x = fe_swap_axes(c->fe, r->x, 0, 1);
    for (unsigned i = 0; i < r->layers; i++)
        if (!r->x || !run_layer(c, r, i))
            return false;
    if (!pt2_set(c, 0, batch_first ? fe_swap_axes(c->fe, r->x, 0, 1) : r->x))
        return false;
    for (unsigned s = 0; s < r->states; s++)
        if (!pt2_set(c, 1 + s, joined(c, r->last[s], n)))
            return false;
    return true;
}

bool pt2_op_lstm(pt2_call *c)
{
    recurrent r = {.states = 2, .cell = cell_lstm};
    const pt2_arg *hx = pt2_get(c, "hx");
    if (hx->n != 2)
        return fe_error(c->fe, "arg", "%zu states, expected h and c", hx->n);
    for (unsigned s = 0; s < 2; s++)
        r.first[s] = pt2_tensor_of(c, &hx->items[s]);
    return set_recurrent(c, &r);
}

static bool set_one_state(pt2_call *c, recurrent r)
{
    r.states = 1;
    r.first[0] = pt2_tensor(c, "hx");
    return set_recurrent(c, &r);
}

bool pt2_op_gru(pt2_call *c)
{
    return set_one_state(c, (recurrent){.cell = cell_gru});
}

bool pt2_op_rnn_tanh(pt2_call *c)
{
    return set_one_state(c, (recurrent){.cell = cell_rnn, .activation = "tanh"});
}

bool pt2_op_rnn_relu(pt2_call *c)
{
    return set_one_state(c, (recurrent){.cell = cell_rnn, .activation = "relu"});
}
