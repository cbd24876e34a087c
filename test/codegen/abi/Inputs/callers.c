/* Callers that pass every wrong pointer, every misaligned or short scratch memory, buffers that overlap by
 * a byte, and that call from small stacks.  A wrong call writes nothing at all. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pair.h"

enum { ROOM = 4096, A = PAIR_INPUT_A_BYTES, B = PAIR_INPUT_B_BYTES, Y = PAIR_OUTPUT_Y_BYTES };

/* All buffers of a call lie in one memory, which is compared with a copy of it. */
static _Alignas(64) unsigned char memory[8 * ROOM + PAIR_SCRATCH_BYTES], before[sizeof memory];
static unsigned wrong, calls;

typedef struct call {
    unsigned char *a, *b, *y, *scratch;
    size_t bytes;
} call;

static int run(const call *c)
{
    pair_inputs in = {(const float *)(const void *)c->a, (const float *)(const void *)c->b};
    pair_outputs out = {(float *)(void *)c->y};
    return pair_run(&in, &out, c->scratch, c->bytes);
}

/* The call must return `code` and write nothing; one that returns 0 may write. */
static void expect(call c, int code)
{
    memcpy(before, memory, sizeof memory);
    int got = run(&c);
    calls++;
    if (got != code || (code && memcmp(before, memory, sizeof memory))) {
        printf("call %u: expected %d, got %d\n", calls, code, got);
        wrong++;
    }
}

static call right(void)
{
    unsigned char *scratch = memory + 4 * ROOM;
    return (call){memory, memory + ROOM, memory + 2 * ROOM, scratch, PAIR_SCRATCH_BYTES};
}

static void pointers(void)
{
    call c[4];
    for (int i = 0; i < 4; i++)
        c[i] = right();
    c[0].a = c[1].b = c[2].y = c[3].scratch = NULL;
    for (int i = 0; i < 4; i++)
        expect(c[i], PAIR_E_POINTER);
}

static void scratch_memory(void)
{
    call c = right();
    for (size_t n = 1; n < PAIR_SCRATCH_ALIGN; n++) {
        c.scratch = right().scratch + n;
        c.bytes = PAIR_SCRATCH_BYTES + ROOM;
        expect(c, PAIR_E_ALIGN);
    }
    c = right();
    for (size_t n = 0; n < PAIR_SCRATCH_BYTES; n += n < 8 ? 1 : PAIR_SCRATCH_BYTES / 7) {
        c.bytes = n;
        expect(c, PAIR_E_SCRATCH);
    }
    c.bytes = PAIR_SCRATCH_BYTES - 1;
    expect(c, PAIR_E_SCRATCH);
    c.bytes = (size_t)-1;
    expect(c, PAIR_OK);
}

/* y over an input or the scratch memory, by one byte at either end, and as near as is allowed. */
static void overlaps(void)
{
    call c = right();
    const struct {
        unsigned char *from;
        size_t size;
    } others[] = {{c.a + ROOM / 2, A}, {c.b + ROOM / 2, B}, {c.scratch, PAIR_SCRATCH_BYTES}};
    c.a = others[0].from;
    c.b = others[1].from;
    for (int i = 0; i < 3; i++) {
        c.y = others[i].from;
        expect(c, PAIR_E_POINTER);
        c.y = others[i].from + others[i].size - 1;
        expect(c, PAIR_E_POINTER);
        c.y = others[i].from - Y + 1;
        expect(c, PAIR_E_POINTER);
        c.y = others[i].from + others[i].size;
        expect(c, PAIR_OK);
        c.y = others[i].from - Y;
        expect(c, PAIR_OK);
    }
    c = right();
    c.a = c.scratch + PAIR_SCRATCH_BYTES - 1;
    expect(c, PAIR_E_POINTER);
    c.a = c.scratch - A + 1;
    expect(c, PAIR_E_POINTER);
    c = right();
    c.a = c.b; /* inputs may share memory */
    expect(c, PAIR_OK);
}

/* ---- small stacks ------------------------------------------------------------------------------- */
static int from_thread = 1, from_handler = 1;

static void *thread(void *unused)
{
    call c = right();
    from_thread = run(&c);
    return unused;
}

static void handler(int signal)
{
    call c = right();
    (void)signal;
    from_handler = run(&c);
}

static void small_thread(void)
{
    enum { STACK = 16384 };
    pthread_attr_t attr;
    pthread_t id;
    pthread_attr_init(&attr);
    if (pthread_attr_setstack(&attr, aligned_alloc(4096, STACK), STACK) ||
        pthread_create(&id, &attr, thread, NULL))
        from_thread = 2;
    else
        pthread_join(id, NULL);
}

static void small_handler(void)
{
    static _Alignas(64) unsigned char stack[16384];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    if (sigaltstack(&other, NULL) || sigaction(SIGUSR1, &action, NULL) || raise(SIGUSR1))
        from_handler = 2;
}

int main(void)
{
    pointers();
    scratch_memory();
    overlaps();
    small_thread();
    small_handler();
    printf("%u of %u calls wrong, thread %d, handler %d\n", wrong, calls, from_thread, from_handler);
    return 0;
}
