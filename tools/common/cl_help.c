/* -help and -version. */
#include "cl_priv.h"

#include <stdio.h>
#include <string.h>
#include "version.h"

enum { HELP_COLUMN = 30 };

void cl_each_option(const cl_tool *tool, void (*fn)(const cl_option *o))
{
    for (const cl_option *o = tool->options; o->name; o++)
        if (o->help)
            fn(o);
    for (const cl_builtin *b = cl_builtins; b->name; b++)
        if (b->help)
            fn(&(cl_option){.name = b->name, .kind = CL_FLAG, .help = b->help});
}

static void print_option(const cl_option *o)
{
    char left[80];
    const char *shape = o->kind == CL_FLAG       ? "-%s"
                        : o->kind == CL_JOINED   ? "-%s%s"
                        : o->kind == CL_OPTIONAL ? "-%s[=%s]"
                                                 : "-%s=%s";
    snprintf(left, sizeof left, shape, o->name, o->metavar);
    if (strlen(left) > HELP_COLUMN) {
        printf("  %s\n", left);
        left[0] = '\0';
    }
    printf("  %-*s %s\n", HELP_COLUMN, left, o->help);
}

void cl_print_help(const cl_tool *tool, const char *value)
{
    (void)value;
    printf("usage: %s %s\n\n%s\n\noptions:\n", tool->name, tool->synopsis, tool->summary);
    cl_each_option(tool, print_option);
}

void cl_print_version(const cl_tool *tool, const char *value)
{
    (void)value;
    printf("%s (qcc) %s\n", tool->name, QCC_VERSION);
}
