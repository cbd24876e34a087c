/* Other programs. */
#ifndef QCC_TOOLS_PROCESS_H
#define QCC_TOOLS_PROCESS_H

#include <stddef.h>

/* Descriptors 0 to 2 are opened on these files; NULL: on nothing, "": they stay those of the caller. */
typedef struct tool_process {
    const char *const *argv; /* argv[0]: a path, or a name to be looked up in PATH; ends with NULL */
    const char *in, *out, *err;
    unsigned seconds; /* of processor time; 0: any */
} tool_process;

enum { TOOL_NOT_STARTED = 127, TOOL_SIGNAL = 128 };

/* Runs it to its end.  Its exit code, TOOL_SIGNAL + number when a signal ended it, TOOL_NOT_STARTED. */
int tool_run_process(const tool_process *p);

/* The first of the names (a list that ends with NULL) that PATH has, malloc'ed; NULL: none. */
char *tool_find_program(const char *const *names);

#endif
