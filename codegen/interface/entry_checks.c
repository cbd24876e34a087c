/* The first half of the entry point: every wrong call returns its code before anything is written. */
#include "interface/weights_file.h"

static LLVMValueRef either(qcg_frame *e, LLVMValueRef a, LLVMValueRef b)
{
    return a ? LLVMBuildOr(e->g->b, a, b, "") : b;
}

static LLVMValueRef is_null(qcg_frame *e, LLVMValueRef p)
{
    return LLVMBuildIsNull(e->g->b, p, "");
}

/* Do [p, p_end) and [q, q_end) meet? */
static LLVMValueRef meet(qcg_frame *e, LLVMValueRef p, LLVMValueRef p_end, LLVMValueRef q,
                         LLVMValueRef q_end)
{
    LLVMBuilderRef b = e->g->b;
    LLVMValueRef a = LLVMBuildICmp(b, LLVMIntULT, p, q_end, "");
    LLVMValueRef c = LLVMBuildICmp(b, LLVMIntULT, q, p_end, "");
    return LLVMBuildAnd(b, a, c, "");
}

/* Do [p, p + n) and [q, q + m) meet? */
static LLVMValueRef overlap(qcg_frame *e, LLVMValueRef p, size_t n, LLVMValueRef q, size_t m)
{
    return meet(e, p, qcg_frame_offset(e, p, n), q, qcg_frame_offset(e, q, m));
}

/* Do the n bytes at p meet the scratch memory? */
static LLVMValueRef meets_scratch(qcg_frame *e, LLVMValueRef p, size_t n, LLVMValueRef need)
{
    LLVMValueRef end = LLVMBuildGEP2(e->g->b, e->i8, e->scratch, &need, 1, "");
    return meet(e, p, qcg_frame_offset(e, p, n), e->scratch, end);
}

/* Nothing may be written into the weights. */
static LLVMValueRef meets_weights(qcg_frame *e, LLVMValueRef p, size_t bytes)
{
    return overlap(e, p, bytes, e->weights, e->abi->weights_bytes);
}

/* Do output k and input i meet?  An output may be the very buffer that it updates. */
static LLVMValueRef meets_input(qcg_frame *e, uint32_t k, uint32_t i)
{
    LLVMValueRef out = e->out_ptr[k], in = e->in_ptr[i];
    LLVMValueRef bad = overlap(e, out, qir_type_bytes(e->abi->out[k].type), in,
                               qir_type_bytes(e->abi->in[i].type));
    if (qir_func_updated_arg(qir_module_main(e->g->qir), k) != i)
        return bad;
    return LLVMBuildAnd(e->g->b, bad, LLVMBuildICmp(e->g->b, LLVMIntNE, out, in, ""), "");
}

/* What was found wrong so far.  LLVM takes long over blocks of thousands of comparisons, which models with
 * dozens of tensors have: they are tested in parts. */
typedef struct findings {
    LLVMValueRef bad;
    unsigned n;
} findings;

static void conclude(qcg_frame *e, findings *f)
{
    if (f->bad)
        qcg_frame_guard(e, f->bad, QCG_BAD_POINTER);
    *f = (findings){NULL, 0};
}

static void find(qcg_frame *e, findings *f, LLVMValueRef bad)
{
    enum { MOST = 32 };
    f->bad = either(e, f->bad, bad);
    if (++f->n == MOST)
        conclude(e, f);
}

static void check_overlaps(qcg_frame *e, LLVMValueRef need)
{
    const qcg_abi *abi = e->abi;
    findings bad = {NULL, 0};
    for (uint32_t k = 0; k < abi->nout; k++) {
        size_t n = qir_type_bytes(abi->out[k].type);
        for (uint32_t i = 0; i < abi->nin; i++)
            find(e, &bad, meets_input(e, k, i));
        if (e->weights)
            find(e, &bad, meets_weights(e, e->out_ptr[k], n));
        for (uint32_t j = 0; j < k; j++)
            find(e, &bad, overlap(e, e->out_ptr[k], n, e->out_ptr[j],
                                  qir_type_bytes(abi->out[j].type)));
        if (abi->scratch_bytes)
            find(e, &bad, meets_scratch(e, e->out_ptr[k], n, need));
    }
    for (uint32_t i = 0; i < abi->nin && abi->scratch_bytes; i++)
        find(e, &bad, meets_scratch(e, e->in_ptr[i], qir_type_bytes(abi->in[i].type), need));
    if (e->weights && abi->scratch_bytes)
        find(e, &bad, meets_scratch(e, e->weights, abi->weights_bytes, need));
    conclude(e, &bad);
}

static void check_pointers(qcg_frame *e)
{
    const qcg_abi *abi = e->abi;
    LLVMValueRef bad = NULL;
    if (abi->nin || abi->weights)
        bad = either(e, bad, is_null(e, e->in));
    if (abi->nout)
        bad = either(e, bad, is_null(e, e->out));
    if (abi->scratch_bytes)
        bad = either(e, bad, is_null(e, e->scratch));
    if (bad)
        qcg_frame_guard(e, bad, QCG_BAD_POINTER);
    qcg_frame_load_tensors(e, e->in, e->out);
    bad = e->weights ? is_null(e, e->weights) : NULL;
    for (uint32_t i = 0; i < abi->nin; i++)
        bad = either(e, bad, is_null(e, e->in_ptr[i]));
    for (uint32_t i = 0; i < abi->nout; i++)
        bad = either(e, bad, is_null(e, e->out_ptr[i]));
    if (bad)
        qcg_frame_guard(e, bad, QCG_BAD_POINTER);
}

static void check_scratch(qcg_frame *e, LLVMValueRef need)
{
    LLVMBuilderRef b = e->g->b;
    if (!e->abi->scratch_bytes)
        return;
    LLVMValueRef address = LLVMBuildPtrToInt(b, e->scratch, e->size, "");
    LLVMValueRef low = LLVMBuildAnd(b, address, LLVMConstInt(e->size, QCG_SCRATCH_ALIGN - 1, false),
                                    "");
    qcg_frame_guard(e, LLVMBuildIsNotNull(b, low, ""), QCG_MISALIGNED);
    qcg_frame_guard(e, LLVMBuildICmp(b, LLVMIntULT, e->bytes, need, ""), QCG_SCRATCH_TOO_SMALL);
}

static void check_sizes(qcg_frame *e)
{
    LLVMBuilderRef b = e->g->b;
    LLVMTypeRef i64 = LLVMInt64TypeInContext(e->g->llvm);
    LLVMValueRef bad = NULL, one = LLVMConstInt(i64, 1, false);
    for (uint32_t i = 0; i < e->abi->nin; i++) {
        int64_t limit = e->abi->in[i].size_limit;
        if (!limit)
            continue;
        LLVMValueRef size = LLVMBuildLoad2(b, i64, e->in_ptr[i], "");
        LLVMSetAlignment(size, 1);
        bad = either(e, bad, LLVMBuildICmp(b, LLVMIntUGE, LLVMBuildSub(b, size, one, ""),
                                           LLVMConstInt(i64, (uint64_t)limit, false), ""));
    }
    if (bad)
        qcg_frame_guard(e, bad, QCG_BAD_SIZE);
}

void qcg_entry_checks(qcg_frame *e, LLVMValueRef need)
{
    check_pointers(e);
    check_scratch(e, need);
    check_overlaps(e, need);
    check_sizes(e);
    if (e->weights)
        qcg_check_weights(e, e->weights);
}
