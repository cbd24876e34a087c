/* -MD: what a compilation read, as a rule for make that ninja understands, too. */
#include "qcc.h"

/* As make reads it back: blanks, '#' and the backslashes before them are escaped by backslashes, '$'
 * by itself.  There is no way to write a line break. */
static void print_name(const char *s, qir_strbuf *out)
{
    for (size_t slashes = 0; *s; s++) {
        bool special = *s == ' ' || *s == '\t' || *s == '#';
        for (size_t i = 0; special && i < slashes + 1; i++)
            qir_strbuf_puts(out, "\\");
        slashes = *s == '\\' ? slashes + 1 : 0;
        qir_strbuf_write(out, s, 1);
        if (*s == '$')
            qir_strbuf_puts(out, "$");
    }
}

void qcc_print_rule(const qir_diag_engine *diag, const char *const *targets, size_t n,
                    qir_strbuf *out)
{
    const char *file;
    for (size_t i = 0; i < n; i++)
        if (targets[i]) {
            qir_strbuf_puts(out, i ? " " : "");
            print_name(targets[i], out);
        }
    qir_strbuf_puts(out, ":");
    for (size_t i = 0; (file = qir_diag_file(diag, i)); i++) {
        qir_strbuf_puts(out, " \\\n  ");
        print_name(file, out);
    }
    qir_strbuf_puts(out, "\n");
    /* One that is gone later is no error, but a reason to compile again. */
    for (size_t i = 0; (file = qir_diag_file(diag, i)); i++) {
        print_name(file, out);
        qir_strbuf_puts(out, ":\n");
    }
}
