/* The generated C header.  It holds only what this file writes: no byte of the model gets here
 * except through qir_mangle. */
#include "interface/header.h"
#include "interface/weights_file.h"
#include <inttypes.h>
#include "qir/support/map.h"

static void write_dims(const qir_type *t, qir_strbuf *out)
{
    for (unsigned d = 0; d < t->rank; d++)
        qir_strbuf_printf(out, "%s%" PRId64, d ? ", " : "", t->dims[d]);
    qir_strbuf_puts(out, t->rank ? "" : "1"); /* a scalar: one element */
}

static void write_quant(const char *prefix, const qir_quant *q, qir_strbuf *out)
{
    bool known = q && q->count == 1;
    qir_strbuf_printf(out, "#define %s_SCALE ", prefix);
    qir_strbuf_float(out, known ? q->scale[0] : 1.0f);
    qir_strbuf_printf(out, "f\n#define %s_ZERO_POINT %" PRId32 "\n", prefix,
                      known ? q->zero_point[0] : 0);
}

static void write_tensor_macros(const qcg_abi *abi, const char *kind, const qcg_tensor_abi *t,
                                qir_strbuf *out)
{
    qir_strbuf p = {0};
    qir_strbuf_printf(&p, "%s_%s_%s", abi->upper, kind, t->macro);
    const char *prefix = qir_strbuf_cstr(&p);
    qir_strbuf_printf(out, "\n#define %s_DTYPE \"%s\"\n", prefix, qir_dtype_name(t->type->dtype));
    qir_strbuf_printf(out, "#define %s_RANK %u\n", prefix, t->type->rank);
    qir_strbuf_printf(out, "#define %s_SHAPE {", prefix);
    write_dims(t->type, out);
    qir_strbuf_printf(out, "}\n#define %s_ELEMENTS %" PRId64 "\n", prefix,
                      qir_type_elements(t->type));
    qir_strbuf_printf(out, "#define %s_BYTES %zu\n", prefix, qir_type_bytes(t->type));
    write_quant(prefix, t->type->quant, out);
    if (t->size_limit)
        qir_strbuf_printf(out, "/* A size: dimensions of other tensors hold that many real elements. */\n"
                               "#define %s_MAX %" PRId64 "\n",
                          prefix, t->size_limit);
    if (t->preprocess)
        qir_strbuf_printf(out, "/* Pixels, channels last; real = (value * scale - mean) / std is done inside. */\n"
                               "#define %s_PREPROCESS \"%s\"\n",
                          prefix, t->preprocess);
    if (t->updates)
        qir_strbuf_printf(out, "/* May be the buffer of this input, which is then updated in place. */\n"
                               "#define %s_UPDATES \"%s\"\n",
                          prefix, t->updates);
    qir_strbuf_free(&p);
}

static void write_struct(const qcg_abi *abi, const char *kind, const qcg_tensor_abi *tensors,
                         uint32_t n, const char *qualifier, const char *weights, qir_strbuf *out)
{
    qir_strbuf_printf(out, "\ntypedef struct %s_%s {\n", abi->name, kind);
    for (uint32_t i = 0; i < n; i++) {
        qir_strbuf_printf(out, "    %s%s *%s; /* %s [", qualifier, qcg_c_type(tensors[i].type),
                          tensors[i].field, qir_dtype_name(tensors[i].type->dtype));
        write_dims(tensors[i].type, out);
        qir_strbuf_puts(out, "] */\n");
    }
    if (weights)
        qir_strbuf_printf(out, "    const void *%s; /* the weights file, mapped */\n", weights);
    if (n == 0 && !weights)
        qir_strbuf_puts(out, "    const void *none;\n");
    qir_strbuf_printf(out, "} %s_%s;\n", abi->name, kind);
}

static void write_codes(const qcg_abi *abi, qir_strbuf *out)
{
    static const struct {
        const char *name;
        int code;
        const char *doc;
    } codes[] = {
        {"OK", QCG_OK, "the outputs are written"},
        {"E_POINTER", QCG_BAD_POINTER, "a pointer is NULL, or an output overlaps other memory"},
        {"E_ALIGN", QCG_MISALIGNED, "scratch or weights are not aligned"},
        {"E_SCRATCH", QCG_SCRATCH_TOO_SMALL, "scratch is too small"},
        {"E_CPU", QCG_NO_ISA, "this CPU lacks instructions of every level, or of the one asked for"},
        {"E_SIZE", QCG_BAD_SIZE, "a size is below 1 or above its maximum"},
        {"E_LEVEL", QCG_NO_LEVEL, "the object has no such level"},
        {"E_WEIGHTS", QCG_BAD_WEIGHTS, "the weights are not those that were written with the object"},
        {"E_POOL", QCG_BAD_POOL, "no pool, or one without function, without threads or with too many"},
    };
    qir_strbuf_puts(out, "\n/* What the run function returns; nothing is written unless it is OK. */\n");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        qir_strbuf_printf(out, "#define %s_%s (%d) /* %s */\n", abi->upper, codes[i].name,
                          codes[i].code, codes[i].doc);
}

