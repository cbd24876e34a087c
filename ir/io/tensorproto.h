/* ONNX TensorProto: the weights inside ONNX models and the .pb files of ONNX test data. */
#ifndef QIR_IO_TENSORPROTO_H
#define QIR_IO_TENSORPROTO_H

#include "io/pb.h"
#include "qir/types.h"

/* A tensor as found; its elements are read later by qir_tensorproto_data. */
typedef struct qir_tensorproto {
    qir_pb message; /* position at the start of the message, for typed fields */
    const char *name; /* interned; "" if none */
    int64_t dims[QIR_MAX_RANK];
    unsigned rank;
    int64_t elements; /* product of dims */
    int32_t data_type;
    qir_dtype dtype;
    bool has_raw, external;
    const unsigned char *raw; /* has_raw: borrowed from the file */
    size_t raw_len;
    uint32_t typed_field; /* field number of the typed data, 0 if none */
} qir_tensorproto;

/* Element type of an ONNX data_type; false if QIR has none. */
bool qir_tensorproto_dtype(int64_t data_type, qir_dtype *out);
const char *qir_tensorproto_type_name(int64_t data_type);

/* Reads and checks everything but the elements.  False: diagnosed at the tensor's offset. */
bool qir_tensorproto_parse(const qir_pb *message, qir_tensorproto *out);

/* Bytes of `elements` values as stored in raw data or in external files. */
bool qir_tensorproto_raw_bytes(const qir_tensorproto *t, size_t *out);

/* Moves raw elements down to an aligned address, over their own tag and length: once, for files whose
 * bytes are ours to change.  Then qir_tensorproto_data copies nothing. */
void qir_tensorproto_align(qir_tensorproto *t);

/* Elements in memory order, one value per qir_dtype_bytes.  Borrows raw bytes of the file where
 * they are aligned and whole bytes, else copies into `arena`.  NULL: diagnosed.  Not for external
 * tensors. */
const void *qir_tensorproto_data(const qir_tensorproto *t, qir_arena *arena);

/* Raw little-endian bytes to elements: unpacks sub-byte values into `dst`. */
void qir_tensorproto_unpack(qir_dtype dtype, const unsigned char *src, int64_t n, void *dst);

#endif
