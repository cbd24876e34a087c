/* The option parser of all tools.  getopt_long_only does the splitting; abbreviations, which it
 * would accept, are refused here, so that adding an option never changes what a script means. */
#include "cl_priv.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/support/suggest.h"

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

/* --- what every tool has ----------------------------------------------------------------------- */
const cl_builtin cl_builtins[] = {
    {"help", NULL, "print this and exit", cl_print_help},
    {"h", NULL, NULL, cl_print_help},
    {"version", NULL, "print the version and exit", cl_print_version},
    {"print-man", NULL, NULL, cl_print_man},
    {"print-completion", "bash|zsh", NULL, cl_print_completion},
    {0},
};

enum { NUM_BUILTINS = sizeof cl_builtins / sizeof cl_builtins[0] - 1 };

static _Noreturn void print_builtin(const cl_tool *tool, const cl_builtin *b, const char *value)
{
    b->print(tool, value);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "%s: error: cannot write <stdout>: %s\n", tool->name, strerror(errno));
        exit(CL_EXIT_ERROR);
    }
    exit(CL_EXIT_OK);
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

/* The table of getopt: the tool's options, then what every tool has. */
static struct option *long_options(const cl_tool *tool, size_t n)
{
    struct option *opts = must(calloc(n + NUM_BUILTINS + 1, sizeof *opts));
    for (size_t i = 0; i < n; i++)
        opts[i] = (struct option){tool->options[i].name, takes_value(tool->options[i].kind), NULL,
                                  (int)i + 256};
    for (size_t i = 0; i < NUM_BUILTINS; i++)
        opts[n + i] = (struct option){cl_builtins[i].name,
                                      cl_builtins[i].metavar ? required_argument : no_argument, NULL,
                                      (int)(n + i) + 256};
    return opts;
}

/* May the value in `arg`, "-Wfoo" or "-j8", stand right behind the name of `o`? */
static bool is_joined(const cl_option *o, const char *arg)
{
    bool takes = o->kind == CL_JOINED || (o->kind == CL_INT && arg[2] >= '0' && arg[2] <= '9');
    return takes && arg[0] == '-' && arg[1] == o->name[0] && !o->name[1];
}

/* "-Wfoo" becomes "-W=foo". */
static char *split_joined(const cl_tool *tool, char *arg)
{
    for (const cl_option *o = tool->options; o->name; o++) {
        if (!arg[0] || !arg[1] || !arg[2] || !is_joined(o, arg))
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
    for (const cl_builtin *b = cl_builtins; b->name; b++)
        qir_suggestion_offer(&near, b->name);
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
        if (i >= n)
            print_builtin(tool, &cl_builtins[i - n], optarg);
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
