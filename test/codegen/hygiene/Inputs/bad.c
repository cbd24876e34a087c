/* Breaks every promise that hygiene.py checks. */
#include <alloca.h>
#include <stdio.h>
#include "bad.h"

int counter;
static int table[4] = {1, 2, 3, 4};

int bad_run(int n)
{
    char *room = alloca((unsigned)n);
    sprintf(room, "%d", table[n & 3] += counter++);
    return room[0] + bad_run(n - 1);
}

float bad_sum(const float *x, int n)
{
    volatile char large[5000];
    large[n] = 1;
    return x[0] * x[1] + x[2] + large[0];
}

__asm__(".section .note.GNU-stack,\"x\",@progbits");
