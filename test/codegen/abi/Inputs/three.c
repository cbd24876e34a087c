/* Three models that differ in a weight, called from one place; C11 and C++17. */
#include <stdio.h>
#include <string.h>
#include "other.h"
#include "pair.h"
#include "third.h"

#ifdef __cplusplus
#define STATIC_ALIGNED(n) alignas(n) static
#else
#define STATIC_ALIGNED(n) static _Alignas(n)
#endif

enum { BYTES = PAIR_SCRATCH_BYTES, ELEMENTS = PAIR_OUTPUT_Y_ELEMENTS };

STATIC_ALIGNED(PAIR_SCRATCH_ALIGN) unsigned char scratch[BYTES];
static float a[PAIR_INPUT_A_ELEMENTS], b[PAIR_INPUT_B_ELEMENTS], y[3][ELEMENTS];

static int differ(int i, int k)
{
    return memcmp(y[i], y[k], sizeof y[i]) != 0;
}

int main(void)
{
    for (int i = 0; i < PAIR_INPUT_A_ELEMENTS; i++) {
        a[i] = 1.0f / (float)(i + 3);
        b[i] = 0.01f * (float)i;
    }
    pair_inputs pair_in = {a, b};
    other_inputs other_in = {a, b};
    ThirdOne_inputs third_in = {a, b};
    pair_outputs pair_out = {y[0]};
    other_outputs other_out = {y[1]};
    ThirdOne_outputs third_out = {y[2]};
    int first = pair_run(&pair_in, &pair_out, scratch, sizeof scratch);
    int second = other_run(&other_in, &other_out, scratch, sizeof scratch);
    int third = ThirdOne_run(&third_in, &third_out, scratch, sizeof scratch);
    printf("codes %d %d %d\n", first, second, third);
    printf("different %d %d %d\n", differ(0, 1), differ(0, 2), differ(1, 2));
    printf("%s, %u inputs, '%s'\n", ThirdOne_info.name, (unsigned)ThirdOne_info.input_count,
           ThirdOne_info.tensors[0].name);
    return 0;
}
