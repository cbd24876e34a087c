/* Subnormal inputs at every level in 16 floating-point environments: the same bytes, the control word kept. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "pair.h"

#ifdef __x86_64__
#include <xmmintrin.h>
/* rounding, flush to zero, denormals are zero; where rounding is odd nothing is masked */
static uint64_t word(unsigned i)
{
    return (i & 1 ? 0 : 0x1f80) | (i & 3) << 13 | (i & 4) << 13 | (i & 8) << 3;
}
static void set_word(uint64_t v) { _mm_setcsr((unsigned)v); }
static uint64_t get_word(void) { return _mm_getcsr() & ~0x3fu; }
#elif defined __riscv
/* the five roundings, without and with all flags raised */
static uint64_t word(unsigned i) { return i % 5 << 5 | (i & 8 ? 0x1f : 0); }
static void set_word(uint64_t v) { __asm__ volatile("fscsr %0" : : "r"(v)); }
static uint64_t get_word(void)
{
    uint64_t v;
    __asm__ volatile("frcsr %0" : "=r"(v));
    return v;
}
#else
/* rounding, flush to zero, default NaN */
static uint64_t word(unsigned i) { return (i & 3) << 22 | (i & 4) << 22 | (i & 8) << 22; }
static void set_word(uint64_t v) { __asm__ volatile("msr FPCR, %0" : : "r"(v)); }
static uint64_t get_word(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, FPCR" : "=r"(v));
    return v;
}
#endif

static _Alignas(PAIR_SCRATCH_ALIGN) unsigned char scratch[PAIR_SCRATCH_BYTES];
static float a[PAIR_INPUT_A_ELEMENTS], b[PAIR_INPUT_B_ELEMENTS], y[PAIR_OUTPUT_Y_ELEMENTS];

static float first[PAIR_OUTPUT_Y_ELEMENTS];
static int same = 1, kept = 1, levels;

/* In all environments; the bytes of level 0 in environment 0 are those of all others. */
static void run_level(int level)
{
    pair_inputs in = {.a = a, .b = b};
    pair_outputs out = {.y = y};
    for (unsigned i = 0; i < 16; i++) {
        memset(y, 0x55, sizeof y);
        set_word(word(i));
        int rc = pair_run_at(level, &in, &out, scratch, sizeof scratch);
        uint64_t after = get_word();
        set_word(word(0));
        if (rc == PAIR_E_CPU)
            return;
        kept = kept && rc == 0 && after == word(i);
        if (i == 0 && level == 0)
            memcpy(first, y, sizeof y);
        same = same && !memcmp(first, y, sizeof y);
    }
    levels++;
}

int main(void)
{
    int subnormal = 0;
    for (unsigned i = 0; i < PAIR_INPUT_A_ELEMENTS; i++) {
        uint32_t bits = 0x123456u + 77 * i;
        memcpy(&a[i], &bits, sizeof bits);
    }
    for (int level = 0; level < PAIR_LEVELS; level++)
        run_level(level);
    for (unsigned i = 0; i < PAIR_OUTPUT_Y_ELEMENTS; i++)
        subnormal += first[i] != 0 && first[i] < 0x1p-126f;
    printf("levels %d, same %d, kept %d, subnormal results %d\n", levels, same, kept, subnormal > 0);
    return 0;
}
