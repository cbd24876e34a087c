/* Constants, one behind another: of the object (its pool), or of a weights file.  Private to codegen/. */
#ifndef QIR_CODEGEN_IMAGE_H
#define QIR_CODEGEN_IMAGE_H

#include "gen.h"

typedef struct qcg_image qcg_image;

/* The first constant is `start` bytes behind its begin. */
qcg_image *qcg_image_create(qir_arena *arena, size_t start);
/* Offset of a constant, a multiple of `align`; equal bytes share it. */
size_t qcg_image_place(qcg_image *image, const void *data, size_t bytes, unsigned align);
/* So far. */
size_t qcg_image_bytes(const qcg_image *image);
/* All bytes from the first constant on, in order: `put` gets them in pieces. */
void qcg_image_put(const qcg_image *image, void (*put)(void *user, const void *data, size_t bytes), void *user);

#endif
