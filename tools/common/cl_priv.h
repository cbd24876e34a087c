/* What the option table prints besides parsing: help, version, man page, completions. */
#ifndef QCC_TOOLS_CL_PRIV_H
#define QCC_TOOLS_CL_PRIV_H

#include "cl.h"

/* An option of every tool that prints something and ends the process. */
typedef struct cl_builtin {
    const char *name;
    const char *metavar; /* of the value; NULL: takes none */
    const char *help;    /* NULL: not listed */
    void (*print)(const cl_tool *tool, const char *value);
} cl_builtin;

extern const cl_builtin cl_builtins[]; /* ends with name NULL */

void cl_print_help(const cl_tool *tool, const char *value);
void cl_print_version(const cl_tool *tool, const char *value);
/* The manual page, in the man macros. */
void cl_print_man(const cl_tool *tool, const char *value);
/* Completion for the shell `shell`, "bash" or "zsh". */
void cl_print_completion(const cl_tool *tool, const char *shell);

/* Calls `fn` for every listed option: the tool's, then those of every tool. */
void cl_each_option(const cl_tool *tool, void (*fn)(const cl_option *o));

#endif
