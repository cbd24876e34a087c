/* Attention, rotary embedding and their com.microsoft forms. */
#include <math.h>

#include "core/compose.h"
#include "onnx/import.h"

/* [B, S, heads * E] as [B, heads, S, E]; rank 4 is that already. */
static qir_value *split_heads(onnx_call *c, qir_value *x, int64_t heads)
{
    if (!x || x->type->rank == 4)
        return x;
    const int64_t *d = x->type->dims;
    if (x->type->rank != 3 || heads < 1 || d[2] % heads)
        return fe_error(c->fe, "shape", "%lld heads do not divide the operand", (long long)heads), NULL;
    x = fe_reshape(c->fe, x, (int64_t[]){d[0], d[1], heads, d[2] / heads}, 4);
    return fe_transpose(c->fe, x, (int64_t[]){0, 2, 1, 3});
}

static qir_value *join_heads(onnx_call *c, qir_value *x)
{
    x = fe_transpose(c->fe, x, (int64_t[]){0, 2, 1, 3});
    if (!x)
        return NULL;
    const int64_t *d = x->type->dims;
    return fe_reshape(c->fe, x, (int64_t[]){d[0], d[1], d[2] * d[3]}, 3);
}

/* past, then v along the sequence; result i. */
static bool append(onnx_call *c, qir_value *past, qir_value **v, unsigned i)
{
    if (past)
        *v = fe_concat(c->fe, (qir_value *[]){past, *v}, 2, 2);
    return *v && onnx_set(c, i, *v);
}

/* A mask with fewer columns than there are: the rest is left out. */
static qir_value *widened(onnx_call *c, qir_value *mask, int64_t columns)
{
    const qir_type *t = mask->type;
    int64_t dims[QIR_MAX_RANK], have = t->rank ? t->dims[t->rank - 1] : 1;
    if (have >= columns || have == 1)
        return mask;
    for (unsigned i = 0; i + 1 < t->rank; i++)
        dims[i] = t->dims[i];
    dims[t->rank - 1] = columns - have;
    float low = -INFINITY;
    unsigned char no = 0;
    qir_value *rest = t->dtype == QIR_i1 ? fe_splat(c->fe, QIR_i1, dims, t->rank, &no)
                                         : fe_cast(c->fe, fe_splat(c->fe, QIR_f32, dims, t->rank, &low),
                                                   t->dtype);
    return fe_concat(c->fe, (qir_value *[]){mask, rest}, 2, t->rank - 1);
}

/* --- Attention --------------------------------------------------------------------------------- */
bool onnx_attention(onnx_call *c)
{
    qir_value *past = onnx_in(c, 4);
    int64_t heads = onnx_attr_int(c, "q_num_heads", 0), shared = onnx_attr_int(c, "kv_num_heads", 0);
    bool flat = c->in[0]->type->rank == 3;
    fe_attention a = {.q = split_heads(c, c->in[0], heads),
                      .k = split_heads(c, c->in[1], shared),
                      .v = split_heads(c, c->in[2], shared),
                      .scale = onnx_attr_float(c, "scale", 0.0f),
                      .softcap = onnx_attr_float(c, "softcap", 0.0f),
                      .causal = onnx_attr_int(c, "is_causal", 0),
                      .offset = past ? past->type->dims[2] : 0};
    onnx_attr_int(c, "softmax_precision", 1); /* f32 at least */
    onnx_attr_int(c, "qk_matmul_output_mode", 0);
    if (onnx_attr_int(c, "left_window_size", -1) != -1 || onnx_attr_int(c, "right_window_size", -1) != -1)
        return fe_error(c->fe, "attr", "sliding windows are not supported");
    if (onnx_out_used(c, 3))
        return fe_error(c->fe, "attr", "the scores as a result are not supported");
    if (onnx_in(c, 6))
        return fe_error(c->fe, "attr", "nonpad_kv_seqlen is not supported");
    if (!append(c, past, &a.k, 1) || !append(c, onnx_in(c, 5), &a.v, 2))
        return false;
    if (onnx_in(c, 3))
        a.mask = widened(c, c->in[3], a.k->type->dims[2]);
    qir_value *y = c->fe->failed ? NULL : fe_sdpa(c->fe, &a);
    return onnx_set(c, 0, flat ? join_heads(c, y) : y);
}

