/* Convolutions.  One row of operand values per output position (taps in row order, input channel
 * innermost; padded taps are zeros), then a dot product of that row with each output channel's
 * weights in the same order.  A transposed convolution is a convolution that computes as many
 * neighbouring results as it has strides as channels (qir/subpixel.h). */
#include "eval_priv.h"
#include "qir/subpixel.h"
#include "qir/support/parallel.h"

enum { BLOCK = 16 }; /* rows made at a time, so that a weight row is used several times */

typedef struct conv_job {
    eval_window w;
    eval_dot kind;
    size_t esize;
    int64_t groups, cin, cout; /* channels per group */
    int64_t taps, positions;
    const char *x;  /* [batch][in][channels] */
    const char *wt; /* [groups * cout][taps][cin] */
    char *sums;     /* [batch][groups * cout][positions] */
    char *rows;     /* [worker][BLOCK][taps][cin] */
} conv_job;

/* [N][C][spatial] to [N][spatial][C]. */
static const char *channels_last(qir_eval_args *a, const eval_window *w, const void *x,
                                 size_t esize)
{
    int64_t inner = eval_product(w->in, 0, EVAL_SPATIAL);
    int64_t dims[3] = {w->batch, inner, w->channels};
    int64_t ds[3] = {inner * w->channels, w->channels, 1}, ss[3] = {inner * w->channels, 1, inner};
    char *dst = qir_arena_array(a->scratch, (size_t)(w->batch * inner * w->channels), esize);
    eval_copy_nd(3, dims, esize, dst, ds, x, ss);
    return dst;
}

/* The operand values that output position (o0, o1, o2) of group `g` sees. */
static void make_row(const conv_job *j, int64_t n, int64_t g, int64_t position, char *row)
{
    const eval_window *w = &j->w;
    int64_t o2 = position % w->out[2], o1 = position / w->out[2] % w->out[1];
    int64_t o0 = position / w->out[2] / w->out[1];
    size_t piece = (size_t)j->cin * j->esize;
    for (int64_t k0 = 0; k0 < w->kernel[0]; k0++) {
        int64_t i0 = eval_operand_index(w, 0, o0, k0);
        for (int64_t k1 = 0; k1 < w->kernel[1]; k1++) {
            int64_t i1 = eval_operand_index(w, 1, o1, k1);
            for (int64_t k2 = 0; k2 < w->kernel[2]; k2++, row += piece) {
                int64_t i2 = eval_operand_index(w, 2, o2, k2);
                if (i0 < 0 || i1 < 0 || i2 < 0) {
                    memset(row, 0, piece);
                    continue;
                }
                int64_t at = ((n * w->in[0] + i0) * w->in[1] + i1) * w->in[2] + i2;
                memcpy(row, j->x + (size_t)(at * w->channels + g * j->cin) * j->esize, piece);
            }
        }
    }
}

/* Turn: one block of output positions of one group.  Blocks take rows of their worker's. */
static void convolve_block(void *user, unsigned worker, int64_t turn)
{
    const conv_job *j = user;
    int64_t k = j->taps * j->cin, blocks = (j->positions + BLOCK - 1) / BLOCK;
    int64_t p = turn % blocks * BLOCK, g = turn / blocks % j->groups, n = turn / blocks / j->groups;
    int64_t m = j->positions - p < BLOCK ? j->positions - p : BLOCK;
    char *rows = j->rows + (size_t)(worker * BLOCK * k) * j->esize;
    for (int64_t r = 0; r < m; r++)
        make_row(j, n, g, p + r, rows + (size_t)(r * k) * j->esize);
    int64_t at = (n * j->groups + g) * j->cout * j->positions + p;
    eval_gemm(j->kind, m, j->cout, k, rows, j->wt + (size_t)(g * j->cout * k) * j->esize,
              j->sums + (size_t)at * eval_dot_result_bytes(j->kind), 1, j->positions);
}

static void convolve(qir_eval_args *a, conv_job *j)
{
    int64_t k = j->taps * j->cin, turns = j->w.batch * j->groups * ((j->positions + BLOCK - 1) / BLOCK);
    unsigned most = qir_context_threads(qir_op_module(a->op)->ctx);
    unsigned threads = qir_threads_for(most, turns * BLOCK * j->cout * k);
    j->rows = qir_arena_array(a->scratch, (size_t)(threads * BLOCK * k), j->esize);
    qir_parallel_for(threads, turns, convolve_block, j);
}

/* Weight [channels][C/groups][taps], in elements of the kind, with the channels innermost. */
static void set_weight(qir_eval_args *a, conv_job *j, const void *w, int64_t channels)
{
    j->taps = eval_product(j->w.kernel, 0, EVAL_SPATIAL);
    j->cin = j->w.channels / j->groups;
    j->cout = channels / j->groups;
    j->esize = eval_dot_bytes(j->kind);
    int64_t dims[3] = {channels, j->taps, j->cin}, ds[3], ss[3] = {j->taps * j->cin, 1, j->taps};
    eval_row_strides(3, dims, ds);
    char *turned = qir_arena_array(a->scratch, (size_t)(channels * j->taps * j->cin), j->esize);
    eval_copy_nd(3, dims, j->esize, turned, ds, w, ss);
    j->wt = turned;
}

/* With window, weight and room for the sums set; x: elements of the kind. */
static void run(qir_eval_args *a, conv_job *j, const void *x)
{
    j->positions = eval_product(j->w.out, 0, EVAL_SPATIAL);
    j->x = channels_last(a, &j->w, x, j->esize);
    convolve(a, j);
}

