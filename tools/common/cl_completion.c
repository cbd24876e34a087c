/* -print-completion: the option table as completion functions of bash and zsh.  A value that the
 * table spells "a|b" is completed to these words, any other to file names. */
#include "cl_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Do the alternatives hold words to be written as they are ("json" of "json|FILE")? */
static bool has_words(const cl_option *o)
{
    bool word = false;
    if (o->kind == CL_FLAG || strpbrk(o->metavar, "[]=,"))
        return false;
    for (const char *s = o->metavar; s; s = strchr(s, '|') ? strchr(s, '|') + 1 : NULL)
        word |= islower((unsigned char)*s) != 0;
    return word;
}

/* "plain fast" for "plain|fast". */
static void print_words(const cl_option *o)
{
    for (const char *s = o->metavar, *sep = ""; *s;) {
        size_t len = strcspn(s, "|");
        if (islower((unsigned char)*s)) {
            printf("%s%.*s", sep, (int)len, s);
            sep = " ";
        }
        s += len + (s[len] == '|');
    }
}

/* --- bash -------------------------------------------------------------------------------------- */
static void bash_name(const cl_option *o)
{
    bool value = o->kind == CL_STRING || o->kind == CL_INT || o->kind == CL_LIST;
    printf(" -%s%s", o->name, value ? "=" : "");
}

static void bash_values(const cl_option *o)
{
    if (!has_words(o))
        return;
    printf("    -%s) words='", o->name);
    print_words(o);
    printf("' ;;\n");
}

/* bash splits words at '=': the value of -io=float is the third word of three. */
static void print_bash(const cl_tool *tool)
{
    char function[64];
    snprintf(function, sizeof function, "_%s", tool->name);
    for (char *c = function; *c; c++)
        *c = *c == '-' ? '_' : *c;
    printf("# bash completion for %s\n"
           "%s()\n{\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]} words=\n"
           "    if [[ $cur == = ]]; then cur=; elif [[ $option == = ]]; then "
           "option=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
           "    case $option in\n",
           tool->name, function);
    cl_each_option(tool, bash_values);
    printf("    esac\n    [[ $cur == -* ]] && words='");
    cl_each_option(tool, bash_name);
    printf("'\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
           "    return 0\n"
           "} && complete -o default -F %s %s\n",
           function, tool->name);
}

/* --- zsh --------------------------------------------------------------------------------------- */
static void zsh_text(const char *s)
{
    for (; *s; s++)
        if (*s == '\'')
            fputs("'\\''", stdout);
        else
            printf(strchr("[]:\\", *s) ? "\\%c" : "%c", *s);
}

static void zsh_spec(const cl_option *o)
{
    static const char *const value[] = {[CL_STRING] = "=", [CL_OPTIONAL] = "=-", [CL_INT] = "=",
                                        [CL_LIST] = "=",   [CL_JOINED] = "-"};
    bool repeats = o->kind == CL_LIST || o->kind == CL_JOINED;
    printf(" \\\n    '%s-%s%s[", repeats ? "*" : "", o->name, o->kind == CL_FLAG ? "" : value[o->kind]);
    zsh_text(o->help);
    putchar(']');
    if (o->kind != CL_FLAG) {
        printf(o->kind == CL_OPTIONAL ? "::" : ":");
        zsh_text(o->metavar);
        printf(has_words(o) ? ":(" : ":_files");
        if (has_words(o)) {
            print_words(o);
            putchar(')');
        }
    }
    putchar('\'');
}

static void print_zsh(const cl_tool *tool)
{
    printf("#compdef %s\n_arguments", tool->name);
    cl_each_option(tool, zsh_spec);
    printf(" \\\n    '*:model:_files'\n");
}

void cl_print_completion(const cl_tool *tool, const char *shell)
{
    if (!strcmp(shell, "bash"))
        print_bash(tool);
    else if (!strcmp(shell, "zsh"))
        print_zsh(tool);
    else
        cl_usage_error(tool, "-print-completion expects bash or zsh, got '%.80s'", shell);
}