/* i32 [B, S]: 0 leaves a column out.  As i1 [B, 1, 1, S]. */
static qir_value *padding_mask(onnx_call *c, qir_value *m)
{
    const int64_t *d = m->type->dims;
    if (m->type->rank != 2)
        return fe_error(c->fe, "shape", "key_padding_mask of rank %u, expected [batch, keys]",
                        m->type->rank), NULL;
    return fe_reshape(c->fe, fe_cast(c->fe, m, QIR_i1), (int64_t[]){d[0], 1, 1, d[1]}, 4);
}

/* Adds entries first .. of the joint bias. */
static qir_value *with_bias(onnx_call *c, qir_value *x, qir_value *bias, int64_t *first)
{
    if (!bias || !x || x->type->rank != 3)
        return x;
    int64_t at = *first;
    *first += x->type->dims[2];
    if (*first > bias->type->dims[0])
        return fe_error(c->fe, "shape", "the bias is too short"), NULL;
    return fe_emit2(c->fe, QIR_OP_add, x, fe_narrow(c->fe, bias, 0, at, *first));
}

/* Both masks as one. */
static qir_value *joint_mask(onnx_call *c, qir_value *padding, qir_value *added)
{
    if (!padding)
        return added;
    padding = padding_mask(c, padding);
    if (!added || !padding)
        return padding;
    qir_value *low = fe_scalar(c->fe, added->type->dtype, -INFINITY);
    return low ? fe_emit(c->fe, QIR_OP_where, QIR_OPERANDS(padding, added, low), QIR_NO_ATTRS, NULL)
               : NULL;
}

bool onnx_multi_head_attention(onnx_call *c)
{
    qir_value *bias = onnx_in(c, 3), *past = onnx_in(c, 6);
    int64_t heads = onnx_attr_int(c, "num_heads", 0), first = 0;
    onnx_attr_float(c, "mask_filter_value", -10000.0f); /* left out altogether instead */
    if (c->in[0]->type->rank != 3 || !onnx_in(c, 1) || !onnx_in(c, 2))
        return fe_error(c->fe, "attr", "packed query, key and value are not supported");
    qir_value *q = with_bias(c, c->in[0], bias, &first), *k = with_bias(c, c->in[1], bias, &first);
    qir_value *v = with_bias(c, c->in[2], bias, &first);
    fe_attention a = {.q = split_heads(c, q, heads),
                      .k = split_heads(c, k, heads),
                      .v = split_heads(c, v, heads),
                      .scale = onnx_attr_float(c, "scale", 0.0f),
                      .causal = onnx_attr_int(c, "unidirectional", 0),
                      .offset = past ? past->type->dims[2] : 0};
    if (onnx_in(c, 8))
        return fe_error(c->fe, "attr", "a shared buffer of past and present is not supported");
    a.mask = joint_mask(c, onnx_in(c, 4), onnx_in(c, 5));
    return !c->fe->failed && append(c, past, &a.k, 1) && append(c, onnx_in(c, 7), &a.v, 2) &&
           onnx_set(c, 0, join_heads(c, fe_sdpa(c->fe, &a)));
}

/* --- rotary embedding -------------------------------------------------------------------------- */
/* Rows of a cache [P, D/2] at `positions` [B, S] (one: the first), or [B, S, D/2] as it is; in the
 * form [B, 1, S, D/2]. */
static qir_value *angles(onnx_call *c, qir_value *cache, qir_value *positions, int64_t steps)
{
    if (positions && qir_type_elements(positions->type) == 1 && steps != 1) {
        int64_t *offsets = QIR_NEW_ARRAY(c->fe->scratch, int64_t, (size_t)steps);
        for (int64_t i = 0; i < steps; i++)
            offsets[i] = i;
        positions = fe_emit2(c->fe, QIR_OP_add, fe_reshape(c->fe, positions, (int64_t[]){1, 1}, 2),
                             fe_const(c->fe, QIR_i64, (int64_t[]){1, steps}, 2, offsets));
    }
    if (positions && positions->type->rank == 1)
        positions = fe_unsqueeze(c->fe, positions, 0);
    if (positions)
        cache = fe_emit2(c->fe, QIR_OP_gather, cache, positions);
    if (cache && cache->type->rank != 3)
        return fe_error(c->fe, "shape", "the rotary cache must have rank 3, or 2 with positions"), NULL;
    return fe_unsqueeze(c->fe, cache, 1);
}

