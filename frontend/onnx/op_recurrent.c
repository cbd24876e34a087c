/* LSTM, GRU and RNN: directions and layouts around the layers of core/compose_recurrent.c. */
#include <string.h>
#include <strings.h>

#include "core/compose.h"
#include "onnx/import.h"

enum { MAX_STATES = 2 };

/* What the three have in common. */
typedef struct kind {
    unsigned gates, states;
    const unsigned char *order;            /* of the gates */
    const char *activations[3];            /* the defaults, up to NULL */
    bool (*build)(fe_builder *fe, const fe_recurrent *layer, qir_value **out);
} kind;

typedef struct node {
    onnx_call *c;
    const kind *k;
    int64_t directions;
    bool reverse;             /* the only direction */
    bool batch_first;
    int64_t cells;
    const int64_t *lengths;
    bool linear_before_reset;
    const char *activation[2]; /* rnn, per direction */
} node;

/* --- attributes -------------------------------------------------------------------------------- */
static bool read_direction(node *n)
{
    const char *d = onnx_attr_string(n->c, "direction", "forward");
    n->directions = strcmp(d, "bidirectional") == 0 ? 2 : 1;
    n->reverse = strcmp(d, "reverse") == 0;
    return n->directions == 2 || n->reverse || strcmp(d, "forward") == 0 ||
           fe_error(n->c->fe, "attr", "direction \"%s\"", d);
}

/* Only RNN has a choice. */
static bool activation_ok(const node *n, int64_t i, const char *given)
{
    unsigned per = 0;
    while (per < 3 && n->k->activations[per])
        per++;
    return strcasecmp(given, n->k->activations[i % per]) == 0 ||
           (n->k->gates == 1 && strcasecmp(given, "Relu") == 0);
}

static bool read_activations(node *n)
{
    const onnx_attr *a = onnx_attr_find(n->c, "activations", ONNX_ATTR_STRINGS);
    onnx_attr_find(n->c, "activation_alpha", ONNX_ATTR_FLOATS); /* the ones taken have none */
    onnx_attr_find(n->c, "activation_beta", ONNX_ATTR_FLOATS);
    n->activation[0] = n->activation[1] = "tanh";
    for (size_t i = 0; a && i < a->n; i++) {
        if (!activation_ok(n, (int64_t)i, a->strings[i]))
            return fe_error(n->c->fe, "attr", "activation %s in this place is not supported",
                            a->strings[i]);
        if (n->k->gates == 1 && i < 2)
            n->activation[i] = strcasecmp(a->strings[i], "Relu") ? "tanh" : "relu";
    }
    return true;
}

static bool read_attrs(node *n)
{
    onnx_call *c = n->c;
    n->batch_first = onnx_attr_int(c, "layout", 0);
    onnx_attr_int(c, "hidden_size", 0); /* the weights say it */
    n->linear_before_reset = onnx_attr_int(c, "linear_before_reset", 0);
    if (onnx_attr_float(c, "clip", 0.0f) != 0.0f)
        return fe_error(c->fe, "attr", "clip is not supported");
    if (onnx_attr_int(c, "input_forget", 0))
        return fe_error(c->fe, "attr", "input_forget is not supported");
    return read_direction(n) && read_activations(n);
}

static bool check_shapes(node *n)
{
    const qir_type *x = n->c->in[0]->type, *r = n->c->in[2]->type;
    if (x->rank != 3 || n->c->in[1]->type->rank != 3 || r->rank != 3)
        return fe_error(n->c->fe, "shape", "X, W and R must have rank 3");
    n->cells = r->dims[2];
    for (unsigned i = 1; i < n->c->nin; i++)
        if (i != 4 && n->c->in[i] && n->c->in[i]->type->rank > 1 &&
            n->c->in[i]->type->dims[i >= 5 && i <= 6 && n->batch_first] != n->directions)
            return fe_error(n->c->fe, "shape", "operand %u does not have %lld directions", i,
                            (long long)n->directions);
    return true;
}

/* Constant numbers of steps; all of them: as if not given. */
static bool read_lengths(node *n)
{
    const qir_type *x = n->c->in[0]->type;
    qir_value *v = onnx_in(n->c, 4);
    size_t count;
    int64_t steps = x->dims[n->batch_first], rows = x->dims[!n->batch_first];
    const int64_t *lengths = v ? fe_const_ints(n->c->fe, v, &count) : NULL;
    if (!lengths)
        return !v;
    if ((int64_t)count != rows)
        return fe_error(n->c->fe, "shape", "sequence_lens has %zu entries, expected %lld", count,
                        (long long)rows);
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] < 0 || lengths[i] > steps)
            return fe_error(n->c->fe, "shape", "sequence_lens entry %lld of %lld steps",
                            (long long)lengths[i], (long long)steps);
        if (lengths[i] < steps)
            n->lengths = lengths;
    }
    return true;
}

