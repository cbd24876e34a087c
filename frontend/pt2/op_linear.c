/* Matrix products, attention, convolutions. */
#include <inttypes.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"

/* --- products ---------------------------------------------------------------------------------------- */
/* A matrix [I, O] as the weight [O, I] of `linear`, if it is constant.  Transposed already, as Core ATen
 * writes linear layers, it is what stood there before. */
static qir_value *as_weight(pt2_call *c, qir_value *b)
{
    static const int64_t swap[] = {1, 0};
    const qir_op *op = qir_value_op(b);
    if (b->type->rank != 2 || !qir_dtype_is_float(b->type->dtype))
        return NULL;
    if (op && op->opcode == QIR_OP_transpose && fe_is_weight(op->operands[0].value))
        return op->operands[0].value;
    return fe_is_weight(b) ? fe_transpose_weight(c->fe, b, swap) : NULL;
}

static qir_value *product(pt2_call *c, qir_value *a, qir_value *b)
{
    if (!a || !b)
        return NULL;
    qir_value *w = a->type->rank ? as_weight(c, b) : NULL;
    return w ? fe_linear(c->fe, a, w, NULL) : fe_emit2(c->fe, QIR_OP_matmul, a, b);
}

bool pt2_op_matmul(pt2_call *c)
{
    return pt2_set(c, 0, product(c, pt2_self(c), pt2_tensor_of(c, pt2_at(c, 1))));
}

bool pt2_op_linear(pt2_call *c)
{
    qir_value *b = pt2_tensor(c, "bias");
    return !c->fe->failed &&
           pt2_set(c, 0, fe_linear(c->fe, pt2_self(c), pt2_tensor(c, "weight"), b));
}

static qir_value *scaled(pt2_call *c, qir_value *x, const pt2_arg *factor)
{
    return !x || pt2_number(factor) == 1
               ? x
               : fe_emit2(c->fe, QIR_OP_mul, x, pt2_as(c, factor, x->type->dtype));
}

/* beta * self + alpha * mat1 mat2; what is a linear layer becomes one. */
bool pt2_op_addmm(pt2_call *c)
{
    qir_value *bias = pt2_self(c), *a = pt2_tensor_of(c, pt2_at(c, 1)),
              *b = pt2_tensor_of(c, pt2_at(c, 2));
    const pt2_arg *beta = pt2_get(c, "beta"), *alpha = pt2_get(c, "alpha");
    if (!bias || !a || !b)
        return false;
    qir_value *w = as_weight(c, b);
    bool plain = pt2_number(beta) == 1 && pt2_number(alpha) == 1;
    if (w && plain && bias->type->rank == 1 && bias->type->dims[0] == w->type->dims[0])
        return pt2_set(c, 0, fe_linear(c->fe, a, w, bias));
    qir_value *y = scaled(c, product(c, a, b), alpha);
    return pt2_set(c, 0, fe_emit2(c->fe, QIR_OP_add, y, scaled(c, bias, beta)));
}

bool pt2_op_sdpa(pt2_call *c)
{
    if (pt2_float(c, "dropout_p") != 0)
        return fe_error(c->fe, "arg", "dropout is not supported");
    fe_attention a = {.q = pt2_tensor(c, "query"),
                      .k = pt2_tensor(c, "key"),
                      .v = pt2_tensor(c, "value"),
                      .mask = pt2_tensor(c, "attn_mask"),
                      .scale = pt2_has(c, "scale") ? (float)pt2_float(c, "scale") : 0,
                      .causal = pt2_bool(c, "is_causal")};
    return !c->fe->failed && pt2_set(c, 0, fe_sdpa(c->fe, &a));
}

/* --- windows ----------------------------------------------------------------------------------------- */
enum { MAX_WINDOW = 1 << 20 };

bool pt2_spatial(pt2_call *c, const char *name, unsigned n, const int64_t *dflt, int64_t min,
                 int64_t *out)
{
    size_t given;
    const int64_t *list = pt2_ints(c, name, &given);
    if (given != n && given != 1 && !(given == 0 && dflt))
        return fe_error(c->fe, "arg", "'%s' has %zu entries, expected %u", name, given, n);
    for (unsigned i = 0; i < n; i++) {
        out[i] = given == 0 ? dflt[i] : list[given == 1 ? 0 : i];
        if (out[i] < min || out[i] > MAX_WINDOW)
            return fe_error(c->fe, "arg", "'%s' has entry %" PRId64 ", expected %" PRId64 " to %d",
                            name, out[i], min, MAX_WINDOW);
    }
    return true;
}

