/* Quantization specs: how one value, or one operand of one op, is quantized.  torch.ao calls them
 * QuantizationSpec and its Fixed, Derived and Shared relatives.
 *
 * As text (attributes `quant.in`, `quant.out` and `quant.specs`, options, .qcfg files):
 *
 *   i8<-127:127> symmetric per-channel observer=minmax eps=0x1p-12
 *   u8<0:127> affine observer=histogram
 *   i4 symmetric axis=1 group=32
 *   i8 affine dynamic rows
 *   fixed u8 scale=0.00390625 zp=0
 *   derived i32 in0*in1
 *   float | in<k> | src */
#ifndef QIR_QSPEC_H
#define QIR_QSPEC_H

#include "qir/context.h"
#include "qir/support/strbuf.h"
#include "qir/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum qir_qspec_kind {
    QIR_QSPEC_FLOAT,   /* not quantized */
    QIR_QSPEC_OWN,     /* parameters of its own: from an observer, or from run time when dynamic */
    QIR_QSPEC_FIXED,   /* parameters are given */
    QIR_QSPEC_DERIVED, /* scale = product of the scales of operands `of`, zero point 0 */
    QIR_QSPEC_OPERAND, /* shared with operand of[0] of the same op */
    QIR_QSPEC_PRODUCER /* of an operand: shared with the result that it is */
} qir_qspec_kind;

/* An axis: of the tensor, none, or the channel axis of the op's weight, known when the op is. */
enum { QIR_QSPEC_PER_TENSOR = -1, QIR_QSPEC_PER_CHANNEL = -2 };

typedef struct qir_qspec {
    qir_qspec_kind kind;
    qir_dtype dtype; /* an integer; OWN, FIXED, DERIVED */
    int32_t qmin, qmax;
    bool symmetric;       /* OWN: zero point 0, or the middle of an unsigned range */
    bool dynamic, rows;   /* OWN: measured at run time; one pair per row (index of all dimensions
                             but the last) instead of one for the tensor */
    int32_t axis;         /* OWN */
    int64_t group;        /* OWN: consecutive indices of `axis` that share a pair; 0: not grouped */
    float eps;            /* OWN: smallest scale */
    const char *observer; /* OWN: name of an observer kind; interned or constant; NULL: minmax */
    float scale;          /* FIXED */
    int32_t zero_point;
    uint32_t of[2]; /* DERIVED, OPERAND: operand numbers */
} qir_qspec;

extern const qir_qspec qir_qspec_float;
qir_qspec qir_qspec_same_as_operand(uint32_t i);

/* Reads a spec; errors are diagnosed at `loc` with the word that is wrong.  `out` may be anything
 * after a failure. */
bool qir_qspec_parse(qir_context *ctx, const char *text, const qir_loc *loc, qir_qspec *out);
/* The text that reads back as `s`; defaults are left out. */
void qir_qspec_print(const qir_qspec *s, qir_strbuf *out);

/* Do two specs with parameters of their own ask for the same parameters of one value?  Observer and
 * eps do not count, as in PT2E. */
bool qir_qspec_agree(const qir_qspec *a, const qir_qspec *b);

#ifdef __cplusplus
}
#endif
#endif
