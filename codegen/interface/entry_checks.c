/* The first half of the entry point: every wrong call returns its code before anything is written.  Models
 * may have thousands of tensors: the checks are loops over tables. */
#include "interface/weights_file.h"
#include "llb.h"

/* The pointers of a struct that the caller filled, and the bytes that each stands for. */
typedef struct tensors {
    LLVMValueRef pointers, bytes;
    uint32_t n;
} tensors;

typedef struct span {
    LLVMValueRef begin, end;
} span;

static LLVMValueRef no(qcg_frame *e)
{
    return LLVMConstNull(LLVMInt1TypeInContext(e->g->llvm));
}

static LLVMValueRef either(qcg_frame *e, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildOr(e->g->b, a, b, "");
}

static LLVMValueRef is_null(qcg_frame *e, LLVMValueRef p)
{
    return LLVMBuildIsNull(e->g->b, p, "");
}

/* ---- tables ------------------------------------------------------------------------------------- */
static LLVMValueRef table(qcg_frame *e, const int64_t *entries, uint32_t n)
{
    return qcg_const(e->g, entries, n * sizeof *entries, sizeof *entries);
}

static LLVMValueRef entry(qcg_frame *e, LLVMValueRef table, LLVMTypeRef type, LLVMValueRef i)
{
    enum { BYTES = 8 }; /* of pointers and sizes alike: emit.c refuses other targets */
    return llb_load(e->g, type, llb_index(e->g, table, i, BYTES), BYTES);
}

/* Inputs: the weights file is one more. */
static tensors tensors_of(qcg_frame *e, LLVMValueRef pointers, const qcg_tensor_abi *t, uint32_t n,
                          bool weights)
{
    int64_t *bytes = QIR_NEW_ARRAY(e->g->arena, int64_t, n + 1);
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = (int64_t)qir_type_bytes(t[i].type);
    bytes[n] = (int64_t)e->abi->weights_bytes;
    n += weights;
    return (tensors){pointers, n ? table(e, bytes, n) : NULL, n};
}

/* Of each output the number of the input whose very buffer it may be; NULL: none may. */
static LLVMValueRef updated_inputs(qcg_frame *e)
{
    const qir_func *f = qir_module_main(e->g->qir);
    int64_t *inputs = QIR_NEW_ARRAY(e->g->arena, int64_t, e->abi->nout + 1);
    bool any = false;
    for (uint32_t k = 0; k < e->abi->nout; k++) {
        inputs[k] = qir_func_updated_arg(f, k);
        any = any || inputs[k] >= 0;
    }
    return any ? table(e, inputs, e->abi->nout) : NULL;
}

/* ---- memory that meets --------------------------------------------------------------------------- */
static span tensor(qcg_frame *e, const tensors *t, LLVMValueRef i)
{
    LLVMValueRef begin = entry(e, t->pointers, e->ptr, i);
    return (span){begin, llb_offset(e->g, begin, entry(e, t->bytes, e->size, i))};
}

static LLVMValueRef meet(qcg_frame *e, span a, span b)
{
    LLVMBuilderRef builder = e->g->b;
    return LLVMBuildAnd(builder, LLVMBuildICmp(builder, LLVMIntULT, a.begin, b.end, ""),
                        LLVMBuildICmp(builder, LLVMIntULT, b.begin, a.end, ""), "");
}

/* Does `s` meet one of the tensors?  Number `allowed` may begin where it does (NULL: none may). */
static LLVMValueRef meets_any(qcg_frame *e, const tensors *t, span s, LLVMValueRef allowed)
{
    qcg *g = e->g;
    llb_loop l;
    if (!t->n)
        return no(e);
    llb_begin(g, &l, 0, t->n, 1);
    LLVMValueRef bad = llb_carry(g, &l, no(e));
    span other = tensor(e, t, l.iv);
    LLVMValueRef hit = meet(e, s, other);
    if (allowed) {
        LLVMValueRef differs = either(e, LLVMBuildICmp(g->b, LLVMIntNE, l.iv, allowed, ""),
                                      LLVMBuildICmp(g->b, LLVMIntNE, s.begin, other.begin, ""));
        hit = LLVMBuildAnd(g->b, hit, differs, "");
    }
    llb_next(&l, 0, either(e, bad, hit));
    llb_end(g, &l);
    return l.value[0];
}

