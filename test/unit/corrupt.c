/* Every prefix and every single-byte corruption of small sources: each must be refused with an error
 * or give a module that verifies and whose text reads back the same.
 *
 * The commands are line comments: a glob in here would look like the start of a comment. */
// RUN: unit-corrupt %src/test/ir/roundtrip-*.qir %src/test/ir/Inputs/*.qir | FileCheck %s
// CHECK: {{[1-9][0-9]+}} refused, {{[1-9][0-9]+}} accepted, 0 wrong
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/support/file.h"
#include "qir/text.h"

static struct {
    unsigned long refused, accepted, wrong;
} counts;

static void ignore(void *user, const qir_diag *d)
{
    (void)user;
    (void)d;
}

static qir_context *quiet_context(void)
{
    qir_context *ctx = qir_context_create(NULL, NULL);
    qir_diag_set_handler(qir_context_diag(ctx), ignore, NULL);
    return ctx;
}

static bool reads_back(qir_context *ctx, qir_module *m)
{
    qir_strbuf first = {0}, second = {0};
    qir_parse_options opts = {.no_verify = false};
    qir_print(m, NULL, &first);
    qir_module *again = qir_parse(ctx, "again.qir", first.data, first.len, &opts);
    if (again)
        qir_print(again, NULL, &second);
    bool same = again && first.len == second.len && !memcmp(first.data, second.data, first.len);
    qir_module_destroy(again);
    qir_strbuf_free(&first);
    qir_strbuf_free(&second);
    return same;
}

/* A context serves many inputs, so that what it keeps is used in odd orders too. */
static void try(const char *text, size_t len)
{
    static qir_context *ctx;
    static unsigned uses;
    if (uses++ % 512 == 0) {
        qir_context_destroy(ctx);
        ctx = quiet_context();
    }
    unsigned before = qir_diag_error_count(qir_context_diag(ctx));
    /* In an allocation of exactly its size, so that sanitizers see every read beyond. */
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    qir_module *m = qir_parse(ctx, "seed.qir", copy, len, NULL);
    bool diagnosed = qir_diag_error_count(qir_context_diag(ctx)) > before;
    if (!m && diagnosed) {
        counts.refused++;
    } else if (m && !diagnosed && reads_back(ctx, m)) {
        counts.accepted++;
    } else {
        counts.wrong++;
        printf("wrong:\n%.*s\n", (int)len, text);
    }
    qir_module_destroy(m);
    free(copy);
}

static void corrupt_byte(char *buf, const char *text, size_t len, size_t i)
{
    static const int replacements[] = {0, 0xff, '0', '"', '%', '}'};
    memcpy(buf, text, len);
    for (size_t k = 0; k < sizeof replacements / sizeof replacements[0]; k++) {
        buf[i] = (char)replacements[k];
        try(buf, len);
    }
    static const int flips[] = {1, 0x80, 0x10};
    for (size_t k = 0; k < sizeof flips / sizeof flips[0]; k++) {
        buf[i] = (char)(text[i] ^ flips[k]);
        try(buf, len);
    }
    buf[i] = (char)(text[i] + 1);
    try(buf, len);
    memcpy(buf + i, text + i + 1, len - i - 1);
    try(buf, len - 1); /* deleted */
    memcpy(buf, text, i + 1);
    memcpy(buf + i + 1, text + i, len - i);
    try(buf, len + 1); /* doubled */
}

static void corrupt(const char *text, size_t len)
{
    char *buf = malloc(len + 1);
    for (size_t n = 0; n <= len; n++)
        try(text, n);
    for (size_t i = 0; i < len; i++)
        corrupt_byte(buf, text, len, i);
    free(buf);
}

int main(int argc, char **argv)
{
    qir_diag_engine *diag = qir_diag_engine_create();
    qir_arena *arena = qir_arena_create(NULL, NULL);
    for (int i = 1; i < argc; i++) {
        qir_bytes bytes;
        if (!qir_read_file(diag, arena, argv[i], 1 << 20, "", &bytes))
            return 1;
        corrupt((const char *)bytes.data, bytes.len);
    }
    printf("%lu refused, %lu accepted, %lu wrong\n", counts.refused, counts.accepted, counts.wrong);
    qir_arena_destroy(arena);
    qir_diag_engine_destroy(diag);
    return counts.wrong != 0;
}
