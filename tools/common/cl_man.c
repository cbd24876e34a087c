/* -print-man: the option table as a manual page.  It goes through groff without a warning. */
#include "cl_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "version.h"

/* Text is text: no control lines, and dashes and quotes that can be copied into a shell. */
static void print_text(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char *as = s[i] == '\\'   ? "\\e"
                         : s[i] == '-'  ? "\\-"
                         : s[i] == '\'' ? "\\(aq"
                         : s[i] == '.'  ? "\\&."
                                        : NULL;
        if (as)
            fputs(as, stdout);
        else
            putchar(s[i]);
    }
}

static void print_string(const char *s)
{
    print_text(s, strlen(s));
}

static void print_option(const cl_option *o)
{
    fputs(".TP\n\\fB\\-", stdout);
    print_string(o->name);
    fputs("\\fR", stdout);
    if (o->kind != CL_FLAG) {
        const char *before = o->kind == CL_JOINED ? "" : o->kind == CL_OPTIONAL ? "[=" : "=";
        printf("%s\\fI", before);
        print_string(o->metavar);
        printf("\\fR%s", o->kind == CL_OPTIONAL ? "]" : "");
    }
    putchar('\n');
    print_string(o->help);
    putchar('\n');
}

/* "qcc \- compiles a neural network": the first sentence, as apropos wants it. */
static void print_name(const cl_tool *tool)
{
    const char *end = strstr(tool->summary, ".\n");
    size_t len = end ? (size_t)(end - tool->summary) : strcspn(tool->summary, ";\n");
    len -= len && tool->summary[len - 1] == '.';
    printf(".SH NAME\n");
    print_string(tool->name);
    printf(" \\- %c", tolower((unsigned char)tool->summary[0]));
    for (size_t i = 1; i < len; i++)
        print_text(tool->summary[i] == '\n' ? " " : tool->summary + i, 1);
    putchar('\n');
}

void cl_print_man(const cl_tool *tool, const char *value)
{
    (void)value;
    printf(".TH ");
    for (const char *c = tool->name; *c; c++)
        putchar(toupper((unsigned char)*c));
    printf(" 1 \"\" \"qcc %s\" \"User Commands\"\n", QCC_VERSION);
    print_name(tool);
    printf(".SH SYNOPSIS\n.B ");
    print_string(tool->name);
    putchar('\n');
    print_string(tool->synopsis);
    printf("\n.SH DESCRIPTION\n");
    print_string(tool->summary);
    printf("\n.PP\nOptions may have one dash or two; a value stands behind \\(oq=\\(cq or as the next "
           "argument.\n.SH OPTIONS\n");
    cl_each_option(tool, print_option);
    printf(".SH EXIT STATUS\n"
           ".TP\n%d\ndone\n.TP\n%d\nthe input, values of options or the machine are at fault, diagnosed\n"
           ".TP\n%d\nwrong usage\n.TP\n%d\na comparison missed its threshold\n"
           ".TP\n%d\na fault of the program itself\n"
           ".SH SEE ALSO\n.BR qcc (1),\n.BR qir\\-opt (1),\n.BR qir\\-reduce (1),\n.BR qir\\-run (1)\n",
           CL_EXIT_OK, CL_EXIT_ERROR, CL_EXIT_USAGE, CL_EXIT_THRESHOLD, CL_EXIT_INTERNAL);
}
