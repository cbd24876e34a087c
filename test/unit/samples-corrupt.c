/* Sample files damaged in every way that takes one byte: every prefix, and every byte set to 0, 255,
 * changed in its lowest and highest bit, incremented and decremented.  Nothing may crash; whatever
 * opens must be readable or diagnosed.
RUN: %python %src/test/io/Inputs/npy.py %t.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}" f4:1,2,3,4
RUN: %python %src/test/io/Inputs/npz.py %t.s.npz "x.npy={'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}=f4:1,2,3,4"
RUN: %python %src/test/io/Inputs/npz.py %t.d.npz -d "x.npy={'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}=f4:1,2,3,4"
RUN: %python %src/test/io/Inputs/image.py %t.png
RUN: %python %src/test/io/Inputs/image.py %t.ppm
RUN: unit-samples-corrupt %t.bad.npy %t.npy | FileCheck %s
RUN: unit-samples-corrupt %t.bad.npz %t.s.npz | FileCheck %s
RUN: unit-samples-corrupt %t.bad.npz %t.d.npz | FileCheck %s
RUN: unit-samples-corrupt %t.bad.png %t.png | FileCheck %s
RUN: unit-samples-corrupt %t.bad.ppm %t.ppm | FileCheck %s
CHECK: seed accepted
CHECK-NEXT: {{[1-9][0-9]+}} damaged, {{[1-9][0-9]*}} refused
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/samples.h"

static void ignore(void *user, const qir_diag *d)
{
    (void)user;
    (void)d;
}

/* One argument of [1,2] for arrays, of [1,3,2,2] for images. */
static qir_func *make_func(qir_module *m, bool image)
{
    static const int64_t dims[2][4] = {{1, 2}, {1, 3, 2, 2}};
    qir_func *f = qir_func_create(m, "main", NULL);
    const qir_type *t = qir_tensor_type(m->ctx, QIR_f32, dims[image], image ? 4 : 2, NULL);
    qir_func_add_arg(f, t, "x", "x");
    return f;
}

static bool read_all(qir_func *f, const char *path)
{
    qir_samples *s = qir_samples_open(f, &path, 1, NULL);
    bool ok = s != NULL;
    for (int64_t i = 0; ok && i < qir_samples_count(s) && i < 4; i++) {
        qir_tensor in;
        ok = qir_samples_read(s, i, &in);
    }
    qir_samples_close(s);
    return ok;
}

/* A context per file: a refused file must have been diagnosed. */
static bool try_bytes(const char *path, const unsigned char *data, size_t len, bool image)
{
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(data, 1, len, out) != len || fclose(out))
        exit(1);
    qir_context *ctx = qir_context_create(NULL, NULL);
    qir_diag_set_handler(qir_context_diag(ctx), ignore, NULL);
    qir_module *m = qir_module_create(ctx, "m");
    bool ok = read_all(make_func(m, image), path);
    if (ok == (qir_diag_error_count(qir_context_diag(ctx)) > 0)) {
        printf("accepted with errors, or refused without\n");
        exit(1);
    }
    qir_module_destroy(m);
    qir_context_destroy(ctx);
    return ok;
}

int main(int argc, char **argv)
{
    static unsigned char data[4096];
    FILE *in = argc == 3 ? fopen(argv[2], "rb") : NULL;
    size_t len = in ? fread(data, 1, sizeof data, in) : 0, damaged = 0, refused = 0;
    if (!len)
        return 1;
    fclose(in);
    bool image = !strstr(argv[1], ".np");
    printf("seed %s\n", try_bytes(argv[1], data, len, image) ? "accepted" : "refused");
    for (size_t n = 0; n < len; n++, damaged++)
        refused += !try_bytes(argv[1], data, n, image);
    for (size_t i = 0; i < len; i++) {
        unsigned char b = data[i];
        unsigned char ways[] = {0, 255, b ^ 1, b ^ 128, (unsigned char)(b + 1), (unsigned char)(b - 1)};
        for (size_t w = 0; w < sizeof ways; w++, damaged++) {
            data[i] = ways[w];
            refused += !try_bytes(argv[1], data, len, image);
        }
        data[i] = b;
    }
    printf("%zu damaged, %zu refused\n", damaged, refused);
    return 0;
}
