/* Runs a compiled model over a file of samples:
 *     driver IN OUT IN_BYTES OUT_BYTES
 * IN holds whole samples of the model's only input, OUT receives the only output of each.  Built with
 * -DMODEL_HEADER='"m.h"'; the model is named m.  The buffers end right before an unmapped page, and
 * start odd-aligned to 4 bytes only, so that a kernel that reads or writes past them faults. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include MODEL_HEADER

/* `bytes` usable bytes that end at a PROT_NONE page. */
static unsigned char *guarded(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
    unsigned char *p = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                            -1, 0);
    if (p == MAP_FAILED || mprotect(p + whole, page, PROT_NONE))
        exit(1);
    return p + whole - bytes;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    size_t in_bytes = strtoul(argv[3], NULL, 10), out_bytes = strtoul(argv[4], NULL, 10);
    FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
    if (!in || !out)
        return 1;
    size_t scratch_bytes = (M_SCRATCH_BYTES + 63) / 64 * 64;
    unsigned char *x = guarded(in_bytes), *y = guarded(out_bytes), *scratch = guarded(scratch_bytes);
    const void *inputs[1] = {x};
    void *outputs[1] = {y};
    while (fread(x, in_bytes, 1, in) == 1) {
        m_inputs is;
        m_outputs os;
        memcpy(&is, inputs, sizeof is);
        memcpy(&os, outputs, sizeof os);
        int code = m_run(&is, &os, scratch, scratch_bytes);
        if (code) {
            fprintf(stderr, "m_run: %d (%s)\n", code, m_isa());
            return 1;
        }
        fwrite(y, out_bytes, 1, out);
    }
    return fclose(out) != 0;
}
