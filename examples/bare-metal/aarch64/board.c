/* The PL011 serial port of `qemu-system-aarch64 -M virt`, which is ready as the machine starts. */
#include "../board.h"
#include <stdint.h>

static volatile uint32_t *const uart = (volatile uint32_t *)0x09000000;

enum { DATA = 0x00 / 4, FLAGS = 0x18 / 4, SEND_FULL = 1 << 5 };

void board_put(char c)
{
    while (uart[FLAGS] & SEND_FULL)
        ;
    uart[DATA] = (unsigned char)c;
}
