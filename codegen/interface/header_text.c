/* The part of the generated header that is text: types that the headers of all models share, under
 * guards, and the functions of a model. */
#include "target.h"
#include "interface/header.h"
#include <inttypes.h>

/* ---- types ---------------------------------------------------------------------------------- */
/* Shared by the headers of all models: same text, one guard. */
static const char info_types[] =
    "\n#ifndef QCC_TENSOR_INFO\n"
    "#define QCC_TENSOR_INFO 1\n"
    "typedef struct qcc_tensor_info {\n"
    "    char name[64];\n"
    "    char dtype[8];\n"
    "    int64_t shape[8];\n"
    "    uint64_t bytes;\n"
    "    uint32_t rank;\n"
    "    float scale;\n"
    "    int32_t zero_point;\n"
    "    uint32_t reserved;\n"
    "} qcc_tensor_info;\n"
    "#endif\n"
    "\n#ifndef QCC_MODEL_INFO\n"
    "#define QCC_MODEL_INFO 1\n"
    "/* For hosts that run any model: one element of `tensors` per input, then per output.  The\n"
    "   struct arguments of `run` are arrays of pointers in that order. */\n"
    "typedef struct qcc_model_info {\n"
    "    uint32_t version, input_count, output_count, scratch_align;\n"
    "    uint64_t scratch_bytes;\n"
    "    char name[64];\n"
    "    char levels[64];\n"
    "    const qcc_tensor_info *tensors;\n"
    "    int (*run)(const void *inputs, const void *outputs, void *scratch, size_t scratch_bytes);\n"
    "    int (*run_at)(int level, const void *inputs, const void *outputs, void *scratch,\n"
    "        size_t scratch_bytes);\n"
    "    const char *(*isa)(void);\n"
    "    uint64_t weights_bytes; /* not 0: the inputs end with a pointer to the weights file */\n"
    "} qcc_model_info;\n"
    "#endif\n";

/* The same stands in qir/custom.h, for functions that are compiled without a model. */
static const char custom_types[] =
    "\n#ifndef QCC_CUSTOM\n"
    "#define QCC_CUSTOM 1\n"
    "/* An attribute of a custom op; of ints, floats and text one is not NULL. */\n"
    "typedef struct qcc_attribute {\n"
    "    char name[64];\n"
    "    uint64_t count;\n"
    "    const int64_t *ints;\n"
    "    const float *floats;\n"
    "    const char *text;\n"
    "} qcc_attribute;\n"
    "/* What a custom op is: its tensors (inputs, then outputs) and attributes. */\n"
    "typedef struct qcc_custom {\n"
    "    uint32_t version, input_count, output_count, attribute_count;\n"
    "    const qcc_tensor_info *tensors;\n"
    "    const qcc_attribute *attributes;\n"
    "} qcc_custom;\n"
    "#endif\n";

static const char pool_type[] =
    "\n#ifndef QCC_POOL\n"
    "#define QCC_POOL 1\n"
    "/* The caller's threads.  parallel_for(user, task, arg, n) calls task(arg, i) once for each i < n, on\n"
    "   any threads in any order, and returns when all have returned; n is at most `threads`. */\n"
    "typedef struct qcc_pool {\n"
    "    void *user;\n"
    "    unsigned threads; /* 1 to 64 */\n"
    "    void (*parallel_for)(void *user, void (*task)(void *arg, unsigned index), void *arg,\n"
    "        unsigned count);\n"
    "} qcc_pool;\n"
    "#endif\n";

void qcg_header_types(const qcg_abi *abi, qir_strbuf *out)
{
    qir_strbuf_puts(out, info_types);
    if (abi->threads)
        qir_strbuf_puts(out, pool_type);
    if (abi->ncustoms)
        qir_strbuf_puts(out, custom_types);
}

/* ---- functions ------------------------------------------------------------------------------ */
/* `@` stands for the model's name. */
static void write_named(const qcg_abi *abi, const char *text, qir_strbuf *out)
{
    for (; *text; text++)
        *text == '@' ? qir_strbuf_puts(out, abi->name) : qir_strbuf_putc(out, *text);
}

