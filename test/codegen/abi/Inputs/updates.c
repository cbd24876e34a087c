/* An output that updates an input: one buffer for both, two, or two that overlap. */
#include <stdio.h>
#include <string.h>
#include "m.h"

static _Alignas(64) unsigned char scratch[M_SCRATCH_BYTES + 64];

static int run(const float *cache, float *next, long long pos)
{
    float row[2] = {1.0f, 2.0f};
    int64_t at[1] = {pos};
    m_inputs in = {.cache = cache, .row = row, .pos = at};
    m_outputs out = {.next = next};
    return m_run(&in, &out, scratch, sizeof scratch);
}

static void show(const char *what, const float *v)
{
    printf("%s:", what);
    for (int i = 0; i < 6; i++)
        printf(" %g", (double)v[i]);
    puts("");
}

int main(void)
{
    float a[8] = {0}, b[8] = {0};
    printf("%s %d\n", M_OUTPUT_NEXT_UPDATES, run(a, a, 1));
    show("same", a);
    printf("code %d\n", run(a, b, 2));
    show("from", a);
    show("to", b);
    printf("overlap %d\n", run(a, a + 1, 0));
    return 0;
}