static bool rotate(onnx_call *c, qir_value *positions, qir_value *cos, qir_value *sin)
{
    qir_value *x = c->in[0];
    bool flat = x->type->rank == 3, interleaved = onnx_attr_int(c, "interleaved", 0);
    int64_t heads = onnx_attr_int(c, "num_heads", 0), dims = onnx_attr_int(c, "rotary_embedding_dim", 0);
    if (flat && heads == 0) { /* the cache says how wide a head is */
        int64_t width = dims ? dims : 2 * cos->type->dims[cos->type->rank - 1];
        heads = width ? x->type->dims[2] / width : 0;
    }
    x = split_heads(c, x, heads);
    if (!x)
        return false;
    int64_t steps = x->type->dims[2];
    cos = angles(c, cos, positions, steps);
    sin = angles(c, sin, positions, steps);
    qir_value *y = fe_rotary(c->fe, x, cos, sin, dims, interleaved);
    return onnx_set(c, 0, flat ? join_heads(c, y) : y);
}

bool onnx_rotary_embedding(onnx_call *c)
{
    return rotate(c, onnx_in(c, 3), c->in[1], c->in[2]);
}

/* com.microsoft: the positions come first. */
bool onnx_rotary_embedding_ms(onnx_call *c)
{
    if (onnx_attr_float(c, "scale", 1.0f) != 1.0f || onnx_attr_int(c, "is_packed_batching", 0))
        return fe_error(c->fe, "attr", "scale and is_packed_batching are not supported");
    return rotate(c, c->in[1], c->in[2], c->in[3]);
}

/* --- GroupQueryAttention ----------------------------------------------------------------------- */
/* Rotary embedding at positions `past` and following. */
static qir_value *rotated_at(onnx_call *c, qir_value *x, int64_t past, bool interleaved)
{
    qir_value *angle[2];
    if (!x)
        return NULL;
    for (unsigned i = 0; i < 2; i++) {
        qir_value *cache = onnx_in(c, 7 + i);
        if (!cache || cache->type->rank != 2 || cache->type->dims[0] < past + x->type->dims[2])
            return fe_error(c->fe, "shape", "the rotary cache is missing or too short"), NULL;
        angle[i] = fe_narrow(c->fe, cache, 0, past, past + x->type->dims[2]);
    }
    return fe_rotary(c->fe, x, angle[0], angle[1], 2 * onnx_in(c, 7)->type->dims[1], interleaved);
}

/* Where past and present are buffers of their own, all of past holds keys: seqlens_k says nothing
 * that the shapes do not. */
bool onnx_group_query_attention(onnx_call *c)
{
    int64_t heads = onnx_attr_int(c, "num_heads", 0), shared = onnx_attr_int(c, "kv_num_heads", 0);
    bool rotary = onnx_attr_int(c, "do_rotary", 0), pairs = onnx_attr_int(c, "rotary_interleaved", 0);
    qir_value *past = onnx_in(c, 3);
    fe_attention a = {.scale = onnx_attr_float(c, "scale", 0.0f),
                      .softcap = onnx_attr_float(c, "softcap", 0.0f),
                      .causal = true,
                      .offset = past ? past->type->dims[2] : 0};
    if (onnx_attr_int(c, "local_window_size", -1) != -1 || onnx_attr_int(c, "smooth_softmax", 0))
        return fe_error(c->fe, "attr", "local windows and smooth softmax are not supported");
    if (!onnx_in(c, 1) || !onnx_in(c, 2))
        return fe_error(c->fe, "attr", "packed query, key and value are not supported");
    a.q = split_heads(c, c->in[0], heads);
    a.k = split_heads(c, c->in[1], shared);
    a.v = split_heads(c, c->in[2], shared);
    if (rotary) {
        a.q = rotated_at(c, a.q, a.offset, pairs);
        a.k = rotated_at(c, a.k, a.offset, pairs);
    }
    return !c->fe->failed && append(c, past, &a.k, 1) && append(c, onnx_in(c, 4), &a.v, 2) &&
           onnx_set(c, 0, join_heads(c, fe_sdpa(c->fe, &a)));
}
