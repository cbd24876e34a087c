/* NAME_selftest (-fselftest): the model on a built-in input, every op compared with what the evaluator
 * computed of it when the object was made.
 *
 * Per level there is a second body (body.c) which before each op hashes the constants that it reads, and
 * after it what it wrote, as it lies in memory.  The input is a formula, the same in C and in the object.
 * Ops are numbered from 1 over all levels.  Private to codegen/. */
#ifndef QIR_CODEGEN_SELFTEST_H
#define QIR_CODEGEN_SELFTEST_H

#include "interface/entry.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"

/* A constant that the code of an op reads, `at` bytes behind a global of the object, or (NULL) in the weights file. */
typedef struct qcg_use {
    const qir_op *op;
    LLVMValueRef global;
    size_t at, bytes;
    uint64_t hash;
} qcg_use;

typedef struct qcg_selftest {
    QIR_VEC(qcg_use) uses;
    QIR_VEC(const char *) names; /* of ops 1, 2, ... */
    qir_map expected;            /* result of an op -> qcg_expected */
} qcg_selftest;

/* What the evaluator computed. */
typedef struct qcg_expected {
    uint64_t hash;
    bool nan; /* holds one: its bits are the CPU's affair */
} qcg_expected;

/* --- selftest_values.c: at compile time -------------------------------------------------------- */
/* Element i of a tensor: `boundary` of i / 8 where i is a multiple of 8, else the upper bits of the i-th
 * state of a generator, masked and with bits set. */
typedef struct qcg_pattern {
    uint64_t mask, set, boundary[4];
    unsigned bytes;
} qcg_pattern;
enum { QCG_BOUNDARIES = 4, QCG_BOUNDARY_EVERY = 8 };
#define QCG_GENERATOR_FACTOR 6364136223846793005u
#define QCG_GENERATOR_STEP 1442695040888963407u
#define QCG_HASH_START 0xcbf29ce484222325u
#define QCG_HASH_FACTOR 0x100000001b3u

qcg_pattern qcg_pattern_of(const qcg_tensor_abi *t);
uint64_t qcg_selftest_hash(const void *data, size_t bytes);
/* Evaluates the variant in `g` on the built-in input.  False: diagnosed. */
bool qcg_selftest_evaluate(qcg *g, const qcg_abi *abi);

/* --- selftest.c: in the object ----------------------------------------------------------------- */
/* The op that is being lowered reads this. */
void qcg_selftest_note(qcg *g, LLVMValueRef global, size_t at, const void *data, size_t bytes);
/* `static i32 NAME_<level>_selftest(in, out, scratch)`: 0 or the number of the first op that fails. */
LLVMValueRef qcg_selftest_body(qcg *g, const qcg_abi *abi, const qcg_call *calls, size_t ncalls);
/* NAME_selftest and NAME_op_name. */
void qcg_selftest_functions(qcg *g, const qcg_abi *abi, const qcg_bodies *bodies);
/* Where tensor i (inputs, then outputs) lies in the memory of NAME_selftest; the number of tensors: how
 * much that is. */
size_t qcg_selftest_place(const qcg_abi *abi, uint32_t i);

#endif