/* --- operands ---------------------------------------------------------------------------------- */
/* Direction d of operand i, or NULL. */
static qir_value *of_direction(const node *n, unsigned i, int64_t d)
{
    qir_value *v = onnx_in(n->c, i);
    return v ? fe_select(n->c->fe, v, n->batch_first && (i == 5 || i == 6), d) : NULL;
}

/* Block i of `size` rows of v, or NULL. */
static qir_value *part(const node *n, qir_value *v, int64_t i, int64_t size)
{
    return v ? fe_narrow(n->c->fe, v, 0, i * size, (i + 1) * size) : NULL;
}

/* Peepholes come in order i, o, f. */
static qir_value *peepholes(const node *n, int64_t d)
{
    qir_value *p = n->k->states == 2 ? of_direction(n, 7, d) : NULL;
    if (!p)
        return NULL;
    qir_value *block[3] = {part(n, p, 0, n->cells), part(n, p, 2, n->cells), part(n, p, 1, n->cells)};
    return fe_concat(n->c->fe, block, 3, 0);
}

static bool build_direction(const node *n, qir_value *x, int64_t d, qir_value **out)
{
    int64_t rows = n->k->gates * n->cells;
    qir_value *b = of_direction(n, 3, d);
    fe_recurrent layer = {.x = x,
                          .w = of_direction(n, 1, d),
                          .r = of_direction(n, 2, d),
                          .wb = part(n, b, 0, rows),
                          .rb = part(n, b, 1, rows),
                          .h0 = of_direction(n, 5, d),
                          .c0 = n->k->states == 2 ? of_direction(n, 6, d) : NULL,
                          .p = peepholes(n, d),
                          .gates = n->k->order,
                          .lengths = n->lengths,
                          .reverse = n->reverse || d == 1,
                          .reset_after = n->linear_before_reset,
                          .activation = n->activation[d]};
    return !n->c->fe->failed && n->k->build(n->c->fe, &layer, out);
}

/* --- results ----------------------------------------------------------------------------------- */
/* Results i of both directions, with an axis that counts them. */
static qir_value *joined(const node *n, qir_value *(*out)[1 + MAX_STATES], unsigned i)
{
    qir_value *all[2];
    for (int64_t d = 0; d < n->directions; d++)
        all[d] = fe_unsqueeze(n->c->fe, out[d][i], i == 0 ? 1 : 0);
    qir_value *v = fe_concat(n->c->fe, all, (uint32_t)n->directions, i == 0 ? 1 : 0);
    if (!n->batch_first)
        return v;
    return i == 0 ? fe_transpose(n->c->fe, v, (int64_t[]){2, 0, 1, 3}) : fe_swap_axes(n->c->fe, v, 0, 1);
}

static bool translate(onnx_call *c, const kind *k)
{
    node n = {.c = c, .k = k};
    qir_value *out[2][1 + MAX_STATES];
    if (!read_attrs(&n) || !check_shapes(&n) || !read_lengths(&n))
        return false;
    qir_value *x = n.batch_first ? fe_swap_axes(c->fe, c->in[0], 0, 1) : c->in[0];
    for (int64_t d = 0; d < n.directions; d++)
        if (!build_direction(&n, x, d, out[d]))
            return false;
    for (unsigned i = 0; i <= k->states; i++)
        if (onnx_out_used(c, i) && !onnx_set(c, i, joined(&n, out, i)))
            return false;
    return true;
}

bool onnx_lstm(onnx_call *c)
{
    static const kind lstm = {4, 2, fe_gates_onnx_lstm, {"Sigmoid", "Tanh", "Tanh"}, fe_lstm};
    return translate(c, &lstm);
}

bool onnx_gru(onnx_call *c)
{
    static const kind gru = {3, 1, fe_gates_onnx_gru, {"Sigmoid", "Tanh"}, fe_gru};
    return translate(c, &gru);
}

bool onnx_rnn(onnx_call *c)
{
    static const kind rnn = {1, 1, fe_gates_torch, {"Tanh"}, fe_rnn};
    return translate(c, &rnn);
}