static LLVMValueRef outputs_meet(qcg_frame *e, const tensors *in, const tensors *out)
{
    qcg *g = e->g;
    llb_loop l;
    LLVMValueRef updated = updated_inputs(e);
    llb_begin(g, &l, 0, out->n, 1);
    LLVMValueRef bad = llb_carry(g, &l, no(e));
    span s = tensor(e, out, l.iv);
    bad = either(e, bad, meets_any(e, in, s, updated ? entry(e, updated, e->size, l.iv) : NULL));
    llb_next(&l, 0, out->n > 1 ? either(e, bad, meets_any(e, out, s, l.iv)) : bad);
    llb_end(g, &l);
    return l.value[0];
}

static void check_overlaps(qcg_frame *e, const tensors *in, const tensors *out, LLVMValueRef need)
{
    LLVMValueRef bad = out->n ? outputs_meet(e, in, out) : no(e);
    if (e->abi->scratch_bytes) {
        span scratch = {e->scratch, llb_offset(e->g, e->scratch, need)};
        bad = either(e, bad, meets_any(e, in, scratch, NULL));
        bad = either(e, bad, meets_any(e, out, scratch, NULL));
    }
    qcg_frame_guard(e, bad, QCG_BAD_POINTER);
}

/* ---- pointers that are none ---------------------------------------------------------------------- */
static LLVMValueRef any_null(qcg_frame *e, const tensors *t)
{
    llb_loop l;
    if (!t->n)
        return no(e);
    llb_begin(e->g, &l, 0, t->n, 1);
    LLVMValueRef bad = llb_carry(e->g, &l, no(e));
    llb_next(&l, 0, either(e, bad, is_null(e, entry(e, t->pointers, e->ptr, l.iv))));
    llb_end(e->g, &l);
    return l.value[0];
}

static void check_pointers(qcg_frame *e, const tensors *in, const tensors *out)
{
    LLVMValueRef bad = no(e);
    if (in->n)
        bad = either(e, bad, is_null(e, e->in));
    if (out->n)
        bad = either(e, bad, is_null(e, e->out));
    if (e->abi->scratch_bytes)
        bad = either(e, bad, is_null(e, e->scratch));
    qcg_frame_guard(e, bad, QCG_BAD_POINTER);
    qcg_frame_guard(e, either(e, any_null(e, in), any_null(e, out)), QCG_BAD_POINTER);
}

/* ---- sizes ---------------------------------------------------------------------------------------- */
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
        LLVMValueRef outside = LLVMBuildICmp(b, LLVMIntUGE, LLVMBuildSub(b, size, one, ""),
                                             LLVMConstInt(i64, (uint64_t)limit, false), "");
        bad = bad ? either(e, bad, outside) : outside;
    }
    if (bad)
        qcg_frame_guard(e, bad, QCG_BAD_SIZE);
}

void qcg_entry_checks(qcg_frame *e, LLVMValueRef need)
{
    const qcg_abi *abi = e->abi;
    tensors in = tensors_of(e, e->in, abi->in, abi->nin, abi->weights);
    tensors out = tensors_of(e, e->out, abi->out, abi->nout, false);
    check_pointers(e, &in, &out);
    check_scratch(e, need);
    check_overlaps(e, &in, &out, need);
    qcg_frame_load_tensors(e, e->in, e->out);
    check_sizes(e);
    if (e->weights)
        qcg_check_weights(e, e->weights);
}