static const char run_functions[] =
    "\n/* Runs the model at the best level that the CPU has.  Re-entrant: keeps no state outside\n"
    "   `scratch`, whose contents do not matter before the call. */\n"
    "int @_run(const @_inputs *inputs, const @_outputs *outputs, void *scratch,\n"
    "    size_t scratch_bytes);\n"
    "\n/* The same at one of the levels above, for tests; results are the same bytes. */\n"
    "int @_run_at(int level, const @_inputs *inputs, const @_outputs *outputs, void *scratch,\n"
    "    size_t scratch_bytes);\n"
    "\n/* Names of the level that @_run takes on this CPU (\"\": none), and of any (\"\": no such). */\n"
    "const char *@_isa(void);\n"
    "const char *@_level_name(int level);\n";

static const char run_mt_function[] =
    "\n/* The same as @_run on the caller's threads, which takes more scratch memory; the same bytes for\n"
    "   any number of them. */\n"
    "int @_run_mt(const @_inputs *inputs, const @_outputs *outputs, void *scratch,\n"
    "    size_t scratch_bytes, const qcc_pool *pool);\n";

static const char weights_function[] =
    "\n/* Is this the whole weights file, unchanged?  @_run looks at its header only. */\n"
    "int @_weights_check(const void *weights, size_t bytes);\n";

static const char level_for_function[] =
    "\n/* The best level for the words of Linux's AT_HWCAP and AT_HWCAP2, for run_at on systems that do not\n"
    "   let programs read the identification registers; @_run takes the lowest there. */\n"
    "int @_level_for(uint64_t hwcap, uint64_t hwcap2);\n";

static void write_hashed(const qcg_abi *abi, const char *function, qir_strbuf *out)
{
    qir_strbuf_printf(out, "#define %s_%s %s_%s_%08" PRIx32 "\n", abi->name, function, abi->name, function,
                      qcg_abi_hash(abi));
}

static void write_selftest(const qcg_abi *abi, qir_strbuf *out)
{
    write_named(abi,
                "\n/* Runs every level that this CPU has on a built-in input.  0, a negative code, or the number\n"
                "   of the first op whose constants or results are not what they were when it was compiled. */\n"
                "int @_selftest(void *memory, size_t bytes",
                out);
    write_named(abi, abi->weights ? ", const void *weights);\n" : ");\n", out);
    write_named(abi, "\n/* Its layer; \"\": no such number. */\nconst char *@_op_name(int number);\n", out);
}

static void write_customs(const qcg_abi *abi, qir_strbuf *out)
{
    if (!abi->ncustoms)
        return;
    qir_strbuf_puts(out, "\n/* Yours: the model calls these, and returns what is negative. */\n");
    for (size_t i = 0; i < abi->ncustoms; i++)
        qir_strbuf_printf(out, "int %s(const void *const *inputs, void *const *outputs, "
                               "const qcc_custom *op);\n",
                          qir_op_string(abi->customs[i], "symbol"));
}

void qcg_header_functions(const qcg_abi *abi, qir_strbuf *out)
{
    qir_strbuf_puts(out, "\n/* Symbols carry a hash of this interface: a stale header fails to link. */\n");
    write_hashed(abi, "run", out);
    write_hashed(abi, "run_at", out);
    if (abi->threads)
        write_hashed(abi, "run_mt", out);
    write_named(abi, run_functions, out);
    if (abi->threads)
        write_named(abi, run_mt_function, out);
    if (abi->weights)
        write_named(abi, weights_function, out);
    if (abi->selftest_bytes)
        write_selftest(abi, out);
    if (qcg_triple_is(abi->triple, "aarch64"))
        write_named(abi, level_for_function, out);
    write_named(abi, "\nextern const qcc_model_info @_info;\n", out);
    write_customs(abi, out);
}
