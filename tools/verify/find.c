/* The programs that runner programs need: a linker, qemu, the emulator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lab.h"
#include "process.h"

static const char *found(char **slot, const char *const *names, const char *package, qir_strbuf *why)
{
    if (!*slot)
        *slot = tool_find_program(names);
    if (!*slot)
        qir_strbuf_printf(why, "%s is missing (apt-get install %s)", names[0], package);
    return *slot;
}

const char *verify_linker(verify_lab *lab, qir_strbuf *why)
{
    static const char *const names[] = {"ld.lld-19", "ld.lld", NULL};
    return found(&lab->linker, names, "lld-19", why);
}

const char *verify_qemu(verify_lab *lab, const char *arch, qir_strbuf *why)
{
    static const char *const aarch64[] = {"qemu-aarch64", "qemu-aarch64-static", NULL};
    static const char *const riscv64[] = {"qemu-riscv64", "qemu-riscv64-static", NULL};
    static const char *const x86_64[] = {"qemu-x86_64", "qemu-x86_64-static", NULL};
    const char *const *names = !strcmp(arch, "aarch64")   ? aarch64
                               : !strcmp(arch, "riscv64") ? riscv64
                                                          : x86_64;
    return found(&lab->qemu[!strcmp(arch, "riscv64")], names, "qemu-user", why);
}

/* --- the emulator: a program of ours, beside this one or in libexec -------------------------------- */
static const char emulator_name[] = "qcc-emulate";

/* `folder` relative to the one of this program. */
static char *beside(const char *folder)
{
    char here[4096], path[4200];
    ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);
    while (n > 0 && here[n - 1] != '/')
        n--;
    if (n <= 0)
        return NULL;
    snprintf(path, sizeof path, "%.*s%s%s", (int)n, here, folder, emulator_name);
    return access(path, X_OK) ? NULL : strdup(path);
}

const char *verify_emulator(verify_lab *lab, qir_strbuf *why)
{
    static const char *const names[] = {emulator_name, NULL};
    const char *given = getenv("QCC_EMULATE");
    if (!lab->emulator && given && *given)
        lab->emulator = strdup(given);
    if (!lab->emulator)
        lab->emulator = beside("");
    if (!lab->emulator)
        lab->emulator = beside("../libexec/qcc/");
    if (!lab->emulator)
        lab->emulator = tool_find_program(names);
    if (!lab->emulator)
        qir_strbuf_printf(why, "this CPU lacks the level, and %s is not beside qcc; QCC_EMULATE names it",
                          emulator_name);
    return lab->emulator;
}
