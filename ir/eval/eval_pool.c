/* Pooling.  Taps in row order.
 *
 *   max_pool   folds EVAL_MAX over the taps inside the operand; a window of padding only gives the
 *              lowest value of the type
 *   avg_pool   floats: qir_sum16 over all taps (padding is 0 at its place) divided by the number of
 *              elements counted; quantized: FP32-RNE of sum(q) - n * z_x by s_x / (s_y * n).
 *              Counted are the taps inside the operand, with count_pads also those in the padding
 *              (not those that ceil_mode reaches beyond it) */
#include <math.h>
#include "eval_priv.h"

typedef struct pool {
    eval_window w;
    int64_t taps, positions, plane, planes;
    int64_t *index; /* of each tap in the plane of a channel; -1: padding */
} pool;

static void begin(qir_eval_args *a, pool *p)
{
    size_t n;
    const int64_t *kernel = qir_op_ints(a->op, "kernel", &n);
    eval_get_window(a, kernel, &p->w);
    p->taps = eval_product(p->w.kernel, 0, EVAL_SPATIAL);
    p->positions = eval_product(p->w.out, 0, EVAL_SPATIAL);
    p->plane = eval_product(p->w.in, 0, EVAL_SPATIAL);
    p->planes = p->w.batch * p->w.channels;
    p->index = QIR_NEW_ARRAY(a->scratch, int64_t, (size_t)p->taps);
}

static void split(const eval_window *w, int64_t position, int64_t o[EVAL_SPATIAL])
{
    o[2] = position % w->out[2];
    o[1] = position / w->out[2] % w->out[1];
    o[0] = position / w->out[2] / w->out[1];
}

static void find_taps(pool *p, int64_t position)
{
    const eval_window *w = &p->w;
    int64_t o[EVAL_SPATIAL], *index = p->index;
    split(w, position, o);
    for (int64_t k0 = 0; k0 < w->kernel[0]; k0++) {
        int64_t i0 = eval_operand_index(w, 0, o[0], k0);
        for (int64_t k1 = 0; k1 < w->kernel[1]; k1++) {
            int64_t i1 = eval_operand_index(w, 1, o[1], k1);
            for (int64_t k2 = 0; k2 < w->kernel[2]; k2++) {
                int64_t i2 = eval_operand_index(w, 2, o[2], k2);
                bool inside = i0 >= 0 && i1 >= 0 && i2 >= 0;
                *index++ = inside ? (i0 * w->in[1] + i1) * w->in[2] + i2 : -1;
            }
        }
    }
}

/* --- max -------------------------------------------------------------------------------------- */
static int64_t largest_float(const pool *p, const double *x)
{
    int64_t best = -1;
    for (int64_t t = 0; t < p->taps; t++) {
        int64_t i = p->index[t];
        if (i >= 0 && (best < 0 || x[i] > x[best] || (x[i] != x[i] && x[best] == x[best])))
            best = i;
    }
    return best;
}

static int64_t largest_int(const pool *p, const int64_t *x)
{
    int64_t best = -1;
    for (int64_t t = 0; t < p->taps; t++) {
        int64_t i = p->index[t];
        if (i >= 0 && (best < 0 || x[i] > x[best]))
            best = i;
    }
    return best;
}

/* Index in the operand of the winner of each window, -1 if there is none; floats compare as
 * doubles, integers and quantized values by what is stored. */
static int64_t *winners(qir_eval_args *a, pool *p)
{
    bool is_float = qir_type_is_float(a->in[0].type);
    const double *f = is_float ? eval_f64(a, &a->in[0]) : NULL;
    const int64_t *v = is_float ? NULL : eval_i64(a, &a->in[0]);
    int64_t *out = QIR_NEW_ARRAY(a->scratch, int64_t, (size_t)(p->planes * p->positions));
    for (int64_t o = 0; o < p->positions; o++) {
        find_taps(p, o);
        for (int64_t c = 0; c < p->planes; c++) {
            int64_t base = c * p->plane;
            int64_t i = is_float ? largest_float(p, f + base) : largest_int(p, v + base);
            out[c * p->positions + o] = i < 0 ? -1 : base + i;
        }
    }
    return out;
}

/* The lowest value of the type as one stored element. */
static void store_lowest(const qir_type *t, void *element)
{
    qir_type scalar = *t;
    scalar.rank = 0, scalar.quant = NULL;
    qir_tensor dst = {&scalar, element};
    if (t->dtype == QIR_f64)
        *(double *)element = -INFINITY;
    else if (qir_type_is_float(t))
        eval_put_f32(&dst, &(float){-INFINITY});
    else
        eval_put_i64(&dst, &(int64_t){t->quant ? t->quant->qmin : qir_dtype_min(t->dtype)});
}

bool qir_eval_max_pool(qir_eval_args *a)
{
    pool p;
    begin(a, &p);
    const int64_t *from = winners(a, &p);
    size_t esize = qir_dtype_bytes(a->in[0].type->dtype);
    const char *x = a->in[0].data;
    char *y = a->out[0].data;
    char lowest[8];
    store_lowest(a->out[0].type, lowest);
    int64_t n = p.planes * p.positions;
    for (int64_t i = 0; i < n; i++)
        memcpy(y + (size_t)i * esize, from[i] < 0 ? lowest : x + (size_t)from[i] * esize, esize);
    return true;
}

