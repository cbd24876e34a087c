/* Says what the self-test of model m finds: its code, or the layer that is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include "m.h"

int main(int argc, char **argv)
{
    unsigned char *memory = aligned_alloc(M_SCRATCH_ALIGN, (M_SELFTEST_BYTES + 63) / 64 * 64 + 64);
#ifdef M_WEIGHTS_BYTES
    unsigned char *weights = aligned_alloc(M_WEIGHTS_ALIGN, (M_WEIGHTS_BYTES + 63) / 64 * 64);
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file || fread(weights, 1, M_WEIGHTS_BYTES, file) != M_WEIGHTS_BYTES)
        return 1;
    int found = m_selftest(memory, M_SELFTEST_BYTES, weights);
#else
    (void)argc, (void)argv;
    int found = m_selftest(memory, M_SELFTEST_BYTES);
    printf("null %d, misaligned %d, short %d\n", m_selftest(NULL, M_SELFTEST_BYTES),
           m_selftest(memory + 1, M_SELFTEST_BYTES), m_selftest(memory, M_SELFTEST_BYTES - 1));
#endif
    printf("%s %s\n", found ? "wrong:" : "right", m_op_name(found));
    return *m_op_name(-1) || *m_op_name(1 << 20);
}
