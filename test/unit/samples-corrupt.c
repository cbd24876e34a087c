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
RUN: %python %src/test/io/Inputs/hex.py %src/test/io/jpeg.test %t.jpg
RUN: unit-samples-corrupt %t.bad.jpg %t.jpg | FileCheck %s
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

/* One argument of [1,2] for arrays, [1,3,2,2] for images, [1,1,8,8] for JPEG. */
typedef enum seed_kind { ARRAY, IMAGE, JPEG } seed_kind;

static qir_func *make_func(qir_module *m, seed_kind kind)
{
    static const int64_t dims[3][4] = {{1, 2}, {1, 3, 2, 2}, {1, 1, 8, 8}};
    qir_func *f = qir_func_create(m, "main", NULL);
    const qir_type *t = qir_tensor_type(m->ctx, QIR_f32, dims[kind], kind == ARRAY ? 2 : 4, NULL);
    qir_func_add_arg(f, t, "x", "x");
    return f;
}

static bool read_all(qir_func *f, const char *path)
{
    qir_samples *s = qir_samples_open(f, &path, 1);
    bool ok = s != NULL;
    for (int64_t i = 0; ok && i < qir_samples_count(s) && i < 4; i++) {
        qir_tensor in;
        ok = qir_samples_read(s, i, &in);
    }
    qir_samples_close(s);
    return ok;
}

/* A refused file must have been diagnosed, an accepted one not. */
static bool try_bytes(qir_func *f, const char *path, const unsigned char *data, size_t len)
{
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(data, 1, len, out) != len || fclose(out))
        exit(1);
    const qir_diag_engine *diag = qir_context_diag(f->module->ctx);
    unsigned before = qir_diag_error_count(diag);
    bool ok = read_all(f, path);
    if (ok == (qir_diag_error_count(diag) > before)) {
        printf("accepted with errors, or refused without\n");
        exit(1);
    }
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
    seed_kind kind = strstr(argv[1], ".np") ? ARRAY : strstr(argv[1], ".jpg") ? JPEG : IMAGE;
    qir_context *ctx = qir_context_create(NULL, NULL);
    qir_diag_set_handler(qir_context_diag(ctx), ignore, NULL);
    qir_module *m = qir_module_create(ctx, "m");
    qir_func *f = make_func(m, kind);
    printf("seed %s\n", try_bytes(f, argv[1], data, len) ? "accepted" : "refused");
    for (size_t n = 0; n < len; n++, damaged++)
        refused += !try_bytes(f, argv[1], data, n);
    for (size_t i = 0; i < len; i++) {
        unsigned char b = data[i];
        unsigned char ways[] = {
            0, 255, b ^ 1, b ^ 128, (unsigned char)(b + 1), (unsigned char)(b - 1)};
        for (size_t w = 0; w < sizeof ways; w++, damaged++) {
            data[i] = ways[w];
            refused += !try_bytes(f, argv[1], data, len);
        }
        data[i] = b;
    }
    printf("%zu damaged, %zu refused\n", damaged, refused);
    qir_module_destroy(m);
    qir_context_destroy(ctx);
    return 0;
}
