/* Subnormal inputs under every odd floating-point control word: the same bytes, the word kept. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "pair.h"

#ifdef __x86_64__
#include <xmmintrin.h>
/* flush to zero, denormals are zero, both with rounding up; nothing masked */
static const uint64_t words[] = {0x1f80, 0x9f80, 0x1fc0, 0xdfc0, 0x0000};
static void set_word(uint64_t v) { _mm_setcsr((unsigned)v); }
static uint64_t get_word(void) { return _mm_getcsr() & ~0x3fu; }
#elif defined __riscv
/* rounding to zero, down, up, to the larger magnitude, with all flags raised */
static const uint64_t words[] = {0, 0x20, 0x40, 0x60, 0x9f};
static void set_word(uint64_t v) { __asm__ volatile("fscsr %0" : : "r"(v)); }
static uint64_t get_word(void)
{
    uint64_t v;
    __asm__ volatile("frcsr %0" : "=r"(v));
    return v;
}
#else
/* flush to zero, default NaN, both with rounding to zero */
static const uint64_t words[] = {0, 1u << 24, 1u << 25, 15u << 22};
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

int main(void)
{
    float first[PAIR_OUTPUT_Y_ELEMENTS];
    int same = 1, kept = 1, subnormal = 0;
    pair_inputs in = {.a = a, .b = b};
    pair_outputs out = {.y = y};
    for (unsigned i = 0; i < PAIR_INPUT_A_ELEMENTS; i++) {
        uint32_t bits = 0x123456u + 77 * i;
        memcpy(&a[i], &bits, sizeof bits);
    }
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        memset(y, 0x55, sizeof y);
        set_word(words[i]);
        int rc = pair_run(&in, &out, scratch, sizeof scratch);
        uint64_t after = get_word();
        set_word(words[0]);
        kept = kept && rc == 0 && after == words[i];
        if (i == 0)
            memcpy(first, y, sizeof y);
        same = same && !memcmp(first, y, sizeof y);
    }
    for (unsigned i = 0; i < PAIR_OUTPUT_Y_ELEMENTS; i++)
        subnormal += y[i] != 0 && y[i] < 0x1p-126f;
    printf("same %d, kept %d, subnormal results %d\n", same, kept, subnormal > 0);
    return 0;
}
