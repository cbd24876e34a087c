/* Command lines: one option table per tool, read by getopt_long_only and by -help.
 *
 * Options have a single dash (two are accepted); a value stands as -name=value or -name value.
 * Usage errors exit with 2. */
#ifndef QCC_TOOLS_CL_H
#define QCC_TOOLS_CL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CL_EXIT_OK = 0,
    CL_EXIT_ERROR = 1,     /* the input was wrong; diagnosed */
    CL_EXIT_USAGE = 2,     /* the command line was wrong */
    CL_EXIT_THRESHOLD = 3, /* a comparison missed its threshold */
    CL_EXIT_INTERNAL = 70
};

typedef struct cl_list {
    const char **items;
    size_t len;
} cl_list;

typedef enum cl_kind {
    CL_FLAG,   /* bool: -name, -name=0, -name=1 */
    CL_STRING, /* const char *: -name=value, -name value */
    CL_OPTIONAL, /* const char *: -name=value, or -name, which gives "" */
    CL_INT,    /* int64_t within [min, max]; of a one-letter name also -j8 */
    CL_LIST,   /* cl_list: may be given several times */
    CL_JOINED  /* cl_list: -Wvalue, the value stands right behind the (one-letter) name */
} cl_kind;

typedef struct cl_option {
    const char *name; /* without dash */
    cl_kind kind;
    void *dest;
    const char *metavar; /* of the value; NULL for flags */
    const char *help;    /* one line; NULL: not listed */
    int64_t min, max;    /* CL_INT; both 0: any */
} cl_option;

typedef struct cl_tool {
    const char *name;
    const char *synopsis;     /* "[options] INPUT" */
    const char *summary;      /* one or more lines */
    const cl_option *options; /* ends with name NULL */
    size_t min_inputs, max_inputs;
} cl_tool;

/* Parses `argv`.  Inputs ("-" = standard input) go to `inputs`, which points into memory that lives
 * as long as the process.  -help and -version print and exit with 0; errors print and exit with
 * CL_EXIT_USAGE. */
void cl_parse(const cl_tool *tool, int argc, char **argv, cl_list *inputs);

/* "tool: error: ..." and exit with CL_EXIT_USAGE: for combinations that the table cannot refuse. */
_Noreturn void cl_usage_error(const cl_tool *tool, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
