/* The one place where a broken invariant ends the process: by a trap, never by abort or exit. */
#include "qir/support/assert.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void qir_assert_failed(const char *cond, const char *msg, const char *file, int line)
{
    char text[512];
    int n = snprintf(text, sizeof text, "%s:%d: internal error: %s (%s)\n", file, line, msg, cond);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    ssize_t ignored = write(STDERR_FILENO, text, len);
    (void)ignored;
    __builtin_trap();
}
