/* Does LLVM know this triple, this CPU and these features?  LLVM only prints a warning about a CPU
 * or feature that it does not know, so it is asked in a child whose standard error is read here. */
#include <string.h>
#include "child.h"
#include "emit.h"

struct question {
    qir_diag_engine *diag;
    const char *triple, *cpu, *features;
};

static bool ask(void *user, qir_strbuf *out)
{
    struct question *q = user;
    (void)out;
    LLVMTargetMachineRef tm = qcg_target_machine(q->diag, q->triple, q->cpu, q->features);
    if (!tm)
        return false;
    LLVMDisposeTargetMachine(tm);
    return true;
}

/* "Available CPUs ...:\n\n  name - text\n ...": lists the names, up to about 400 characters. */
static void list_names(const char *help, const char *heading, qir_strbuf *names)
{
    enum { ENOUGH = 400 };
    const char *at = strstr(help, heading);
    for (at = at ? strstr(at, "\n\n") : NULL; at && names->len < ENOUGH;) {
        at += strspn(at, "\n");
        if (at[0] != ' ')
            break;
        at += strspn(at, " ");
        qir_strbuf_puts(names, names->len ? ", " : "");
        qir_strbuf_write(names, at, strcspn(at, " \n"));
        at = strchr(at, '\n');
    }
}

static bool is_word_list(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return true;
}

/* Asks about one CPU or feature list. */
static bool check_one(struct question *q, const char *what, const char *value, const char *heading)
{
    qir_strbuf out = {0}, said = {0}, names = {0};
    bool ok = qcg_run_child(q->diag, ask, q, &out, &said);
    if (ok && said.len) {
        const char *text = qir_strbuf_cstr(&said);
        const char *quote = text[0] == '\'' ? strchr(text + 1, '\'') : NULL;
        int len = quote ? (int)(quote - text - 1) : (int)strlen(value);
        qir_error(q->diag, NULL, "codegen.target", "unknown %s '%.*s' for %s", what, len,
                  quote ? text + 1 : value, q->triple);
        struct question help = {q->diag, q->triple, "", "+help"};
        said.len = 0;
        if (qcg_run_child(q->diag, ask, &help, &out, &said)) {
            list_names(qir_strbuf_cstr(&said), heading, &names);
            qir_note(q->diag, NULL, "known: %s, ...", qir_strbuf_cstr(&names));
        }
        ok = false;
    }
    qir_strbuf_free(&out);
    qir_strbuf_free(&said);
    qir_strbuf_free(&names);
    return ok;
}

static bool has_signs(qir_diag_engine *diag, const char *attrs)
{
    for (const char *p = attrs; *p; p += strcspn(p, ","), p += *p == ',')
        if (*p != '+' && *p != '-')
            return qir_error(diag, NULL, "codegen.target",
                             "features are written +name or -name, separated by commas; got '%s'",
                             attrs);
    return true;
}

bool qir_codegen_check_target(qir_diag_engine *diag, const qir_codegen_options *opts)
{
    const char *cpu = opts->cpu ? opts->cpu : "", *attrs = opts->attrs ? opts->attrs : "";
    if (!is_word_list(opts->triple) || !is_word_list(cpu) || !is_word_list(attrs))
        return qir_error(diag, NULL, "codegen.target",
                         "target, CPU and feature names consist of printable characters without "
                         "spaces");
    if (!has_signs(diag, attrs))
        return false;
    if (!strcmp(cpu, "help") || strstr(attrs, "+help"))
        return qir_error(diag, NULL, "codegen.target", "'help' is not a CPU or feature; "
                         "any unknown name lists the known ones");
    struct question plain = {diag, opts->triple, "", ""};
    struct question with_cpu = {diag, opts->triple, cpu, ""};
    struct question with_attrs = {diag, opts->triple, "", attrs};
    qir_strbuf out = {0};
    bool ok = qcg_run_child(diag, ask, &plain, &out, NULL) &&
              (!*cpu || check_one(&with_cpu, "CPU", cpu, "Available CPUs")) &&
              (!*attrs || check_one(&with_attrs, "feature", attrs, "Available features"));
    qir_strbuf_free(&out);
    return ok;
}
