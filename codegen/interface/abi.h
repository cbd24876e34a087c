/* What the generated interface looks like: names, tensors, sizes.  The header and the object are
 * both written from this.  Private to codegen/. */
#ifndef QIR_CODEGEN_ABI_H
#define QIR_CODEGEN_ABI_H

#include "qir/codegen.h"

enum { QCG_MOST_TASKS = 64, QCG_SCRATCH_ALIGN = 64, QCG_ABI_VERSION = 2 };

/* Return codes of NAME_run; the header names them. */
enum {
    QCG_OK = 0,
    QCG_BAD_POINTER = -1,
    QCG_MISALIGNED = -2,
    QCG_SCRATCH_TOO_SMALL = -3,
    QCG_NO_ISA = -4,
    QCG_BAD_SIZE = -5,
    QCG_NO_LEVEL = -6,
    QCG_BAD_WEIGHTS = -7,
    QCG_BAD_POOL = -8
};

typedef struct qcg_tensor_abi {
    const char *field; /* member of NAME_inputs or NAME_outputs */
    const char *macro; /* the same for macros: upper case, unique among inputs (outputs) */
    const qir_type *type;
    const char *updates; /* field of the input whose buffer may be this output's too, or NULL */
    const char *preprocess; /* of pixels: what the model makes of them (preprocess.h), or NULL */
    int64_t size_limit; /* of an argument that is a size: its largest value; else 0 */
} qcg_tensor_abi;

typedef struct qcg_abi {
    const char *name, *upper; /* prefix of symbols and of macros */
    const char *triple;
    const char **levels;      /* their names, ascending */
    const char **features;    /* that each level's code uses: qcg_features */
    size_t nlevels;
    qcg_tensor_abi *in, *out;
    uint32_t nin, nout;
    const qir_op **customs;   /* of each function of the user's that the model calls, the first op */
    size_t ncustoms;
    size_t arena_bytes;       /* planned buffers, of the level that needs most */
    size_t scratch_bytes;     /* arena, and a line for the CPU check when there is one */
    size_t scratch_bound;
    size_t selftest_bytes;    /* memory of NAME_selftest; 0: there is none */
    const char *weights;      /* last member of NAME_inputs, with a weights file; NULL: there is none */
    size_t weights_bytes;     /* of the file, known once code is generated, as are */
    uint64_t weights_header[4]; /* the words that it begins with */
    bool threads;             /* has NAME_run_mt: */
    size_t tasks_at;          /* offset of their workspaces: behind the scratch memory of one */
    size_t task_bytes;        /* workspace of each task but the first */
    bool asks_cpu;            /* what it has, before code runs that not every one can run */
} qcg_abi;

/* Reads the interface off the main functions, which agree; arena (context).  False: diagnosed. */
bool qcg_abi_get(const qir_codegen_options *opts, const qir_variant *variants, size_t n,
                 qcg_abi *abi);

/* Everything of the header that makes an object compatible with it, and the hash of that. */
void qcg_abi_declarations(const qcg_abi *abi, qir_strbuf *out);
uint32_t qcg_abi_hash(const qcg_abi *abi);

/* Fills abi->customs; arena (context).  False: diagnosed. */
bool qcg_find_customs(qir_module *m, qcg_abi *abi);

/* NAME_SCRATCH_BYTES_MT(tasks) of an interface with threads. */
size_t qcg_abi_scratch_mt(const qcg_abi *abi, size_t tasks);

/* C type of one element: "float", "int8_t", ... */
const char *qcg_c_type(const qir_type *t);

/* "avx2,avx512vnni"; arena. */
const char *qcg_level_list(const qcg_abi *abi, qir_arena *arena);

#endif
