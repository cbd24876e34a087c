/* Wrong calls of run_mt, and right ones on pools of every kind: prints what came of them.  Scratch
 * memory ends where SCRATCH_BYTES_MT says: a page that must not be touched follows. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "vision.h"

enum { MOST = 64, PAGE = 1 << 16 };

#ifdef __x86_64__
#include <xmmintrin.h>
enum { ODD = 0xdfc0, USUAL = 0x1f80 }; /* flush to zero, denormals are zero, rounding up */
static void set_word(uint64_t v) { _mm_setcsr((unsigned)v); }
static uint64_t get_word(void) { return _mm_getcsr() & ~0x3fu; }
#else
enum { ODD = 15u << 22, USUAL = 0 };
static void set_word(uint64_t v) { __asm__ volatile("msr FPCR, %0" : : "r"(v)); }
static uint64_t get_word(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, FPCR" : "=r"(v));
    return v;
}
#endif

static float image[VISION_INPUT_IMAGE_ELEMENTS], first[VISION_OUTPUT_CLASSES_ELEMENTS],
    again[VISION_OUTPUT_CLASSES_ELEMENTS];
static const vision_inputs in = {.image = image};
static const vision_outputs out = {.classes = again};

/* How a pool runs its tasks, and what it saw of them. */
typedef struct order {
    unsigned step; /* from one task to the next; odd, to meet all of 2, 4, 8, ... */
    unsigned calls, most;
    int kept;
} order;

static void in_order(void *user, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    order *o = user;
    unsigned char done[MOST] = {0};
    unsigned index = o->step % count;
    o->calls++;
    o->most = count > o->most ? count : o->most;
    for (unsigned i = 0; i < count; i++, index = (index + o->step) % count) {
        while (done[index])
            index = (index + 1) % count;
        done[index] = 1;
        set_word(ODD); /* a thread's own */
        task(arg, index);
        o->kept = o->kept && get_word() == ODD;
        set_word(USUAL);
    }
}

static unsigned char *scratch_of(size_t bytes)
{
    size_t room = (bytes + PAGE - 1) / PAGE * PAGE;
    unsigned char *p = mmap(NULL, room + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p, room, PROT_READ | PROT_WRITE))
        exit(2);
    memset(p, 0x5a, room);
    return p + (room - bytes) / 64 * 64;
}

static int run(unsigned char *scratch, size_t bytes, const qcc_pool *pool)
{
    return vision_run_mt(&in, &out, scratch, bytes, pool);
}

static void wrong_calls(unsigned char *scratch, size_t bytes)
{
    order o = {.step = 1};
    qcc_pool good = {&o, 2, in_order}, none = {&o, 0, in_order}, many = {&o, 65, in_order},
             empty = {&o, 2, NULL};
    size_t need = VISION_SCRATCH_BYTES_MT(2);
    vision_outputs inside = {.classes = (float *)(void *)(scratch + need - sizeof again)};
    printf("pool %d %d %d %d\n", run(scratch, bytes, NULL), run(scratch, bytes, &none),
           run(scratch, bytes, &many), run(scratch, bytes, &empty));
    printf("scratch %d %d %d\n", run(scratch, need - 1, &good), run(scratch + 1, bytes - 1, &good),
           run(NULL, bytes, &good));
    printf("overlap %d\n", vision_run_mt(&in, &inside, scratch, bytes, &good));
    printf("pointer %d\n", vision_run_mt(NULL, &out, scratch, bytes, &good));
    printf("tasks of wrong calls %u\n", o.calls);
}

/* All numbers of threads in three orders: 1 if the bytes are those of one thread. */
static int right_calls(order *seen)
{
    static const unsigned steps[] = {1, 7, 63};
    int same = 1;
    for (unsigned n = 1; n <= MOST; n++)
        for (int k = 0; k < 3; k++) {
            size_t bytes = VISION_SCRATCH_BYTES_MT(n);
            unsigned char *scratch = scratch_of(bytes);
            seen->step = steps[k];
            qcc_pool pool = {seen, n, in_order};
            memset(again, 0x5a, sizeof again);
            int code = run(scratch, bytes, &pool);
            same = same && !code && !memcmp(first, again, sizeof first);
        }
    return same;
}

int main(void)
{
    order seen = {.kept = 1};
    unsigned char *scratch = scratch_of(VISION_SCRATCH_BYTES_MT(MOST));
    for (int i = 0; i < VISION_INPUT_IMAGE_ELEMENTS; i++)
        image[i] = (float)(i * 37 % 101) / 101.0f;
    vision_outputs one = {.classes = first};
    if (vision_run(&in, &one, scratch, VISION_SCRATCH_BYTES))
        return 1;
    wrong_calls(scratch, VISION_SCRATCH_BYTES_MT(MOST));
    int same = right_calls(&seen);
    printf("same %d, tasks at most %u, word kept %d\n", same, seen.most, seen.kept);
    return 0;
}
