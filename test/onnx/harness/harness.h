/* ONNX backend test cases through importer, evaluator and compiler. */
#ifndef ONNX_HARNESS_H
#define ONNX_HARNESS_H

#include "qir/eval.h"
#include "qir/frontend.h"
#include "qir/support/strbuf.h"

enum { MAX_TENSORS = 64 };

/* How far a case gets, and with which inputs: the best of these. */
typedef enum verdict { REFUSED, EVALUATED, COMPILED, CRASHED, NUM_VERDICTS } verdict;
typedef enum mode {
    PLAIN,  /* all inputs are arguments */
    CONST,  /* all but the first are constants */
    FOLDED, /* all are constants: the importer evaluates everything */
    NUM_MODES
} mode;
extern const char *const verdict_names[NUM_VERDICTS];
extern const char *const mode_names[NUM_MODES];

/* A folder with model.onnx and test_data_set_0/{input,output}_I.pb. */
typedef struct test_case {
    qir_context *ctx;
    const char *dir, *model;
    qir_strbuf message; /* the first thing that went wrong in the last attempt */
    qir_strbuf ops;     /* operators of the model, joined by commas */
    unsigned ninputs, noutputs, nnames;
    qir_tensor inputs[MAX_TENSORS], outputs[MAX_TENSORS];
    const char *names[MAX_TENSORS]; /* of graph inputs without initializers */
} test_case;

/* --- data.c: reading the folder --- */
bool load_case(test_case *t);

/* --- compare.c --- */
/* Within the tolerance of ONNX's runner; a difference goes to t->message. */
bool check_results(test_case *t, const qir_func *f, const qir_tensor *got);

/* --- compile.c --- */
/* Do the compiled module's results have the bytes of `want`, at the host's level and generic?  Without
 * a code generator: no. */
bool check_compiled(test_case *t, qir_module *m, const qir_tensor *inputs, const qir_tensor *want);

/* --- run.c --- */
/* The best verdict, and the inputs that led there. */
verdict run_case(test_case *t, mode *m);

#endif
