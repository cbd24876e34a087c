/* The built-in quantizers; one file each. */
#ifndef QIR_PASSES_QUANTIZERS_H
#define QIR_PASSES_QUANTIZERS_H

#include "qir/quantizer.h"

extern const qir_quantizer qir_quantizer_default, qir_quantizer_xnnpack, qir_quantizer_fbgemm,
    qir_quantizer_qnnpack, qir_quantizer_full_int8, qir_quantizer_dynamic,
    qir_quantizer_weight_only;

/* Weights of `bits` bits in groups of `group` (0: per channel), with zero points if not symmetric:
 * torchao's choose_qparams_affine, whose scales have no floor. */
const qir_qspec *qir_torchao_weight(qir_annotator *a, const char *name, int64_t bits,
                                    int64_t group, bool symmetric);

#define QIR_NROWS(rows) (sizeof(rows) / sizeof(rows)[0])

#endif
