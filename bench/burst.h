/* Calibration bursts: the peak of the dot product of each x86-64 level, measured beside every timing
 * so that a noisy neighbour shows.  Ten or more independent accumulators, in assembly, so that no
 * compiler shares or spills anything.  Each returns products per second / 10^9. */
#ifndef QCC_BENCH_BURST_H
#define QCC_BENCH_BURST_H

#include <stdbool.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct burst {
    const char *name;
    bool (*usable)(void);
    double (*run)(void);
} burst;

#ifdef __x86_64__
#include <cpuid.h>

enum { BURST_ROUNDS = 40000 };
#define BURST_CLOBBERS                                                                             \
    "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

/* A function that runs BODY, of `products` multiply-adds, many times. */
#define BURST(name, isa, products, BODY)                                                           \
    __attribute__((target(isa))) static double name(void)                                          \
    {                                                                                              \
        long n = BURST_ROUNDS;                                                                     \
        double start = seconds();                                                                  \
        __asm__ volatile("1:\n\t" BODY "dec %0\n\tjnz 1b\n\t" : "+r"(n) : : BURST_CLOBBERS);       \
        return 1e-9 * BURST_ROUNDS * (products) / (seconds() - start);                             \
    }

/* Products of registers 14 and 15 into accumulators a and b by way of s and t: exact without VNNI. */
#define MADDWD(a, b, s, t)                                                                         \
    "vpmaddwd %%ymm14, %%ymm15, %%ymm" s "\n\tvpmaddwd %%ymm14, %%ymm15, %%ymm" t                  \
    "\n\tvpaddd %%ymm" s ", %%ymm" a ", %%ymm" a "\n\tvpaddd %%ymm" t ", %%ymm" b ", %%ymm" b "\n\t"
#define PMADDWD(a, b, s, t)                                                                        \
    "movdqa %%xmm14, %%xmm" s "\n\tmovdqa %%xmm14, %%xmm" t "\n\tpmaddwd %%xmm15, %%xmm" s         \
    "\n\tpmaddwd %%xmm15, %%xmm" t "\n\tpaddd %%xmm" s ", %%xmm" a "\n\tpaddd %%xmm" t             \
    ", %%xmm" b "\n\t"
#define PAIRS(P)                                                                                   \
    P("0", "1", "10", "11") P("2", "3", "12", "13") P("4", "5", "10", "11") P("6", "7", "12", "13") \
    P("8", "9", "10", "11")
#define VEX(r) "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" r "\n\t"
#define EVEX(r) "vpdpbusd %%zmm14, %%zmm15, %%zmm" r "\n\t"
#define TWELVE(P)                                                                                  \
    P("0") P("1") P("2") P("3") P("4") P("5") P("6") P("7") P("8") P("9") P("10") P("11")

BURST(burst_pmaddwd, "sse2", 10 * 8, PAIRS(PMADDWD))
BURST(burst_vpmaddwd, "avx2", 10 * 16, PAIRS(MADDWD) "vzeroupper\n\t")
BURST(burst_vnni256, "avx2,avxvnni", 12 * 32, TWELVE(VEX) "vzeroupper\n\t")
BURST(burst_vnni512, "avx512vnni", 12 * 64, TWELVE(EVEX) "vzeroupper\n\t")

static bool always(void)
{
    return true;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static bool has_avxvnni(void)
{
    unsigned a = 0, b, c, d;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 4 & 1;
}

static bool has_avx512vnni(void)
{
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
}

/* Named as the level whose dot product they run. */
static const burst bursts[] = {
    {"sse2", always, burst_pmaddwd},
    {"avx2", has_avx2, burst_vpmaddwd},
    {"avxvnni", has_avxvnni, burst_vnni256},
    {"avx512vnni", has_avx512vnni, burst_vnni512},
    {NULL, NULL, NULL},
};
#else
static const burst bursts[] = {{NULL, NULL, NULL}};
#endif

#endif
