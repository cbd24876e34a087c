/* Code generation: a planned module to an object file, assembly or LLVM IR, and its C header.
 * The only library that links LLVM. */
#ifndef QIR_CODEGEN_H
#define QIR_CODEGEN_H

#include "qir/ir.h"
#include "qir/support/strbuf.h"
#include "qir/target_info.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The share_grain that pays on common CPUs and pools (docs/performance.md). */
enum { QIR_SHARE_GRAIN = 3 << 14 };

typedef enum qir_emit_kind {
    QIR_EMIT_OBJECT,
    QIR_EMIT_ASSEMBLY,
    QIR_EMIT_LLVM,
    /* An object with an entry `_start` that runs the model on what it reads from descriptor 0 (program.c):
     * a linker makes a static Linux program of it, `ld.lld -static`. */
    QIR_EMIT_PROGRAM
} qir_emit_kind;

typedef struct qir_codegen_options {
    const char *triple; /* normalised (qir_target_triple) */
    const char *cpu, *attrs; /* -mcpu, -mattr: NULL = those of each level */
    const char *name;        /* model name: prefix of every public symbol */
    const char *note;        /* text of the provenance note; NULL: none */
    qir_emit_kind emit;
    uint32_t share_grain;    /* -fthreads: least work of a task, in f32 products; 0: no NAME_run_mt */
    const char *debug_file; /* -g: the QIR whose lines the ops' locations name, as debuggers should
                               call it; NULL: no line tables */
    bool selftest;          /* -fselftest: also NAME_selftest */
    qir_strbuf *weights;    /* large constants are appended here as a file to map, instead of being in
                               the object; NULL: they are */
    uint64_t model;         /* hash of the model, for that file */
    void (*tick)(void *user); /* of the JIT: NAME_run calls it first, and then after every op; NULL: not */
    void *tick_user;
    bool sanitize_thread;    /* calls of LLVM's thread sanitizer, whose runtime the object then needs */
} qir_codegen_options;

/* One model as one instruction set level wants it (stage PLANNED).  An object holds one or more:
 * the same model each time, lowered for levels of one architecture, in ascending order. */
typedef struct qir_variant {
    qir_module *module;
    qir_level level;
} qir_variant;

/* Known to LLVM?  Diagnoses unknown triples, CPUs and features, with the known ones. */
bool qir_codegen_check_target(qir_diag_engine *diag, const qir_codegen_options *opts);

/* Compiles the variants into one object, which chooses by what the CPU has.  Appends the bytes to
 * `out`.  Runs LLVM in a forked child, so that its out-of-memory and fatal errors become diagnostics
 * here.  False: diagnosed. */
bool qir_codegen(const qir_codegen_options *opts, const qir_variant *variants, size_t n,
                 qir_strbuf *out);

/* The C header of the object (architecture section "The generated interface"). */
bool qir_codegen_header(const qir_codegen_options *opts, const qir_variant *variants, size_t n,
                        qir_strbuf *out);

/* Turns any bytes into a C identifier, injectively: [A-Za-z0-9_], at most 63, no keyword, with a
 * hash suffix whenever something had to change. */
void qir_mangle(const char *name, size_t len, qir_strbuf *out);

/* The letters and digits of a text, with one underscore for everything between: at most `most` bytes.
 * Not unique. */
void qir_mangle_loosely(const char *text, size_t most, qir_strbuf *out);

/* Can `name` be the prefix of a model's public names?  NAME_run is a harmless identifier then, at most
 * 63 long with all that follows, and no name of qcc's own. */
bool qir_is_prefix(const char *name);
/* A prefix made of any text; the text itself where it is one. */
void qir_make_prefix(const char *text, qir_strbuf *out);

/* --- JIT: the same generator, in process (LLVM ORC) -------------------------------------------- */
typedef struct qir_jit qir_jit;
qir_jit *qir_jit_create(const qir_codegen_options *opts, const qir_variant *v); /* NULL: diagnosed */
void qir_jit_destroy(qir_jit *j);
/* Pointers in argument and result order.  Returns the code of NAME_run. */
int qir_jit_run(qir_jit *j, const void *const *inputs, void *const *outputs);

/* struct qcc_pool of the generated header. */
typedef struct qir_pool {
    void *user;
    unsigned threads;
    void (*parallel_for)(void *user, void (*task)(void *arg, unsigned index), void *arg, unsigned count);
} qir_pool;
/* NAME_run_mt, for a module that was compiled with share_grain; in scratch memory full of rubbish. */
int qir_jit_run_mt(qir_jit *j, const void *const *inputs, void *const *outputs, const qir_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
