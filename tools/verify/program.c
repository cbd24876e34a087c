/* A level as a program of its own: compiled, linked without any library, run on a file of inputs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lab.h"
#include "process.h"
#include "qir/codegen.h"
#include "qir/support/file.h"

enum { SECONDS = 900, PATH_BYTES = 96, CANNOT_EMULATE = 125, BAD_INSTRUCTION = 128 };

static const char *path_in(const verify_lab *lab, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", lab->folder, name);
    return path;
}

static bool write_file(verify_lab *lab, const char *name, const qir_strbuf *bytes)
{
    char path[PATH_BYTES];
    FILE *f = fopen(path_in(lab, name, path), "w");
    bool ok = f && fwrite(qir_strbuf_cstr(bytes), 1, bytes->len, f) == bytes->len;
    return (f && fclose(f) == 0 && ok) ||
           qir_error(lab->diag, NULL, "file.write", "cannot write '%s': is the disk full?", path);
}

static bool read_file(verify_lab *lab, const char *name, qir_strbuf *out)
{
    char path[PATH_BYTES], part[1 << 14];
    FILE *f = fopen(path_in(lab, name, path), "r");
    for (size_t n; f && (n = fread(part, 1, sizeof part, f)) > 0;)
        qir_strbuf_write(out, part, n);
    if (f)
        fclose(f);
    return f;
}

/* The first line of what the program complained about. */
static void first_complaint(verify_lab *lab, qir_strbuf *why)
{
    qir_strbuf said = {0};
    read_file(lab, "err", &said);
    qir_strbuf_printf(why, "%.*s", (int)strcspn(qir_strbuf_cstr(&said), "\n"), qir_strbuf_cstr(&said));
    qir_strbuf_free(&said);
}

/* --- making it ---------------------------------------------------------------------------------- */
static bool compile(verify_lab *lab, const verify_way *w, qir_module *m)
{
    qir_codegen_options opts = {.triple = w->triple, .name = "model", .emit = QIR_EMIT_PROGRAM,
                                .share_grain = w->grain};
    qir_variant v = {verify_lowered(w, m), w->level};
    qir_strbuf object = {0};
    bool ok = v.module && qir_codegen(&opts, &v, 1, &object) && write_file(lab, "object", &object);
    qir_strbuf_free(&object);
    qir_module_destroy(v.module);
    return ok;
}

static bool link_program(verify_lab *lab, qir_strbuf *why)
{
    char object[PATH_BYTES], program[PATH_BYTES], err[PATH_BYTES];
    const char *linker = verify_linker(lab, why);
    const char *argv[] = {linker, "-static", "-o", path_in(lab, "program", program),
                          path_in(lab, "object", object), NULL};
    if (!linker)
        return false;
    if (tool_run_process(&(tool_process){.argv = argv, .err = path_in(lab, "err", err)}) == 0)
        return true;
    first_complaint(lab, why);
    return false;
}

/* --- running it --------------------------------------------------------------------------------- */
/* What comes before the program's name.  False: `why`. */
static bool runner(verify_lab *lab, const verify_way *w, const char **argv, size_t *n, qir_strbuf *why)
{
    if (w->how == VERIFY_NATIVE)
        return true;
    argv[(*n)++] = w->how == VERIFY_QEMU ? verify_qemu(lab, w->arch, why) : verify_emulator(lab, why);
    if (w->how == VERIFY_EMULATOR) {
        argv[(*n)++] = w->name;
    } else if (!strcmp(w->arch, "aarch64")) {
        argv[(*n)++] = "-cpu";
        argv[(*n)++] = "max";
    }
    return argv[0];
}

static verify_status judge(verify_lab *lab, const verify_way *w, int code, qir_strbuf *why)
{
    if (code == 0)
        return VERIFY_RAN;
    if (code == TOOL_NOT_STARTED || (w->how == VERIFY_EMULATOR && code == CANNOT_EMULATE)) {
        first_complaint(lab, why);
        return VERIFY_CANNOT;
    }
    if (w->how == VERIFY_EMULATOR && code == BAD_INSTRUCTION)
        first_complaint(lab, why);
    else if (code > TOOL_SIGNAL)
        qir_strbuf_printf(why, "ended by signal %d (%s)", code - TOOL_SIGNAL, strsignal(code - TOOL_SIGNAL));
    else
        qir_strbuf_printf(why, "the code returned %d", -code);
    return VERIFY_BROKE;
}

static verify_status run(verify_lab *lab, const verify_way *w, const verify_values *in, qir_strbuf *why)
{
    char program[PATH_BYTES], from[PATH_BYTES], to[PATH_BYTES], err[PATH_BYTES];
    const char *argv[6] = {0};
    size_t n = 0;
    if (!runner(lab, w, argv, &n, why) || !write_file(lab, "in", &in->bytes))
        return VERIFY_CANNOT;
    argv[n] = path_in(lab, "program", program);
    tool_process p = {.argv = argv,
                      .in = path_in(lab, "in", from),
                      .out = path_in(lab, "out", to),
                      .err = path_in(lab, "err", err),
                      .seconds = SECONDS};
    return judge(lab, w, tool_run_process(&p), why);
}

verify_status verify_run_program(verify_lab *lab, const verify_way *w, qir_module *m,
                                 const verify_values *in, verify_values *out, qir_strbuf *why)
{
    if (!compile(lab, w, m) || !link_program(lab, why))
        return VERIFY_CANNOT;
    verify_status status = run(lab, w, in, why);
    size_t wanted = in->runs * verify_output_bytes(qir_module_main(m));
    out->runs = in->runs;
    if (status == VERIFY_RAN && (!read_file(lab, "out", &out->bytes) || out->bytes.len != wanted)) {
        qir_strbuf_printf(why, "wrote %zu bytes, expected %zu", out->bytes.len, wanted);
        return VERIFY_BROKE;
    }
    return status;
}
