/* Constants in a file of their own: see weights_file.h. */
#include "interface/weights_file.h"
#include <string.h>

static const char magic[8] = "qccwgts1";

/* ---- the file --------------------------------------------------------------------------------- */
static void put_word(unsigned char *to, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_word(const void *from)
{
    const unsigned char *p = from;
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void put_bytes(void *user, const void *data, size_t bytes)
{
    qir_strbuf_write(user, data, bytes);
}

void qcg_weights_write(const qcg_image *image, uint64_t model, qir_strbuf *out)
{
    static const char zeros[QCG_WEIGHTS_ALIGN];
    unsigned char header[QCG_WEIGHTS_HEADER] = {0};
    qir_strbuf_write(out, (const char *)header, sizeof header);
    qcg_image_put(image, put_bytes, out);
    qir_strbuf_write(out, zeros, -out->len % QCG_WEIGHTS_ALIGN);
    memcpy(header, magic, sizeof magic);
    put_word(header + 8, qir_hash_bytes(out->data + sizeof header, out->len - sizeof header));
    put_word(header + 16, out->len);
    put_word(header + 24, model);
    memcpy(out->data, header, sizeof header);
}

void qcg_abi_take_weights(qcg_abi *abi, const qir_strbuf *file)
{
    abi->weights_bytes = file->len;
    for (int i = 0; i < 4; i++)
        abi->weights_header[i] = get_word(file->data + 8 * i);
}

/* ---- checks ----------------------------------------------------------------------------------- */
static LLVMTypeRef word_type(qcg *g)
{
    return LLVMInt64TypeInContext(g->llvm);
}

static LLVMValueRef word(qcg *g, uint64_t v)
{
    return LLVMConstInt(word_type(g), v, false);
}

static void check_alignment(qcg_frame *e, LLVMValueRef weights)
{
    LLVMBuilderRef b = e->g->b;
    LLVMValueRef low = LLVMBuildAnd(b, LLVMBuildPtrToInt(b, weights, e->size, ""),
                                    LLVMConstInt(e->size, QCG_WEIGHTS_ALIGN - 1, false), "");
    qcg_frame_guard(e, LLVMBuildIsNotNull(b, low, ""), QCG_MISALIGNED);
}

/* The first `n` words of the header. */
static void check_header(qcg_frame *e, LLVMValueRef weights, unsigned n)
{
    LLVMBuilderRef b = e->g->b;
    LLVMValueRef wrong = word(e->g, 0);
    for (unsigned i = 0; i < n; i++) {
        LLVMValueRef at = qcg_frame_offset(e, weights, 8 * i);
        LLVMValueRef found = LLVMBuildLoad2(b, word_type(e->g), at, "");
        LLVMValueRef other = LLVMBuildXor(b, found, word(e->g, e->abi->weights_header[i]), "");
        wrong = LLVMBuildOr(b, wrong, other, "");
    }
    qcg_frame_guard(e, LLVMBuildIsNotNull(b, wrong, ""), QCG_BAD_WEIGHTS);
}

void qcg_check_weights(qcg_frame *e, LLVMValueRef weights)
{
    check_alignment(e, weights);
    check_header(e, weights, 2);
}

/* ---- xxh64 of whole stripes ------------------------------------------------------------------- */
static const uint64_t P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F, P3 = 0x165667B19E3779F9,
                      P4 = 0x85EBCA77C2B2AE63, P5 = 0x27D4EB2F165667C5;
enum { LANES = 4, STRIPE = 8 * LANES };

static LLVMValueRef times(qcg *g, LLVMValueRef v, uint64_t p)
{
    return LLVMBuildMul(g->b, v, word(g, p), "");
}

static LLVMValueRef rotated(qcg *g, LLVMValueRef v, unsigned by)
{
    return LLVMBuildOr(g->b, LLVMBuildShl(g->b, v, word(g, by), ""),
                       LLVMBuildLShr(g->b, v, word(g, 64 - by), ""), "");
}

static LLVMValueRef folded(qcg *g, LLVMValueRef v, unsigned by)
{
    return LLVMBuildXor(g->b, v, LLVMBuildLShr(g->b, v, word(g, by), ""), "");
}

/* rotl(sum + v * P2, 31) * P1 */
static LLVMValueRef round_of(qcg *g, LLVMValueRef sum, LLVMValueRef v)
{
    return times(g, rotated(g, LLVMBuildAdd(g->b, sum, times(g, v, P2), ""), 31), P1);
}

static void stripes(qcg_frame *e, LLVMValueRef from, size_t bytes, LLVMValueRef *lane)
{
    const uint64_t start[LANES] = {P1 + P2, P2, 0, -P1};
    qcg *g = e->g;
    LLVMBasicBlockRef before = LLVMGetInsertBlock(g->b), loop = qcg_frame_block(e, "stripes");
    LLVMBasicBlockRef done = qcg_frame_block(e, "hashed");
    LLVMBuildBr(g->b, loop);
    LLVMPositionBuilderAtEnd(g->b, loop);
    LLVMValueRef zero = word(g, 0), at = LLVMBuildPhi(g->b, word_type(g), "at"), phi[LANES];
    for (unsigned i = 0; i < LANES; i++)
        phi[i] = LLVMBuildPhi(g->b, word_type(g), "lane");
    for (unsigned i = 0; i < LANES; i++) {
        LLVMValueRef p = qcg_frame_offset(e, LLVMBuildGEP2(g->b, e->i8, from, &at, 1, ""), 8 * i);
        LLVMValueRef first = word(g, start[i]);
        lane[i] = round_of(g, phi[i], LLVMBuildLoad2(g->b, word_type(g), p, ""));
        LLVMAddIncoming(phi[i], &first, &before, 1);
        LLVMAddIncoming(phi[i], &lane[i], &loop, 1);
    }
    LLVMValueRef next = LLVMBuildAdd(g->b, at, word(g, STRIPE), "");
    LLVMAddIncoming(at, &zero, &before, 1);
    LLVMAddIncoming(at, &next, &loop, 1);
    LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntULT, next, word(g, bytes), ""), loop, done);
    LLVMPositionBuilderAtEnd(g->b, done);
}

