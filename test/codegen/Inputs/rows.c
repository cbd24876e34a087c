/* The self-test of rows.qir. */
#include <stdio.h>
#include "m.h"

static _Alignas(M_SCRATCH_ALIGN) unsigned char scratch[M_SELFTEST_BYTES];

int main(void)
{
    printf("%d\n", m_selftest(scratch, sizeof scratch));
    return 0;
}
