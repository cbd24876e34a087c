/* Decodes the tables Tensor, QuantizationParameters and Buffer. */
#include <inttypes.h>

#include "qir/support/checked.h"
#include "tflite/model.h"

static const struct {
    const char *name;
    bool known;
    qir_dtype dtype;
} types[] = {
#define TYPE(number, name, dtype) [number] = {#name, true, QIR_##dtype},
#define OTHER(number, name) [number] = {#name, false, QIR_f32},
#include "tflite/types.def"
#undef TYPE
#undef OTHER
};

const char *tfl_type_name(int64_t type)
{
    return type >= 0 && type < (int64_t)(sizeof types / sizeof *types) ? types[type].name : "?";
}

static bool read_type(const qir_fb *table, tfl_tensor *t)
{
    int64_t type = qir_fb_int(table, 1, 1, 0);
    if (type < 0 || type >= (int64_t)(sizeof types / sizeof *types) || !types[type].known)
        return qir_fb_fail(table->file, table->pos, "tfl.type",
                           "tensor '%s' has type %s (%" PRId64 "), which is not supported", t->name,
                           tfl_type_name(type), type);
    t->dtype = types[type].dtype;
    return true;
}

/* The shape in the file is the one to run with; -1 in the signature says that others are possible. */
static bool read_shape(const qir_fb *table, tfl_tensor *t)
{
    qir_fb_vec shape, signature;
    if (!qir_fb_vector(table, 0, 4, &shape) || !qir_fb_vector(table, 7, 4, &signature))
        return false;
    if (shape.n > QIR_MAX_RANK)
        return qir_fb_fail(table->file, table->pos, "tfl.shape", "tensor '%s' has rank %zu, above %d",
                           t->name, shape.n, QIR_MAX_RANK);
    t->rank = (unsigned)shape.n;
    for (unsigned i = 0; i < t->rank; i++) {
        t->dims[i] = qir_fb_int_at(&shape, i, 4);
        if (t->dims[i] < 0)
            return qir_fb_fail(table->file, table->pos, "tfl.shape",
                               "tensor '%s' has dimension %" PRId64, t->name, t->dims[i]);
    }
    for (size_t i = 0; i < signature.n; i++)
        t->dynamic = t->dynamic || qir_fb_int_at(&signature, i, 4) < 0;
    return true;
}

/* --- quantization ----------------------------------------------------------------------------- */

enum { DETAILS_NONE, DETAILS_CUSTOM, DETAILS_BLOCKWISE };

static bool read_details(const qir_fb *q, tfl_tensor *t)
{
    qir_fb details;
    uint64_t kind = qir_fb_uint(q, 4, 1, DETAILS_NONE);
    if (kind == DETAILS_NONE)
        return true;
    if (kind != DETAILS_BLOCKWISE)
        return qir_fb_fail(q->file, q->pos, "tfl.quant",
                           "tensor '%s' has quantization details of kind %" PRIu64
                           ", only blockwise ones are supported",
                           t->name, kind);
    if (!qir_fb_table(q, 5, &details))
        return false;
    t->quant.block_scales = (int32_t)qir_fb_int(&details, 0, 4, 0);
    t->quant.block = qir_fb_int(&details, 2, 4, 0);
    return t->quant.block > 0 || qir_fb_fail(q->file, q->pos, "tfl.quant",
                                             "tensor '%s' has blocks of %" PRId64 " elements",
                                             t->name, t->quant.block);
}

static bool read_quant(const qir_fb *table, tfl_tensor *t)
{
    qir_fb q;
    if (!qir_fb_table(table, 4, &q) || !qir_fb_vector(&q, 2, 4, &t->quant.scales) ||
        !qir_fb_vector(&q, 3, 8, &t->quant.zero_points))
        return false;
    t->quant.n = t->quant.scales.n;
    t->quant.nzero_points = t->quant.zero_points.n;
    t->quant.axis = qir_fb_int(&q, 6, 4, 0);
    t->quant.offset = q.pos;
    return read_details(&q, t);
}

/* --- data ------------------------------------------------------------------------------------- */

static bool outside_file(const qir_fb *b, tfl_tensor *t, uint64_t offset, uint64_t size)
{
    const qir_fb_file *f = b->file;
    if (offset <= f->len && size <= f->len - offset) {
        t->data = f->data + offset;
        t->bytes = (size_t)size;
        return true;
    }
    return qir_fb_fail(b->file, b->pos, "tfl.buffer",
                       "the data of '%s' (%" PRIu64 " bytes at %" PRIu64 ") do not lie in the file",
                       t->name, size, offset);
}

/* Buffer 0 is the empty one by convention.  Data of very large models follow the FlatBuffer. */
static bool read_buffer(const qir_fb *table, const qir_fb_vec *buffers, tfl_tensor *t)
{
    uint64_t number = qir_fb_uint(table, 2, 4, 0);
    qir_fb buffer;
    qir_fb_vec data;
    if (number == 0)
        return true;
    if (number >= buffers->n)
        return qir_fb_fail(table->file, table->pos, "tfl.index",
                           "tensor '%s' has buffer %" PRIu64 " of %zu", t->name, number, buffers->n);
    if (!qir_fb_table_at(buffers, (size_t)number, &buffer) ||
        !qir_fb_vector(&buffer, 0, 1, &data))
        return false;
    uint64_t offset = qir_fb_uint(&buffer, 1, 8, 0), size = qir_fb_uint(&buffer, 2, 8, 0);
    if (!data.n && offset > 1)
        return outside_file(&buffer, t, offset, size);
    t->data = data.n ? (const unsigned char *)qir_fb_bytes(&data) : NULL;
    t->bytes = data.n;
    return true;
}

/* Elements below 8 bits are packed, the first one lowest. */
static bool check_bytes(const qir_fb *table, const tfl_tensor *t)
{
    size_t bits = qir_dtype_bits(t->dtype) == 1 ? 8 : qir_dtype_bits(t->dtype);
    for (unsigned i = 0; i < t->rank; i++)
        if (!qir_mul_size(bits, (size_t)t->dims[i], &bits))
            return qir_fb_fail(table->file, table->pos, "tfl.buffer",
                               "the size of '%s' overflows", t->name);
    return !t->data || t->bytes == bits / 8 + (bits % 8 != 0) ||
           qir_fb_fail(table->file, table->pos, "tfl.buffer",
                       "the buffer of '%s' has %zu bytes, its shape and type take %zu", t->name,
                       t->bytes, bits / 8 + (bits % 8 != 0));
}

bool tfl_tensor_read(qir_arena *arena, const qir_fb *table, const qir_fb_vec *buffers,
                     tfl_tensor *t)
{
    *t = (tfl_tensor){.offset = table->pos};
    qir_fb sparsity;
    if (!tfl_read_name(arena, table, 3, &t->name) || !read_type(table, t) ||
        !read_shape(table, t) || !qir_fb_table(table, 6, &sparsity))
        return false;
    t->variable = qir_fb_uint(table, 5, 1, 0) != 0;
    if (sparsity.file)
        return qir_fb_fail(table->file, table->pos, "tfl.sparse",
                           "tensor '%s' is sparse, which is not supported", t->name);
    return read_quant(table, t) && read_buffer(table, buffers, t) && check_bytes(table, t) &&
           !table->file->failed;
}