/* Macros of the levels; their numbers are what run_at takes. */
static void write_levels(const qcg_abi *abi, qir_strbuf *out)
{
    qir_strbuf_puts(out, "\n/* Instruction set levels of the object, ascending. */\n");
    qir_strbuf_printf(out, "#define %s_LEVELS %zu\n", abi->upper, abi->nlevels);
    for (size_t i = 0; i < abi->nlevels; i++) {
        qir_strbuf_printf(out, "#define %s_LEVEL_", abi->upper);
        for (const char *p = abi->levels[i]; *p; p++)
            qir_strbuf_putc(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
        qir_strbuf_printf(out, " %zu\n", i);
    }
}

void qcg_abi_declarations(const qcg_abi *abi, qir_strbuf *out)
{
    qir_strbuf_printf(out, "#define %s_ABI_VERSION %d\n", abi->upper, QCG_ABI_VERSION);
    qir_strbuf_printf(out, "#define %s_SCRATCH_BYTES %zu\n", abi->upper, abi->scratch_bytes);
    qir_strbuf_printf(out, "#define %s_SCRATCH_ALIGN %d\n", abi->upper, QCG_SCRATCH_ALIGN);
    qir_strbuf_printf(out, "/* No plan can use less than this: the largest sum of live tensors. */\n"
                           "#define %s_SCRATCH_BOUND %zu\n",
                      abi->upper, abi->scratch_bound);
    if (abi->weights)
        qir_strbuf_printf(out, "/* The weights file. */\n"
                               "#define %s_WEIGHTS_BYTES %zu\n#define %s_WEIGHTS_ALIGN %d\n",
                          abi->upper, abi->weights_bytes, abi->upper, QCG_WEIGHTS_ALIGN);
    if (abi->selftest_bytes)
        qir_strbuf_printf(out, "/* Memory of the self-test, aligned as scratch memory. */\n"
                               "#define %s_SELFTEST_BYTES %zu\n",
                          abi->upper, abi->selftest_bytes);
    if (abi->threads)
        qir_strbuf_printf(out, "/* Of a call on up to 64 threads. */\n"
                               "#define %s_SCRATCH_BYTES_MT(threads) \\\n"
                               "    ((size_t)%zu + ((size_t)(threads) - 1) * (size_t)%zu)\n",
                          abi->upper, abi->tasks_at, abi->task_bytes);
    write_codes(abi, out);
    write_levels(abi, out);
    qir_strbuf_puts(out, "\n/* Tensors: row-major, dense.  real = (value - ZERO_POINT) * SCALE. */");
    for (uint32_t i = 0; i < abi->nin; i++)
        write_tensor_macros(abi, "INPUT", &abi->in[i], out);
    for (uint32_t i = 0; i < abi->nout; i++)
        write_tensor_macros(abi, "OUTPUT", &abi->out[i], out);
    write_struct(abi, "inputs", abi->in, abi->nin, "const ", abi->weights, out);
    write_struct(abi, "outputs", abi->out, abi->nout, "", NULL, out);
}

/* A triple is the user's text: nothing in it may end the comment. */
static void write_plain(const char *text, qir_strbuf *out)
{
    for (; *text; text++) {
        bool safe = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                    (*text >= '0' && *text <= '9') || *text == '-' || *text == '_' || *text == '.';
        qir_strbuf_putc(out, safe ? *text : '_');
    }
}

bool qir_codegen_header(const qir_codegen_options *opts, const qir_variant *variants, size_t n,
                        qir_strbuf *out)
{
    qcg_abi abi;
    if (!qcg_abi_get(opts, variants, n, &abi))
        return false;
    qir_strbuf_puts(out, "/* Generated by qcc for ");
    write_plain(opts->triple, out);
    qir_strbuf_printf(out,
                      ", level%s %s.  Do not edit. */\n"
                      "#ifndef QCC_HEADER_%s\n#define QCC_HEADER_%s\n\n"
                      "#ifdef %s_ABI_VERSION\n"
                      "#error \"another model's macros start with %s_, too: give one model another -name\"\n"
                      "#endif\n\n"
                      "#include <stddef.h>\n#include <stdint.h>\n\n"
                      "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
                      n > 1 ? "s" : "",
                      qcg_level_list(&abi, qir_context_arena(variants[0].module->ctx)), abi.name,
                      abi.name, abi.upper, abi.upper);
    qcg_abi_declarations(&abi, out);
    qcg_header_types(&abi, out);
    qcg_header_functions(&abi, out);
    qir_strbuf_puts(out, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
    return true;
}

uint32_t qcg_abi_hash(const qcg_abi *abi)
{
    qir_strbuf text = {0};
    qcg_abi_declarations(abi, &text);
    uint32_t hash = (uint32_t)(qir_hash_bytes(text.data, text.len) & 0xffffffffu);
    qir_strbuf_free(&text);
    return hash;
}
