/* Calibration burst: the peak of the dot product that a level can do exactly, measured beside every
 * timing so that a noisy neighbour shows.  x86-64 with AVX2: two vpmaddwd, then two vpaddd, over
 * ten independent accumulators.  In assembly, so that no compiler shares or spills anything. */
#ifndef QCC_BENCH_BURST_H
#define QCC_BENCH_BURST_H

#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Products of registers 14 and 15 into registers a and b by way of temporaries s and t. */
#define BURST_PAIR(a, b, s, t)                                                                     \
    "vpmaddwd %%ymm14, %%ymm15, %%ymm" s "\n\t"                                                    \
    "vpmaddwd %%ymm14, %%ymm15, %%ymm" t "\n\t"                                                    \
    "vpaddd %%ymm" s ", %%ymm" a ", %%ymm" a "\n\t"                                                \
    "vpaddd %%ymm" t ", %%ymm" b ", %%ymm" b "\n\t"

/* GMAC/s: 16 multiply-adds per pair of instructions. */
static double burst_maddwd(void)
{
    enum { ROUNDS = 20000, ACCUMULATORS = 10 };
    long n = ROUNDS;
    double start = seconds();
    __asm__ volatile("1:\n\t" BURST_PAIR("0", "1", "10", "11") BURST_PAIR("2", "3", "12", "13")
                         BURST_PAIR("4", "5", "10", "11") BURST_PAIR("6", "7", "12", "13")
                             BURST_PAIR("8", "9", "10", "11") "dec %0\n\tjnz 1b\n\tvzeroupper"
                     : "+r"(n)
                     :
                     : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return 16e-9 * ROUNDS * ACCUMULATORS / (seconds() - start);
}

#endif