/* Index within a plane counted with the first spatial axis innermost. */
static int64_t column_major(const eval_window *w, int64_t i)
{
    int64_t i2 = i % w->in[2], i1 = i / w->in[2] % w->in[1], i0 = i / w->in[2] / w->in[1];
    return (i2 * w->in[1] + i1) * w->in[0] + i0;
}

bool qir_eval_max_pool_indices(qir_eval_args *a)
{
    pool p;
    begin(a, &p);
    int64_t *from = winners(a, &p), n = p.planes * p.positions;
    if (qir_op_bool(a->op, "column_major"))
        for (int64_t i = 0; i < n; i++)
            if (from[i] >= 0)
                from[i] = from[i] / p.plane * p.plane + column_major(&p.w, from[i] % p.plane);
    eval_put_i64(&a->out[0], from);
    return true;
}

/* --- average ---------------------------------------------------------------------------------- */
static int64_t counted_on_axis(const eval_window *w, int axis, int64_t o, bool pads)
{
    int64_t n = 0, lo = pads ? -w->pad[axis] : 0;
    int64_t hi = w->in[axis] + (pads ? w->pad_end[axis] : 0);
    for (int64_t k = 0; k < w->kernel[axis]; k++) {
        int64_t i = o * w->stride[axis] - w->pad[axis] + k * w->dilation[axis];
        n += i >= lo && i < hi;
    }
    return n;
}

static int64_t counted(const eval_window *w, int64_t position, bool pads)
{
    int64_t o[EVAL_SPATIAL], n = 1;
    split(w, position, o);
    for (int axis = 0; axis < EVAL_SPATIAL; axis++)
        n *= counted_on_axis(w, axis, o[axis], pads);
    return n;
}

static void average_f32(qir_eval_args *a, pool *p, bool pads)
{
    const float *x = eval_f32(a, &a->in[0]);
    float *out = eval_out_f32(a, &a->out[0]);
    float *row = QIR_NEW_ARRAY(a->scratch, float, (size_t)p->taps);
    for (int64_t o = 0; o < p->positions; o++) {
        find_taps(p, o);
        float n = (float)counted(&p->w, o, pads);
        for (int64_t c = 0; c < p->planes; c++) {
            for (int64_t t = 0; t < p->taps; t++)
                row[t] = p->index[t] < 0 ? 0.0f : x[c * p->plane + p->index[t]];
            out[c * p->positions + o] = qir_sum16(row, p->taps) / n;
        }
    }
    eval_put_f32(&a->out[0], out);
}

static void average_f64(qir_eval_args *a, pool *p, bool pads)
{
    const double *x = eval_f64(a, &a->in[0]);
    double *out = eval_out_f64(a, &a->out[0]);
    for (int64_t o = 0; o < p->positions; o++) {
        find_taps(p, o);
        double n = (double)counted(&p->w, o, pads);
        for (int64_t c = 0; c < p->planes; c++) {
            double sum = 0.0;
            for (int64_t t = 0; t < p->taps; t++)
                sum += p->index[t] < 0 ? 0.0 : x[c * p->plane + p->index[t]];
            out[c * p->positions + o] = sum / n;
        }
    }
    eval_put_f64(&a->out[0], out);
}

static void average_quantized(qir_eval_args *a, pool *p, bool pads)
{
    const qir_quant *qx = a->in[0].type->quant, *qy = a->out[0].type->quant;
    const int32_t *x = eval_i32(a, &a->in[0]);
    int32_t *out = eval_out_i32(a, &a->out[0]), zx = qx->zero_point[0], zy = qy->zero_point[0];
    bool stored = qir_tflite_average(a->op);
    for (int64_t o = 0; o < p->positions; o++) {
        find_taps(p, o);
        int64_t n = counted(&p->w, o, pads);
        qir_factor f = n ? qir_mean_factor(a->op, qx, qy, n) : (qir_factor){0};
        for (int64_t c = 0; c < p->planes; c++) {
            uint32_t sum = 0; /* of q - z_x: padding adds nothing */
            for (int64_t t = 0; t < p->taps; t++)
                if (p->index[t] >= 0)
                    sum += (uint32_t)x[c * p->plane + p->index[t]] - (uint32_t)zx;
            out[c * p->positions + o] =
                n && stored ? qir_tflite_divide((int32_t)sum + (int32_t)n * zx, (int32_t)n)
                            : qir_apply_factor((int32_t)sum, &f, qy->qmin, qy->qmax, zy);
        }
    }
    eval_put_i32(&a->out[0], out);
}

bool qir_eval_avg_pool(qir_eval_args *a)
{
    pool p;
    begin(a, &p);
    bool pads = qir_op_bool(a->op, "count_pads");
    if (a->in[0].type->quant && a->out[0].type->quant)
        average_quantized(a, &p, pads);
    else if (eval_class_of(a->out[0].type) == EVAL_F64)
        average_f64(a, &p, pads);
    else
        average_f32(a, &p, pads);
    return true;
}