bool qir_eval_conv(qir_eval_args *a)
{
    conv_job j = {.groups = qir_op_int(a->op, "groups")};
    qir_tensor w = eval_weight(a, 1);
    eval_get_window(a, w.type->dims + 2, &j.w);
    j.kind = eval_product_kind(a->in[0].type, w.type, a->out[0].type);
    int64_t channels = w.type->dims[0];
    set_weight(a, &j, eval_product_operand(a, &w, j.kind), channels);
    void *sums = eval_product_out(a, j.kind);
    j.sums = sums;
    run(a, &j, eval_product_operand(a, &a->in[0], j.kind));
    eval_product_finish(a, j.kind, sums, w.type, eval_has(a, 2), channels, j.positions);
    return true;
}

bool qir_eval_conv_dynamic(qir_eval_args *a)
{
    conv_job j = {.groups = qir_op_int(a->op, "groups"), .kind = EVAL_DOT_I16};
    qir_tensor w = eval_weight(a, 3);
    int64_t channels = w.type->dims[0], n = qir_type_elements(a->out[0].type);
    eval_get_window(a, w.type->dims + 2, &j.w);
    set_weight(a, &j, eval_product_operand(a, &w, j.kind), channels);
    int32_t *sums = QIR_NEW_ARRAY(a->scratch, int32_t, (size_t)n);
    j.sums = (char *)sums;
    run(a, &j, eval_dynamic_operand(a, j.w.batch));
    float *out = a->out[0].data;
    for (int64_t i = 0; i < n; i++)
        out[i] = eval_dynamic_value(a, sums[i], i / (channels * j.positions), w.type->quant,
                                    i / j.positions % channels);
    return true;
}

/* --- transposed ------------------------------------------------------------------------------- */

/* The window of the convolution that computes all phases. */
static eval_window phase_window(const qir_eval_args *a, const qir_subpixel *s)
{
    const qir_type *x = a->in[0].type;
    eval_window w = {.batch = x->dims[0], .channels = x->dims[1]};
    for (unsigned i = 0; i < EVAL_SPATIAL; i++) {
        w.in[i] = i + s->axes < EVAL_SPATIAL ? 1 : x->dims[2 + i + s->axes - EVAL_SPATIAL];
        w.out[i] = s->blocks[i];
        w.kernel[i] = s->kernel[i];
        w.pad[i] = s->begin[i];
        w.stride[i] = w.dilation[i] = 1;
    }
    return w;
}

/* Sums [batch][channels of phases][blocks] to those of the result. */
static void join_phases(const qir_eval_args *a, const qir_subpixel *s, const char *from, char *to,
                        size_t esize)
{
    const qir_type *y = a->out[0].type;
    int64_t blocks = eval_product(s->blocks, 0, EVAL_SPATIAL), channels = s->groups * s->cout;
    int64_t dims[EVAL_SPATIAL], n = qir_type_elements(y);
    for (unsigned i = 0; i < EVAL_SPATIAL; i++)
        dims[i] = i + s->axes < EVAL_SPATIAL ? 1 : y->dims[2 + i + s->axes - EVAL_SPATIAL];
    for (int64_t k = 0; k < n; k++, to += esize) {
        int64_t rest = k, phase = 0, block = 0, o[EVAL_SPATIAL];
        for (unsigned i = EVAL_SPATIAL; i-- > 0; rest /= dims[i])
            o[i] = rest % dims[i];
        for (unsigned i = 0; i < EVAL_SPATIAL; i++) {
            phase = phase * s->stride[i] + o[i] % s->stride[i];
            block = block * s->blocks[i] + o[i] / s->stride[i];
        }
        int64_t channel = qir_subpixel_channel(s, rest % channels, phase);
        int64_t at = ((rest / channels * s->phases * channels) + channel) * blocks + block;
        memcpy(to, from + (size_t)at * esize, esize);
    }
}

bool qir_eval_conv_transpose(qir_eval_args *a)
{
    qir_subpixel s;
    qir_tensor w = eval_weight(a, 1);
    qir_subpixel_get(a->op, &s);
    conv_job j = {.groups = s.groups, .w = phase_window(a, &s)};
    j.kind = eval_product_kind(a->in[0].type, w.type, a->out[0].type);
    size_t esize = eval_dot_bytes(j.kind), rsize = eval_dot_result_bytes(j.kind);
    int64_t channels = s.phases * s.groups * s.cout;
    char *wt = qir_arena_array(a->scratch, (size_t)(channels * s.cin / s.groups * s.taps), esize);
    qir_subpixel_weight(&s, eval_product_operand(a, &w, j.kind), esize, NULL, wt);
    set_weight(a, &j, wt, channels);
    int64_t blocks = eval_product(s.blocks, 0, EVAL_SPATIAL);
    j.sums = qir_arena_array(a->scratch, (size_t)(j.w.batch * channels * blocks), rsize);
    run(a, &j, eval_product_operand(a, &a->in[0], j.kind));
    void *sums = eval_product_out(a, j.kind);
    join_phases(a, &s, j.sums, sums, rsize);
    eval_product_finish(a, j.kind, sums, w.type, eval_has(a, 2), s.groups * s.cout,
                        eval_product(a->out[0].type->dims, 2, a->out[0].type->rank));
    return true;
}
