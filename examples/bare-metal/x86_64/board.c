/* The first serial port of a PC. */
#include "../board.h"

enum { DATA = 0x3f8, STATUS = 0x3fd, SEND_EMPTY = 1 << 5 };

static unsigned char in(unsigned short port)
{
    unsigned char value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
    return value;
}

void board_put(char c)
{
    while (!(in(STATUS) & SEND_EMPTY))
        ;
    __asm__ volatile("outb %0, %1" : : "a"(c), "d"((unsigned short)DATA));
}