/* Of `bytes`, whole stripes, perhaps none. */
static LLVMValueRef hash_of(qcg_frame *e, LLVMValueRef from, size_t bytes)
{
    static const unsigned turns[LANES] = {1, 7, 12, 18};
    qcg *g = e->g;
    LLVMValueRef lane[LANES], h = word(g, bytes ? 0 : P5);
    if (bytes)
        stripes(e, from, bytes, lane);
    for (unsigned i = 0; bytes && i < LANES; i++)
        h = LLVMBuildAdd(g->b, h, rotated(g, lane[i], turns[i]), "");
    for (unsigned i = 0; bytes && i < LANES; i++) {
        h = LLVMBuildXor(g->b, h, round_of(g, word(g, 0), lane[i]), "");
        h = LLVMBuildAdd(g->b, times(g, h, P1), word(g, P4), "");
    }
    h = LLVMBuildAdd(g->b, h, word(g, bytes), "");
    h = times(g, folded(g, h, 33), P2);
    return folded(g, times(g, folded(g, h, 29), P3), 32);
}

void qcg_weights_check_function(qcg *g, const qcg_abi *abi)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.ptr, e.size};
    LLVMTypeRef type = LLVMFunctionType(e.i32, params, 2, false);
    LLVMValueRef fn = qcg_frame_function(&e, "weights_check", type, LLVMExternalLinkage);
    LLVMValueRef weights = LLVMGetParam(fn, 0), all = LLVMConstInt(e.size, abi->weights_bytes, false);
    qcg_frame_guard(&e, LLVMBuildIsNull(g->b, weights, ""), QCG_BAD_POINTER);
    check_alignment(&e, weights);
    LLVMValueRef few = LLVMBuildICmp(g->b, LLVMIntULT, LLVMGetParam(fn, 1), all, "");
    qcg_frame_guard(&e, few, QCG_BAD_WEIGHTS);
    check_header(&e, weights, 4);
    LLVMValueRef h = hash_of(&e, qcg_frame_offset(&e, weights, QCG_WEIGHTS_HEADER),
                             abi->weights_bytes - QCG_WEIGHTS_HEADER);
    LLVMValueRef bad = LLVMBuildICmp(g->b, LLVMIntNE, h, word(g, abi->weights_header[1]), "");
    qcg_frame_guard(&e, bad, QCG_BAD_WEIGHTS);
    LLVMBuildRet(g->b, LLVMConstNull(e.i32));
}
