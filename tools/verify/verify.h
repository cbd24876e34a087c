/* Running one model in every way there is: evaluator, JIT, and per level a program of its own, natively,
 * under qemu or in the emulator.  The library of qcc -verify, qcc -bisect and qir-reduce -differs. */
#ifndef QCC_TOOLS_VERIFY_H
#define QCC_TOOLS_VERIFY_H

#include "qir/eval.h"
#include "qir/samples.h"
#include "qir/support/strbuf.h"
#include "qir/target_info.h"

/* --- ways.c ------------------------------------------------------------------------------------- */
typedef enum verify_how {
    VERIFY_EVALUATOR,
    VERIFY_JIT,
    VERIFY_NATIVE,
    VERIFY_QEMU,
    VERIFY_EMULATOR
} verify_how;

typedef struct verify_way {
    const char *name; /* of the level, or "evaluator", "jit" */
    const char *arch; /* of the code; "" for the evaluator */
    const char *triple;
    qir_level level;
    verify_how how;
    int rows; /* fusion of rows, see qir_lower_to_code */
    uint32_t grain; /* runs NAME_run_mt, ops shared from this much work on; 0: NAME_run */
} verify_way;

enum { VERIFY_MAX_WAYS = 2 * (QIR_NUM_LEVELS + 4) }; /* each with and without tasks */

/* All ways without tasks, the evaluator first, then the JIT, then levels by architecture.  Returns how many. */
size_t verify_ways(qir_context *ctx, verify_way ways[VERIFY_MAX_WAYS]);

/* "in process", "native", "qemu", "emulated" */
const char *verify_how_name(verify_how how);
/* " mt" of one that runs NAME_run_mt, else "". */
const char *verify_mt_name(const verify_way *w);

/* Does a list "avx2,aarch64,jit" name it, by name, architecture or name@architecture?  As name@emulated
 * it is not to run natively even where it could. */
bool verify_is_named(verify_way *w, const char *list);
/* The first entry of the list that names none of the ways, or NULL.  `len`: how long it is. */
const char *verify_unknown(const verify_way *ways, size_t n, const char *list, size_t *len);

/* --- values.c ----------------------------------------------------------------------------------- */
/* Tensors of several runs, packed one behind the other as runner programs read and write them. */
typedef struct verify_values {
    size_t runs;
    qir_strbuf bytes;
} verify_values;

size_t verify_input_bytes(const qir_func *f); /* of one run */
size_t verify_output_bytes(const qir_func *f);

/* Made-up inputs: all smallest, all largest, then mixtures (values.h of tools/common). */
void verify_make_inputs(const qir_func *f, size_t runs, verify_values *out);
/* The first `most` samples of a stream.  False: diagnosed. */
bool verify_read_inputs(const qir_func *f, qir_samples *s, size_t most, verify_values *out);
/* One tensor per argument of run k, in `arena`. */
void verify_unpack(const qir_func *f, const verify_values *v, size_t k, qir_arena *arena, qir_tensor *in);
/* Appends a run. */
void verify_append(verify_values *v, const qir_tensor *t, size_t n);
/* Sign and payload of a NaN are the CPU's: all of the results `v` of `f` become the same one. */
void verify_unify_nans(const qir_func *f, verify_values *v);
bool verify_equal(const verify_values *a, const verify_values *b);
void verify_free(verify_values *v);

/* --- run.c -------------------------------------------------------------------------------------- */
/* What running takes: a folder for files and the programs found so far. */
typedef struct verify_lab {
    qir_diag_engine *diag;
    char folder[64];
    char *linker, *qemu[2], *emulator; /* NULL until needed */
} verify_lab;

bool verify_open(verify_lab *lab, qir_diag_engine *diag); /* false: diagnosed */
void verify_close(verify_lab *lab);

typedef enum verify_status {
    VERIFY_RAN,
    VERIFY_BROKE, /* the code did not get to its end: `why` */
    VERIFY_CANNOT /* nothing that runs it is installed: `why`; or no code, which is diagnosed */
} verify_status;

/* Runs the main function of `m` on all inputs.  `m` is as phase `lower` leaves it, or later.  NaNs of the
 * results are unified. */
verify_status verify_run(verify_lab *lab, const verify_way *w, qir_module *m, const verify_values *in,
                         verify_values *out, qir_strbuf *why);

/* --- differs.c ---------------------------------------------------------------------------------- */
/* Does one of the ways compute other bytes than the evaluator, on made-up inputs?  Opens a lab of its own. */
bool verify_differs(const verify_way *ways, size_t n, qir_module *m);

/* --- locate.c ----------------------------------------------------------------------------------- */
/* The first op whose results differ from the evaluator's. */
typedef struct verify_finding {
    const qir_op *op;    /* of the module looked at */
    unsigned result;     /* of the op */
    int64_t element;     /* the first that differs, row-major */
    qir_strbuf want, got; /* that element */
} verify_finding;

/* Finds it for inputs of one run: in a form of the module that returns every value; where that form is
 * right or would be large, by cutting the module off behind ever other ops.  False: nothing differs. */
bool verify_locate(verify_lab *lab, const verify_way *w, qir_module *m, const verify_values *in,
                   verify_finding *out);
void verify_finding_free(verify_finding *f);

/* "conv 'stem' (line 14 of the module), result 0, element [0, 3, 1]: 5, expected 6" and the op's line. */
void verify_describe(qir_module *m, const verify_finding *f, qir_strbuf *out);

#endif
