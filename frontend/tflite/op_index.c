/* Operators about positions, and those that move blocks between the batch and the image. */
#include <inttypes.h>

#include "tflite/import.h"

/* ARG_MAX, ARG_MIN: the first of equal ones. */
bool tfl_arg(tfl_call *c)
{
    int64_t axis;
    if (!tfl_axis_operand(c, 1, c->in[0]->type->rank, &axis))
        return false;
    qir_named_attr *attrs = QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)},
                                      {"keepdims", qir_attr_bool(c->fe->ctx, false)});
    return tfl_set(c, 0, fe_emit1(c->fe, c->row->opcode, c->in[0], attrs));
}

bool tfl_cumsum(tfl_call *c)
{
    qir_context *ctx = c->fe->ctx;
    int64_t axis;
    if (!tfl_axis_operand(c, 1, c->in[0]->type->rank, &axis))
        return false;
    qir_named_attr *attrs =
        QIR_ATTRS({"axis", qir_attr_int(ctx, axis)},
                  {"exclusive", qir_attr_bool(ctx, tfl_int(c, "exclusive") != 0)},
                  {"reverse", qir_attr_bool(ctx, tfl_int(c, "reverse") != 0)});
    return tfl_set(c, 0, fe_emit1(c->fe, QIR_OP_cumsum, c->in[0], attrs));
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Rank 4, blocks of the two spatial axes and what is added or cut at their borders. */
static bool read_blocks(tfl_call *c, const int64_t **block, const int64_t **borders)
{
    const qir_type *t = c->in[0]->type;
    *block = tfl_ints(c, 1, 2);
    *borders = *block ? tfl_ints(c, 2, 4) : NULL;
    if (!*borders)
        return false;
    bool ok = t->rank == 4;
    for (unsigned i = 0; i < 4; i++)
        ok = ok && (*borders)[i] >= 0 && (*borders)[i] <= 1 << 20 && (*block)[i / 2] >= 1 &&
             (*block)[i / 2] <= 1 << 15;
    return ok || fe_error(c->fe, "conv.attr", "rank %u in blocks of %" PRId64 " x %" PRId64, t->rank,
                          (*block)[0], (*block)[1]);
}

/* [N, H b, W d, C] -> [b d N, H, W, C] */
bool tfl_space_to_batch(tfl_call *c)
{
    static const int64_t perm[] = {2, 4, 0, 1, 3, 5};
    const int64_t *b, *p, *d;
    fe_builder *fe = c->fe;
    if (!read_blocks(c, &b, &p))
        return false;
    qir_value *x = fe_emit1(
        fe, QIR_OP_pad, c->in[0],
        QIR_ATTRS({"pads", qir_attr_ints(fe->ctx, (int64_t[]){0, p[0], p[2], 0, 0, p[1], p[3], 0}, 8)}));
    if (!x)
        return false;
    d = x->type->dims;
    if (d[1] % b[0] || d[2] % b[1])
        return fe_error(fe, "shape", "blocks of %" PRId64 " x %" PRId64 " do not divide the image", b[0],
                        b[1]);
    int64_t h = d[1] / b[0], w = d[2] / b[1];
    x = fe_reshape(fe, x, (int64_t[]){d[0], h, b[0], w, b[1], d[3]}, 6);
    return tfl_set(c, 0, fe_reshape(fe, fe_transpose(fe, x, perm),
                                    (int64_t[]){b[0] * b[1] * d[0], h, w, d[3]}, 4));
}

/* [b d N, H, W, C] -> [N, H b, W d, C], borders cut off */
bool tfl_batch_to_space(tfl_call *c)
{
    static const int64_t perm[] = {2, 3, 0, 4, 1, 5};
    const int64_t *b, *p, *d = c->in[0]->type->dims;
    fe_builder *fe = c->fe;
    if (!read_blocks(c, &b, &p))
        return false;
    if (d[0] % (b[0] * b[1]))
        return fe_error(fe, "shape", "blocks of %" PRId64 " x %" PRId64 " do not divide the batch", b[0],
                        b[1]);
    int64_t n = d[0] / (b[0] * b[1]), h = d[1] * b[0], w = d[2] * b[1];
    if (p[0] + p[1] > h || p[2] + p[3] > w)
        return fe_error(fe, "shape", "more is cut off than there is");
    qir_value *x = fe_reshape(fe, c->in[0], (int64_t[]){b[0], b[1], n, d[1], d[2], d[3]}, 6);
    x = fe_reshape(fe, fe_transpose(fe, x, perm), (int64_t[]){n, h, w, d[3]}, 4);
    if (!x)
        return false;
    fe_slice_spec s = fe_whole(x->type);
    s.starts[1] = p[0];
    s.ends[1] = h - p[1];
    s.starts[2] = p[2];
    s.ends[2] = w - p[3];
    return tfl_set(c, 0, fe_slice(fe, x, &s));
}
