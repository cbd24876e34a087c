/* The weights file (-weights-file): large constants in a file that the caller maps, in place of the object.
 *
 * A header of 64 bytes, then the constants, each at a multiple of 64:
 *     char magic[8]; u64 hash of what follows the header (xxh64); u64 bytes of the file; u64 hash of the
 *     model; zeros
 * all little-endian.  Private to codegen/. */
#ifndef QIR_CODEGEN_WEIGHTS_FILE_H
#define QIR_CODEGEN_WEIGHTS_FILE_H

#include "interface/entry.h"

/* Constants of fewer bytes stay in the object. */
enum { QCG_LARGE = 256, QCG_WEIGHTS_ALIGN = 64, QCG_WEIGHTS_HEADER = 64 };

/* The image of the file while it grows. */
typedef struct qcg_image qcg_image;
qcg_image *qcg_image_create(qir_arena *arena);
/* Offset of a constant in the file; equal bytes share it. */
size_t qcg_image_place(qcg_image *image, const void *data, size_t bytes);
/* Its address, the file being at g->weights. */
LLVMValueRef qcg_image_at(qcg *g, size_t at);
/* Header and constants. */
void qcg_image_write(const qcg_image *image, uint64_t model, qir_strbuf *out);

/* Notes what a written file is known by. */
void qcg_abi_take_weights(qcg_abi *abi, const qir_strbuf *file);

/* The check in NAME_run of the pointer that the caller passed. */
void qcg_check_weights(qcg_frame *e, LLVMValueRef weights);
/* i32 NAME_weights_check(ptr weights, size bytes): all of it, with the checksum. */
void qcg_weights_check_function(qcg *g, const qcg_abi *abi);

#endif
