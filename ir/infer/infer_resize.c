/* resize: sizes, scales and the words of ONNX Resize; grid_sample. */
#include "infer.h"

#include <math.h>
#include <string.h>

static bool check_scales(qir_infer *q, unsigned rank)
{
    size_t n;
    const float *scales = infer_floats(q, "scales", &n);
    if (n != rank)
        return infer_fail(q, "shape.resize", "scales has %zu entries, expected %u", n, rank);
    for (unsigned i = 0; i < rank; i++)
        if (!isfinite(scales[i]) || scales[i] <= 0)
            return infer_fail(q, "shape.resize", "scale %g, expected a finite number above 0",
                              (double)scales[i]);
    return true;
}

static bool check_roi(qir_infer *q, unsigned rank)
{
    size_t n;
    const float *roi = infer_floats(q, "roi", &n);
    bool crop = !strcmp(infer_string(q, "coordinates"), "tf_crop_and_resize");
    if (crop && n != 2 * rank)
        return infer_fail(q, "shape.resize", "roi has %zu entries, expected %u", n, 2 * rank);
    for (size_t i = 0; crop && i < n; i++)
        if (!isfinite(roi[i]))
            return infer_fail(q, "shape.resize", "roi entry %g is not finite", (double)roi[i]);
    return true;
}

static bool check_words(qir_infer *q)
{
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    static const char *const coordinates[] = {"half_pixel",    "pytorch_half_pixel", "asymmetric",
                                              "align_corners", "tf_crop_and_resize", NULL};
    static const char *const nearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                          "ceil", NULL};
    return infer_word(q, "mode", modes) && infer_word(q, "coordinates", coordinates) &&
           infer_word(q, "nearest", nearest);
}

bool qir_infer_resize(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = {.rank = x->rank};
    size_t n;
    const int64_t *sizes = infer_ints(q, "sizes", &n);
    if (n != x->rank)
        return infer_fail(q, "shape.resize", "sizes has %zu entries, expected %u", n, x->rank);
    for (unsigned i = 0; i < x->rank; i++) {
        if (sizes[i] < 1)
            return infer_fail(q, "shape.resize", "size %lld of dimension %u, expected 1 or more",
                              (long long)sizes[i], i);
        dims.d[i] = sizes[i];
    }
    return infer_nonempty(q, x, "input") && check_words(q) && check_scales(q, x->rank) &&
           check_roi(q, x->rank) && (!x->quant || infer_activation(q, 0)) &&
           infer_result(q, 0, &dims, x);
}

static bool computes_in_f32(qir_infer *q, const qir_type *t)
{
    return t->dtype == QIR_f32 || t->dtype == QIR_f16 || t->dtype == QIR_bf16 ||
           infer_fail(q, "type.operand", "operand of type %s, expected f32, f16 or bf16",
                      infer_text(q, t));
}

bool qir_infer_grid_sample(qir_infer *q)
{
    static const char *const modes[] = {"linear", "nearest", "cubic", NULL};
    static const char *const paddings[] = {"zeros", "border", "reflection", NULL};
    const qir_type *x = infer_type(q, 0), *grid = infer_type(q, 1);
    if (x->rank != 4 || grid->rank != 4 || grid->dims[0] != x->dims[0] || grid->dims[3] != 2)
        return infer_fail(q, "shape.operand",
                          "input %s and grid %s, expected [N,C,H,W] and [N,H',W',2]",
                          infer_text(q, x), infer_text(q, grid));
    infer_dims dims = {.rank = 4, .d = {x->dims[0], x->dims[1], grid->dims[1], grid->dims[2]}};
    return computes_in_f32(q, x) && computes_in_f32(q, grid) && infer_nonempty(q, x, "input") &&
           infer_word(q, "mode", modes) && infer_word(q, "padding", paddings) &&
           infer_result(q, 0, &dims, x);
}
