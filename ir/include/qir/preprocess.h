/* Preprocessing: how bytes of images become the reals that a model was trained on,
 *     real = (byte * scale - mean[c]) / std[c]      in fp32, left to right.
 * A function says so of its arguments in the attribute `preprocess` (one text per argument, "" = none).
 * The reading of samples follows it; the pass fold-preprocess makes it part of the computation. */
#ifndef QIR_PREPROCESS_H
#define QIR_PREPROCESS_H

#include "qir/ir.h"
#include "qir/support/strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { QIR_PREPROCESS_CHANNELS = 4 };

typedef struct qir_preprocess {
    float scale; /* default 1/255 */
    float mean[QIR_PREPROCESS_CHANNELS], std[QIR_PREPROCESS_CHANNELS];
    bool raw; /* bytes as they are: scale 1, mean 0, std 1 */
} qir_preprocess;

/* Reads "scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225" or "raw".  What is wrong with the
 * text, or NULL. */
const char *qir_preprocess_read(const char *text, qir_preprocess *out);
/* The same, diagnosed. */
bool qir_preprocess_parse(qir_diag_engine *diag, const char *text, qir_preprocess *out);
/* A text that reads as the same; equal ones have equal texts. */
void qir_preprocess_print(const qir_preprocess *p, qir_strbuf *out);

float qir_preprocess_byte(const qir_preprocess *p, float byte, int64_t channel);

/* What the function says of an argument; false: nothing. */
bool qir_func_preprocess(const qir_func *f, uint32_t arg, qir_preprocess *out);

/* Options "[INPUT=]HOW": writes the attribute.  Without INPUT it is for the only argument that takes
 * reals.  False: diagnosed. */
bool qir_func_set_preprocess(qir_func *f, const char *const *texts, size_t n);

/* The tensor of bytes whose reals an argument of type `t` takes: channels last (they are innermost in
 * images).  `channels`: how many of them have parameters of their own; `moved`: the argument has
 * them before height and width. */
const qir_type *qir_preprocess_pixels(qir_context *ctx, const qir_type *t, int64_t *channels,
                                      bool *moved);

/* Channel, height and width axes of an image argument (rank 3 or 4, leading 1 allowed); false if
 * its shape is none. */
typedef struct qir_image_axes {
    unsigned channel, height, width;
} qir_image_axes;
bool qir_type_image_axes(const qir_type *type, qir_image_axes *out);

#ifdef __cplusplus
}
#endif
#endif
