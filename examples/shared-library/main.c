/* Reads ten digits with libreaddigit. */
#include <stdio.h>
#include "read_digit.h"
#include "ten.h"

int main(void)
{
    printf("answers:");
    for (int i = 0; i < TEN_DIGITS; i++)
        printf(" %d", read_digit(ten_digits[i]));
    printf("\n");
    return 0;
}
