/* Calibration bursts: the peak of the dot product of each x86-64 level, measured beside every timing
 * so that a noisy neighbour shows.  Ten or more independent accumulators, in assembly, so that no
 * compiler shares or spills anything.  `run` is short and reads no memory.  `tile` is one step of a register
 * tile: weights and repeated operands come from the first-level cache, as a program needs them, which takes
 * power besides, so that a CPU may lower its clock. */
#ifndef QCC_BENCH_BURST_H
#define QCC_BENCH_BURST_H

#include <stdbool.h>
#include <time.h>

enum { TILE_BYTES = 640 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct burst {
    const char *name;
    bool (*usable)(void);
    double (*run)(void); /* products per second / 10^9 */
    void (*tile)(long trips, const void *memory); /* of TILE_BYTES */
    int products;                                 /* of a trip */
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

/* A function that runs BODY, one step of a tile, many times, and END: weights are the memory's first vectors,
 * operands words behind them. */
#define TILE(name, isa, END, BODY)                                                                 \
    __attribute__((target(isa))) static void name(long n, const void *memory)                      \
    {                                                                                              \
        __asm__ volatile("1:\n\t" BODY "dec %0\n\tjnz 1b\n\t" END                                  \
                         : "+r"(n)                                                                 \
                         : "r"(memory)                                                             \
                         : "memory", TILE_CLOBBERS);                                               \
    }

#define PMADDWD_ROW(at, a, b)                                                                      \
    "movd " at "(%1), %%xmm12\n\tpshufd $0, %%xmm12, %%xmm12\n\tmovdqa %%xmm12, %%xmm13\n\t"       \
    "pmaddwd %%xmm14, %%xmm12\n\tpmaddwd %%xmm15, %%xmm13\n\tpaddd %%xmm12, %%xmm" a               \
    "\n\tpaddd %%xmm13, %%xmm" b "\n\t"
#define MADDWD_ROW(at, a, b)                                                                       \
    "vpbroadcastd " at "(%1), %%ymm12\n\tvpmaddwd %%ymm14, %%ymm12, %%ymm13\n\t"                   \
    "vpmaddwd %%ymm15, %%ymm12, %%ymm12\n\tvpaddd %%ymm13, %%ymm" a ", %%ymm" a                    \
    "\n\tvpaddd %%ymm12, %%ymm" b ", %%ymm" b "\n\t"
#define VEX_ROW(at, a, b)                                                                          \
    "vpbroadcastd " at "(%1), %%ymm13\n\t%{vex%} vpdpbusd %%ymm14, %%ymm13, %%ymm" a               \
    "\n\t%{vex%} vpdpbusd %%ymm15, %%ymm13, %%ymm" b "\n\t"
#define EVEX_ROW(at, a, b, c, d)                                                                   \
    "vpbroadcastd " at "(%1), %%zmm24\n\tvpdpbusd %%zmm28, %%zmm24, %%zmm" a                       \
    "\n\tvpdpbusd %%zmm29, %%zmm24, %%zmm" b "\n\tvpdpbusd %%zmm30, %%zmm24, %%zmm" c              \
    "\n\tvpdpbusd %%zmm31, %%zmm24, %%zmm" d "\n\t"
#define FIVE_ROWS(R)                                                                               \
    R("256", "0", "1") R("320", "2", "3") R("384", "4", "5") R("448", "6", "7") R("512", "8", "9")
#define LOAD(move, at, r) move " " at "(%1), %%" r "\n\t"

#define TILE_CLOBBERS BURST_CLOBBERS
TILE(tile_pmaddwd, "sse2", "",
     LOAD("movdqa", "0", "xmm14") LOAD("movdqa", "16", "xmm15") FIVE_ROWS(PMADDWD_ROW))
TILE(tile_vpmaddwd, "avx2", "vzeroupper\n\t",
     LOAD("vmovdqa", "0", "ymm14") LOAD("vmovdqa", "32", "ymm15") FIVE_ROWS(MADDWD_ROW))
TILE(tile_vnni256, "avx2,avxvnni", "vzeroupper\n\t",
     LOAD("vmovdqa", "0", "ymm14") LOAD("vmovdqa", "32", "ymm15") FIVE_ROWS(VEX_ROW)
         VEX_ROW("576", "10", "11"))
#undef TILE_CLOBBERS
#define TILE_CLOBBERS                                                                              \
    BURST_CLOBBERS, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", \
        "xmm28", "xmm29", "xmm30", "xmm31"
TILE(tile_vnni512, "avx512vnni", "vzeroupper\n\t",
     LOAD("vmovdqa64", "0", "zmm28") LOAD("vmovdqa64", "64", "zmm29") LOAD("vmovdqa64", "128", "zmm30")
         LOAD("vmovdqa64", "192", "zmm31") EVEX_ROW("256", "0", "1", "2", "3")
             EVEX_ROW("320", "4", "5", "6", "7") EVEX_ROW("384", "8", "9", "10", "11")
                 EVEX_ROW("448", "12", "13", "14", "15") EVEX_ROW("512", "16", "17", "18", "19")
                     EVEX_ROW("576", "20", "21", "22", "23"))

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
    {"sse2", always, burst_pmaddwd, tile_pmaddwd, 10 * 8},
    {"avx2", has_avx2, burst_vpmaddwd, tile_vpmaddwd, 10 * 16},
    {"avxvnni", has_avxvnni, burst_vnni256, tile_vnni256, 12 * 32},
    {"avx512vnni", has_avx512vnni, burst_vnni512, tile_vnni512, 24 * 64},
    {NULL, NULL, NULL, NULL, 0},
};
#else
static const burst bursts[] = {{NULL, NULL, NULL, NULL, 0}};
#endif

/* Products per second / 10^9 of steps of a tile, for so long. */
static inline double burst_tiles(const burst *b, double milliseconds)
{
    enum { TRIPS = 4096 };
    static const _Alignas(64) char memory[TILE_BYTES] = {0};
    double trips = 0, start = seconds(), now = start;
    for (; now - start < 1e-3 * milliseconds; now = seconds(), trips += TRIPS)
        b->tile(TRIPS, memory);
    return 1e-9 * trips * b->products / (now - start);
}

#endif
