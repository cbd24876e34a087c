/* Every prefix of a model is refused with a diagnostic, every single-byte change is refused or gives a
 * module that verifies; nothing crashes.  In one process, so that the sanitizers see all of it.
 *
 * RUN: %mkonnx %src/test/frontend/onnx/qdq.test -o %t.onnx && unit-onnx-truncate %t.onnx | FileCheck %s
 * RUN: %mkonnx %src/test/frontend/onnx/shape-arithmetic.test -o %t.onnx && unit-onnx-truncate %t.onnx | FileCheck %s
 * RUN: %mkonnx %src/test/frontend/onnx/typed-data.test -o %t.onnx && unit-onnx-truncate %t.onnx | FileCheck %s
 * CHECK: whole: accepted
 * CHECK: prefixes: {{[1-9][0-9]+}}, accepted: 0, silent: 0
 * CHECK: changes: {{[1-9][0-9]+}}, silent: 0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qir/frontend.h"
#include "qir/support/file.h"

typedef enum outcome { ACCEPTED, REFUSED, SILENT } outcome;

static void count_errors(void *user, const qir_diag *d)
{
    *(unsigned *)user += d->severity == QIR_ERROR;
}

static outcome import(const unsigned char *data, size_t len)
{
    qir_context *ctx = qir_context_create(NULL, NULL);
    unsigned errors = 0;
    qir_diag_set_handler(qir_context_diag(ctx), count_errors, &errors);
    /* An exact copy: reading one byte too many is seen. */
    unsigned char *copy = malloc(len ? len : 1);
    memcpy(copy, data, len);
    qir_module *m = qir_import_onnx(ctx, "model.onnx", copy, len, -1, NULL);
    outcome result = m ? ACCEPTED : errors ? REFUSED : SILENT;
    qir_module_destroy(m);
    qir_context_destroy(ctx);
    free(copy);
    return result;
}

static void all_prefixes(const qir_bytes *b)
{
    unsigned counts[3] = {0};
    for (size_t len = 0; len < b->len; len++)
        counts[import(b->data, len)]++;
    printf("prefixes: %zu, accepted: %u, silent: %u\n", b->len, counts[ACCEPTED], counts[SILENT]);
}

/* Some bits of every byte flipped: lengths, tags, counts, numbers. */
static void all_changes(const qir_bytes *b)
{
    static const unsigned char flips[] = {0x01, 0x08, 0x80, 0xff};
    unsigned counts[3] = {0}, total = 0;
    unsigned char *copy = malloc(b->len);
    memcpy(copy, b->data, b->len);
    for (size_t i = 0; i < b->len; i++)
        for (size_t k = 0; k < sizeof flips; k++, total++) {
            copy[i] ^= flips[k];
            counts[import(copy, b->len)]++;
            copy[i] ^= flips[k];
        }
    free(copy);
    printf("changes: %u, silent: %u\n", total, counts[SILENT]);
}

int main(int argc, char **argv)
{
    qir_arena *arena = qir_arena_create(NULL, NULL);
    qir_diag_engine *diag = qir_diag_engine_create();
    qir_bytes b;
    if (argc != 2 || !qir_read_file(diag, arena, argv[1], 1 << 20, "", &b))
        return 1;
    printf("whole: %s\n", import(b.data, b.len) == ACCEPTED ? "accepted" : "refused");
    all_prefixes(&b);
    all_changes(&b);
    qir_diag_engine_destroy(diag);
    qir_arena_destroy(arena);
    return 0;
}
