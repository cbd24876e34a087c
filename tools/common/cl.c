/* The option parser of all tools.  getopt_long_only does the splitting; abbreviations, which it
 * would accept, are refused here, so that adding an option never changes what a script means. */
#include "cl.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/support/suggest.h"
#include "version.h"

/* Arguments may hold anything: what is not printable is escaped, as in diagnostics. */
static void print_escaped(const char *s)
{
    for (; *s; s++)
        fprintf(stderr, *s >= 0x20 && *s < 0x7f ? "%c" : "\\x%02x", (unsigned char)*s);
}

_Noreturn void cl_usage_error(const cl_tool *tool, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fprintf(stderr, "%s: error: ", tool->name);
    print_escaped(text);
    fprintf(stderr, "\nusage: %s %s\nTry '%s -help'.\n", tool->name, tool->synopsis, tool->name);
    exit(CL_EXIT_USAGE);
}

static void *must(void *p)
{
    if (!p) {
        fprintf(stderr, "error: out of memory\n");
        exit(CL_EXIT_ERROR);
    }
    return p;
}

enum { HELP_COLUMN = 30 };

/* --- -help and -version ----------------------------------------------------------------------- */
static void print_option(const char *name, cl_kind kind, const char *metavar, const char *help)
{
    char left[80];
    const char *value = metavar ? metavar : "VALUE";
    const char *shape = kind == CL_FLAG       ? "-%s"
                        : kind == CL_JOINED   ? "-%s%s"
                        : kind == CL_OPTIONAL ? "-%s[=%s]"
                                              : "-%s=%s";
    snprintf(left, sizeof left, shape, name, value);
    if (strlen(left) > HELP_COLUMN) {
        printf("  %s\n", left);
        left[0] = '\0';
    }
    printf("  %-*s %s\n", HELP_COLUMN, left, help);
}

static _Noreturn void finish_stdout(const cl_tool *tool)
{
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "%s: error: cannot write <stdout>: %s\n", tool->name, strerror(errno));
        exit(CL_EXIT_ERROR);
    }
    exit(CL_EXIT_OK);
}

static _Noreturn void print_help(const cl_tool *tool)
{
    printf("usage: %s %s\n\n%s\n\noptions:\n", tool->name, tool->synopsis, tool->summary);
    for (const cl_option *o = tool->options; o->name; o++)
        if (o->help)
            print_option(o->name, o->kind, o->metavar, o->help);
    print_option("help", CL_FLAG, NULL, "print this and exit");
    print_option("version", CL_FLAG, NULL, "print the version and exit");
    finish_stdout(tool);
}

static _Noreturn void print_version(const cl_tool *tool)
{
    printf("%s (qcc) %s\n", tool->name, QCC_VERSION);
    finish_stdout(tool);
}

/* --- values ----------------------------------------------------------------------------------- */
static void set_flag(const cl_tool *tool, const cl_option *o, const char *value)
{
    bool on = !value || !strcmp(value, "1") || !strcmp(value, "true");
    if (value && !on && strcmp(value, "0") && strcmp(value, "false"))
        cl_usage_error(tool, "-%s takes no value but 0 or 1, got '%s'", o->name, value);
    *(bool *)o->dest = on;
}

static void set_int(const cl_tool *tool, const cl_option *o, const char *value)
{
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (errno || end == value || *end)
        cl_usage_error(tool, "-%s expects an integer, got '%s'", o->name, value);
    if ((o->min || o->max) && (v < o->min || v > o->max))
        cl_usage_error(tool, "-%s expects a value from %lld to %lld, got %lld", o->name,
                       (long long)o->min, (long long)o->max, v);
    *(int64_t *)o->dest = v;
}

static void append(cl_list *list, const char *item)
{
    list->items = must(realloc(list->items, (list->len + 1) * sizeof *list->items));
    list->items[list->len++] = item;
}

static void set_option(const cl_tool *tool, const cl_option *o, const char *value)
{
    switch (o->kind) {
    case CL_FLAG: set_flag(tool, o, value); return;
    case CL_STRING: *(const char **)o->dest = value; return;
    case CL_OPTIONAL: *(const char **)o->dest = value ? value : ""; return;
    case CL_INT: set_int(tool, o, value); return;
    case CL_LIST:
    case CL_JOINED: append(o->dest, value); return;
    }
}

/* --- parsing ---------------------------------------------------------------------------------- */
static size_t count_options(const cl_tool *tool)
{
    size_t n = 0;
    while (tool->options[n].name)
        n++;
    return n;
}

