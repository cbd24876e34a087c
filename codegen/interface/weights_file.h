/* The weights file (-weights-file): large constants in a file that the caller maps, in place of the object.
 *
 * A header of 64 bytes, then the constants, each at a multiple of 64:
 *     char magic[8]; u64 hash of what follows the header (xxh64); u64 bytes of the file; u64 hash of the
 *     model; zeros
 * all little-endian.  Private to codegen/. */
#ifndef QIR_CODEGEN_WEIGHTS_FILE_H
#define QIR_CODEGEN_WEIGHTS_FILE_H

#include "image.h"
#include "interface/entry.h"

/* Constants of fewer bytes stay in the object. */
enum { QCG_LARGE = 256, QCG_WEIGHTS_ALIGN = 64, QCG_WEIGHTS_HEADER = 64 };

/* Header and constants. */
void qcg_weights_write(const qcg_image *image, uint64_t model, qir_strbuf *out);

/* Notes what a written file is known by. */
void qcg_abi_take_weights(qcg_abi *abi, const qir_strbuf *file);

/* The check in NAME_run of the pointer that the caller passed. */
void qcg_check_weights(qcg_frame *e, LLVMValueRef weights);
/* i32 NAME_weights_check(ptr weights, size bytes): all of it, with the checksum. */
void qcg_weights_check_function(qcg *g, const qcg_abi *abi);

#endif
