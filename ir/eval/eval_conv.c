/* Convolutions.  One row of operand values per output position (taps in row order, input channel
 * innermost; padded taps are zeros), then a dot product of that row with each output channel's
 * weights in the same order.  A transposed convolution is the convolution of the operand spread out
 * by its strides with the weights turned around. */
#include "eval_priv.h"

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

static void convolve(qir_eval_args *a, const conv_job *j)
{
    int64_t k = j->taps * j->cin;
    char *rows = qir_arena_array(a->scratch, (size_t)(BLOCK * k), j->esize);
    size_t rsize = eval_dot_result_bytes(j->kind);
    for (int64_t n = 0; n < j->w.batch; n++) {
        for (int64_t g = 0; g < j->groups; g++) {
            const char *wt = j->wt + (size_t)(g * j->cout * k) * j->esize;
            for (int64_t p = 0; p < j->positions; p += BLOCK) {
                int64_t m = j->positions - p < BLOCK ? j->positions - p : BLOCK;
                for (int64_t r = 0; r < m; r++)
                    make_row(j, n, g, p + r, rows + (size_t)(r * k) * j->esize);
                int64_t at = (n * j->groups + g) * j->cout * j->positions + p;
                eval_gemm(j->kind, m, j->cout, k, rows, wt, j->sums + (size_t)at * rsize, 1,
                          j->positions);
            }
        }
    }
}

/* Fills what follows from the window, runs, and finishes the sums. */
static void run(qir_eval_args *a, conv_job *j, const qir_type *w)
{
    j->taps = eval_product(j->w.kernel, 0, EVAL_SPATIAL);
    j->positions = eval_product(j->w.out, 0, EVAL_SPATIAL);
    j->cin = j->w.channels / j->groups;
    j->cout = a->out[0].type->dims[1] / j->groups;
    j->esize = eval_dot_bytes(j->kind);
    j->x = channels_last(a, &j->w, eval_product_operand(a, &a->in[0], j->kind), j->esize);
    void *sums = eval_product_out(a, j->kind);
    j->sums = sums;
    convolve(a, j);
    eval_product_finish(a, j->kind, sums, w, eval_has(a, 2), j->cout * j->groups, j->positions);
}

bool qir_eval_conv(qir_eval_args *a)
{
    conv_job j = {.groups = qir_op_int(a->op, "groups")};
    qir_tensor w = eval_weight(a, 1);
    eval_get_window(a, w.type->dims + 2, &j.w);
    j.kind = eval_product_kind(a->in[0].type, w.type, a->out[0].type);
    const void *wt = eval_product_operand(a, &w, j.kind);
    int64_t o = w.type->dims[0], c = w.type->dims[1], taps = eval_product(j.w.kernel, 0, 3);
    int64_t dims[3] = {o, taps, c}, ds[3] = {taps * c, c, 1}, ss[3] = {taps * c, 1, taps};
    char *turned = qir_arena_array(a->scratch, (size_t)(o * taps * c), eval_dot_bytes(j.kind));
    eval_copy_nd(3, dims, eval_dot_bytes(j.kind), turned, ds, wt, ss);
    j.wt = turned;
    run(a, &j, w.type);
    return true;
}

/* w [C][O/g][taps] to [g][O/g][taps backwards][C/g]. */
static const char *turn_around(qir_eval_args *a, const void *w, size_t esize, int64_t groups,
                               int64_t cin, int64_t cout, int64_t taps)
{
    int64_t dims[4] = {groups, cout, taps, cin}, ds[4];
    int64_t ss[4] = {cin * cout * taps, taps, -1, cout * taps};
    eval_row_strides(4, dims, ds);
    char *dst = qir_arena_array(a->scratch, (size_t)(groups * cout * taps * cin), esize);
    eval_copy_nd(4, dims, esize, dst, ds, (const char *)w + (size_t)(taps - 1) * esize, ss);
    return dst;
}

bool qir_eval_conv_transpose(qir_eval_args *a)
{
    conv_job j = {.groups = qir_op_int(a->op, "groups")};
    qir_tensor w = eval_weight(a, 1);
    eval_get_window(a, w.type->dims + 2, &j.w);
    for (int i = 0; i < EVAL_SPATIAL; i++) {
        j.w.gap[i] = j.w.stride[i];
        j.w.stride[i] = 1;
        j.w.pad[i] = j.w.dilation[i] * (j.w.kernel[i] - 1) - j.w.pad[i];
    }
    j.kind = eval_product_kind(a->in[0].type, w.type, a->out[0].type);
    const void *wt = eval_product_operand(a, &w, j.kind);
    j.wt = turn_around(a, wt, eval_dot_bytes(j.kind), j.groups, w.type->dims[0] / j.groups,
                       w.type->dims[1], eval_product(j.w.kernel, 0, EVAL_SPATIAL));
    run(a, &j, w.type);
    return true;
}