static int takes_value(cl_kind kind)
{
    return kind == CL_FLAG || kind == CL_OPTIONAL ? optional_argument : required_argument;
}

/* The table of getopt: the tool's options, then help and version. */
static struct option *long_options(const cl_tool *tool, size_t n)
{
    struct option *opts = must(calloc(n + 4, sizeof *opts));
    for (size_t i = 0; i < n; i++)
        opts[i] = (struct option){tool->options[i].name, takes_value(tool->options[i].kind), NULL,
                                  (int)i + 256};
    opts[n] = (struct option){"help", no_argument, NULL, (int)n + 256};
    opts[n + 1] = (struct option){"h", no_argument, NULL, (int)n + 256};
    opts[n + 2] = (struct option){"version", no_argument, NULL, (int)n + 257};
    return opts;
}

/* "-Wfoo" becomes "-W=foo". */
static char *split_joined(const cl_tool *tool, char *arg)
{
    for (const cl_option *o = tool->options; o->name; o++) {
        if (o->kind != CL_JOINED || arg[0] != '-' || arg[1] != o->name[0] || !arg[2])
            continue;
        bool is_other = false;
        for (const cl_option *other = tool->options; other->name; other++)
            is_other |= other->kind != CL_JOINED &&
                        !strncmp(arg + 1, other->name, strcspn(arg + 1, "=")) &&
                        strlen(other->name) == strcspn(arg + 1, "=");
        if (is_other || arg[2] == '=')
            continue;
        size_t size = strlen(arg) + 2;
        char *s = must(malloc(size));
        snprintf(s, size, "-%c=%s", arg[1], arg + 2);
        return s;
    }
    return arg;
}

static char **prepare(const cl_tool *tool, int argc, char **argv)
{
    char **copy = must(calloc((size_t)argc + 2, sizeof *copy));
    bool inputs_only = false;
    for (int i = 0; i < argc; i++) {
        inputs_only |= i && !strcmp(argv[i], "--");
        copy[i] = i && !inputs_only ? split_joined(tool, argv[i]) : argv[i];
    }
    return copy;
}

static _Noreturn void unknown_option(const cl_tool *tool, const char *arg)
{
    const char *name = arg + strspn(arg, "-");
    qir_suggestion near = {.name = name, .len = strcspn(name, "=")};
    for (const cl_option *o = tool->options; o->name; o++)
        qir_suggestion_offer(&near, o->name);
    qir_suggestion_offer(&near, "help");
    qir_suggestion_offer(&near, "version");
    if (near.best)
        cl_usage_error(tool, "unknown option '%.200s', did you mean '-%s'?", arg, near.best);
    cl_usage_error(tool, "unknown option '%.200s'", arg);
}

/* Is `arg` the option `name` in full? */
static bool is_exact(const char *arg, const char *name)
{
    arg += strspn(arg, "-");
    return strlen(name) == strcspn(arg, "=") && !strncmp(arg, name, strlen(name));
}

static void parse_options(const cl_tool *tool, int argc, char **argv, struct option *opts, size_t n)
{
    int c, index = 0;
    opterr = 0;
    optind = 1;
    while ((c = getopt_long_only(argc, argv, ":", opts, &index)) != -1) {
        bool separate = optarg && optind > 1 && optarg == argv[optind - 1];
        const char *arg = argv[optind - (separate ? 2 : 1)];
        if (c == ':')
            cl_usage_error(tool, "option '%.200s' needs a value", arg);
        if (c == '?' || !is_exact(arg, opts[index].name))
            unknown_option(tool, arg);
        size_t i = (size_t)c - 256;
        if (i == n)
            print_help(tool);
        if (i == n + 1)
            print_version(tool);
        set_option(tool, &tool->options[i], optarg);
    }
}

void cl_parse(const cl_tool *tool, int argc, char **argv, cl_list *inputs)
{
    size_t n = count_options(tool);
    struct option *opts = long_options(tool, n);
    char **args = prepare(tool, argc, argv);
    parse_options(tool, argc, args, opts, n);
    free(opts);
    for (int i = optind; i < argc; i++)
        append(inputs, args[i]);
    if (inputs->len < tool->min_inputs)
        cl_usage_error(tool, "no input");
    if (inputs->len > tool->max_inputs)
        cl_usage_error(tool, "too many inputs, did not expect '%.200s'",
                       inputs->items[tool->max_inputs]);
}
