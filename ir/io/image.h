/* PNG, JPEG and binary PPM/PGM images as 8-bit samples. */
#ifndef QIR_IO_IMAGE_H
#define QIR_IO_IMAGE_H

#include "qir/context.h"

/* Rows of pixels, `channels` (1 or 3) bytes each; arena. */
typedef struct qir_image {
    int64_t height, width, channels;
    unsigned char *data;
} qir_image;

/* By the first bytes: is it one of the formats? */
bool qir_image_known(const unsigned char *data, size_t len);

/* Decodes an image that must be height x width; converts to 1 (grey) or 3 (RGB) channels as asked.
 * The size is compared before anything is allocated.  False: diagnosed. */
bool qir_image_decode(qir_context *ctx, qir_arena *arena, const char *path,
                      const unsigned char *data, size_t len, qir_image *want);

#endif
