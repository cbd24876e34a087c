/* What main.c needs of a machine: aarch64/board.c and x86_64/board.c have it. */
#ifndef BOARD_H
#define BOARD_H

void board_put(char c); /* to the serial port; waits until it takes the character */

#endif
