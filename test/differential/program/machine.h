/* What the program needs of the machine that it runs on: four system calls of Linux, and the
 * floating-point control of the architecture.  No C library. */
#ifndef QCC_DIFFER_MACHINE_H
#define QCC_DIFFER_MACHINE_H

#include <stddef.h>
#include <stdint.h>

void machine_write(const char *text, size_t n);
_Noreturn void machine_exit(int code);
/* Zeroed pages, with one that may not be touched on both sides; NULL: none left. */
uint8_t *machine_guarded(size_t bytes);

enum { PAGE = 4096, ENVIRONMENTS = 16 };

/* Floating-point environment `i`: bits 0 and 1 rounding, bit 2 subnormal results become zero, bit 3
 * subnormal operands do (AArch64: NaN are replaced); registers hold what is left of other code, and
 * exceptions are unmasked where `i` is odd. */
void machine_disturb(unsigned i);
/* Are all settings still those of `i`?  Back to the default ones. */
int machine_restored(unsigned i);

#endif