bool pt2_pads(pt2_call *c, fe_window *w)
{
    if (!pt2_spatial(c, "padding", w->n, NULL, 0, w->pads))
        return false;
    memcpy(w->pads + w->n, w->pads, w->n * sizeof *w->pads);
    return true;
}

qir_value *pt2_batched(pt2_call *c, qir_value *x, unsigned rank, bool *added)
{
    *added = x && x->type->rank + 1 == rank;
    return *added ? fe_unsqueeze(c->fe, x, 0) : x;
}

bool pt2_set_unbatched(pt2_call *c, unsigned i, qir_value *y, bool added)
{
    return pt2_set(c, i, y && added ? fe_select(c->fe, y, 0, 0) : y);
}

typedef struct convolution {
    qir_value *x, *w, *b;
    fe_window window;
    int64_t output_pads[QIR_MAX_RANK];
    bool transposed, unbatched;
} convolution;

static bool read_convolution(pt2_call *c, convolution *v)
{
    v->w = pt2_tensor(c, "weight");
    v->b = pt2_tensor(c, "bias");
    v->x = v->w ? pt2_batched(c, pt2_self(c), v->w->type->rank, &v->unbatched) : NULL;
    if (!v->x || c->fe->failed)
        return false;
    if (v->w->type->rank < 3 || v->x->type->rank != v->w->type->rank)
        return fe_error(c->fe, "shape", "weight of rank %u for input of rank %u", v->w->type->rank,
                        v->x->type->rank);
    v->window.n = v->w->type->rank - 2;
    memcpy(v->window.kernel, v->w->type->dims + 2, v->window.n * sizeof *v->window.kernel);
    return pt2_spatial(c, "stride", v->window.n, NULL, 1, v->window.strides) &&
           pt2_spatial(c, "dilation", v->window.n, NULL, 1, v->window.dilations);
}

static bool set_convolution(pt2_call *c, const convolution *v)
{
    fe_builder *fe = c->fe;
    const fe_window *w = &v->window;
    qir_named_attr *attrs = QIR_ATTRS({"strides", fe_unless(fe, w->strides, w->n, 1)},
                                      {"pads", fe_unless(fe, w->pads, 2 * w->n, 0)},
                                      {"dilations", fe_unless(fe, w->dilations, w->n, 1)},
                                      {"groups", qir_attr_int(fe->ctx, pt2_int(c, "groups"))},
                                      {"output_pads", v->transposed ? fe_unless(fe, v->output_pads, w->n, 0)
                                                                    : NULL});
    qir_value *y = fe_emit(fe, v->transposed ? QIR_OP_conv_transpose : QIR_OP_conv,
                           (qir_value *[]){v->x, v->w, v->b}, v->b ? 3 : 2, attrs, NULL);
    return pt2_set_unbatched(c, 0, y, v->unbatched);
}

bool pt2_op_conv(pt2_call *c)
{
    convolution v = {0};
    return read_convolution(c, &v) && pt2_pads(c, &v.window) && set_convolution(c, &v);
}

/* padding = "same" keeps the size, the odd pad at the end; "valid" has none. */
bool pt2_op_conv_same(pt2_call *c)
{
    convolution v = {0};
    if (!read_convolution(c, &v))
        return false;
    for (unsigned i = 0; i < v.window.n && strcmp(pt2_string(c, "padding"), "same") == 0; i++) {
        int64_t total = fe_window_extent(&v.window, i) - 1;
        v.window.pads[i] = total / 2;
        v.window.pads[v.window.n + i] = total - total / 2;
    }
    return set_convolution(c, &v);
}

bool pt2_op_conv_transpose(pt2_call *c)
{
    convolution v = {.transposed = true};
    return read_convolution(c, &v) && pt2_pads(c, &v.window) &&
           pt2_spatial(c, "output_padding", v.window.n, NULL, 0, v.output_pads) &&
           set_convolution(c, &v);
}

bool pt2_op_convolution(pt2_call *c)
{
    return pt2_bool(c, "transposed") ? pt2_op_conv_transpose(c) : pt2_op_conv(c);
}
