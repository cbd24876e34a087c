/* Runs a compiled model on .npy inputs: PROGRAM OUTPUT BYTES INPUT...  The structs of the generated
 * header hold one pointer per tensor, so arrays of pointers serve every model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "m.h"

static void *read_npy(const char *path)
{
    unsigned char head[10];
    FILE *f = fopen(path, "rb");
    if (!f || fread(head, 1, sizeof head, f) != sizeof head)
        exit(2);
    fseek(f, 0, SEEK_END);
    long begin = 10 + head[8] + 256 * head[9], n = ftell(f) - begin;
    void *data = malloc((size_t)n);
    fseek(f, begin, SEEK_SET);
    if (fread(data, 1, (size_t)n, f) != (size_t)n)
        exit(2);
    fclose(f);
    return data;
}

int main(int argc, char **argv)
{
    const void *in[8];
    void *out[1];
    size_t bytes = (size_t)atol(argv[2]);
    for (int i = 3; i < argc; i++)
        in[i - 3] = read_npy(argv[i]);
    out[0] = malloc(bytes);
    size_t scratch_bytes = (M_SCRATCH_BYTES + 127) & ~(size_t)63;
    void *scratch = aligned_alloc(64, scratch_bytes);
    int rc = m_run((const m_inputs *)in, (const m_outputs *)out, scratch, scratch_bytes);
    if (rc)
        return 3;
    FILE *f = fopen(argv[1], "wb");
    return !f || fwrite(out[0], 1, bytes, f) != bytes || fclose(f);
}
