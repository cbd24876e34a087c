/* Expected diagnostics: comments in, comparison out. */
#include "qir/diag_expect.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include "qir/support/vec.h"

typedef struct expectation {
    qir_severity severity;
    uint32_t line, at; /* where the message must be; where the comment is */
    bool unknown, seen, is_regex;
    char *text;
    regex_t regex;
} expectation;

struct qir_diag_expect {
    char *file;
    QIR_VEC(expectation) wanted;
    qir_strbuf wrong; /* unexpected messages and bad comments */
};

static const char *const severities[] = {"note", "remark", "warning", "error"};

/* --- reading comments ------------------------------------------------------------------------- */
typedef struct scan {
    const char *s, *end;
    uint32_t line;
} scan;

static bool take(scan *in, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(in->end - in->s) < n || memcmp(in->s, word, n))
        return false;
    in->s += n;
    return true;
}

static uint32_t take_number(scan *in)
{
    uint32_t n = 0;
    while (in->s < in->end && isdigit((unsigned char)*in->s) && n < 100000000)
        n = n * 10 + (uint32_t)(*in->s++ - '0');
    return n;
}

static bool has_comment(const char *line, size_t len)
{
    return memmem(line, len, "expected-", 9) != NULL;
}

/* The nearest line before (step -1) or after `line` without an expectation. */
static uint32_t neighbour(const char *text, size_t len, uint32_t first, uint32_t line, int step)
{
    QIR_VEC(bool) marked = {0};
    for (const char *s = text, *end = text + len, *eol; s < end; s = eol + 1) {
        eol = memchr(s, '\n', (size_t)(end - s));
        if (!eol)
            eol = end;
        qir_vec_push(&marked, has_comment(s, (size_t)(eol - s)));
    }
    do
        line += (uint32_t)step;
    while (line >= first && line - first < marked.len && marked.data[line - first]);
    qir_vec_free(&marked);
    return line;
}

static void take_place(scan *in, expectation *e, const char *text, size_t len, uint32_t first)
{
    e->line = in->line;
    if (!take(in, "@"))
        return;
    if (take(in, "above"))
        e->line = neighbour(text, len, first, in->line, -1);
    else if (take(in, "below"))
        e->line = neighbour(text, len, first, in->line, 1);
    else if (take(in, "unknown"))
        e->unknown = true;
    else if (take(in, "+"))
        e->line += take_number(in);
    else if (take(in, "-"))
        e->line -= take_number(in);
    else
        e->line = take_number(in);
}

/* The text between {{ and its }}, which may hold {{...}} itself. */
static char *take_text(scan *in)
{
    while (in->s < in->end && *in->s == ' ')
        in->s++;
    if (!take(in, "{{"))
        return NULL;
    const char *from = in->s;
    int depth = 1;
    while (in->s < in->end) {
        const char *here = in->s;
        if (take(in, "{{"))
            depth++;
        else if (take(in, "}}") && --depth == 0)
            return strndup(from, (size_t)(here - from));
        else if (in->s == here)
            in->s++;
    }
    return NULL;
}

/* Literal text with {{regex}} parts -> one extended regular expression. */
static bool compile(expectation *e)
{
    qir_strbuf re = {0};
    bool inside = false;
    for (const char *s = e->text; *s; s++) {
        if (!strncmp(s, inside ? "}}" : "{{", 2)) {
            qir_strbuf_putc(&re, inside ? ')' : '(');
            inside = !inside;
            s++;
        } else {
            if (!inside && strchr(".[]{}()*+?^$|\\", *s))
                qir_strbuf_putc(&re, '\\');
            qir_strbuf_putc(&re, *s);
        }
    }
    bool ok = !inside && regcomp(&e->regex, qir_strbuf_cstr(&re), REG_EXTENDED | REG_NOSUB) == 0;
    qir_strbuf_free(&re);
    return ok;
}

static bool take_severity(scan *in, qir_severity *out)
{
    for (int s = QIR_NOTE; s <= QIR_ERROR; s++)
        if (take(in, severities[s])) {
            *out = (qir_severity)s;
            return true;
        }
    return false;
}

static void bad_comment(qir_diag_expect *x, uint32_t line)
{
    qir_strbuf_printf(&x->wrong, "%s:%u: error: cannot read this expectation, expected "
                      "'expected-error@+1 {{text}}'\n", x->file, line);
}

/* One "expected-...", `in` behind that prefix. */
static void read_expectation(qir_diag_expect *x, scan *in, const char *text, size_t len,
                             uint32_t first)
{
    expectation e = {.at = in->line};
    if (!take_severity(in, &e.severity)) {
        bad_comment(x, in->line);
        return;
    }
    e.is_regex = take(in, "-re");
    take_place(in, &e, text, len, first);
    e.text = take_text(in);
    if (!e.text || (e.is_regex && !compile(&e))) {
        free(e.text);
        bad_comment(x, in->line);
        return;
    }
    qir_vec_push(&x->wanted, e);
}

qir_diag_expect *qir_diag_expect_create(const char *file, const char *text, size_t len,
                                        uint32_t first_line, uint32_t last_line)
{
    qir_diag_expect *x = calloc(1, sizeof *x);
    uint32_t line = 1;
    if (!x || !(x->file = strdup(file)))
        __builtin_trap();
    for (const char *s = text, *end = text + len, *eol; s < end; s = eol + 1, line++) {
        eol = memchr(s, '\n', (size_t)(end - s));
        if (!eol)
            eol = end;
        scan in = {s, eol, line};
        while (line >= first_line && line <= last_line &&
               (in.s = memmem(in.s, (size_t)(eol - in.s), "expected-", 9)) != NULL) {
            in.s += strlen("expected-");
            read_expectation(x, &in, text, len, 1);
        }
    }
    return x;
}

void qir_diag_expect_destroy(qir_diag_expect *x)
{
    for (size_t i = 0; x && i < x->wanted.len; i++) {
        if (x->wanted.data[i].is_regex)
            regfree(&x->wanted.data[i].regex);
        free(x->wanted.data[i].text);
    }
    if (x) {
        qir_vec_free(&x->wanted);
        qir_strbuf_free(&x->wrong);
        free(x->file);
    }
    free(x);
}

/* --- comparing -------------------------------------------------------------------------------- */
static bool is_here(const qir_diag_expect *x, const qir_loc *loc)
{
    return loc && loc->kind == QIR_LOC_FILE && loc->line && !strcmp(loc->text, x->file);
}

static bool matches(const qir_diag_expect *x, const expectation *e, const qir_diag *d,
                    const char *message)
{
    bool here = is_here(x, d->loc);
    if (e->seen || e->severity != d->severity || e->unknown == here ||
        (here && d->loc->line != e->line))
        return false;
    return e->is_regex ? regexec(&e->regex, message, 0, NULL, 0) == 0
                       : strstr(message, e->text) != NULL;
}

void qir_diag_expect_handler(void *user, const qir_diag *d)
{
    qir_diag_expect *x = user;
    qir_strbuf message = {0};
    qir_strbuf_puts(&message, d->text);
    if (d->code)
        qir_strbuf_printf(&message, " [%s]", d->code);
    bool found = false;
    for (size_t i = 0; i < x->wanted.len && !found; i++) {
        expectation *e = &x->wanted.data[i];
        found = matches(x, e, d, qir_strbuf_cstr(&message));
        e->seen |= found;
    }
    if (!found && d->severity != QIR_NOTE) {
        qir_strbuf_puts(&x->wrong, x->file);
        if (is_here(x, d->loc))
            qir_strbuf_printf(&x->wrong, ":%u:%u", d->loc->line, d->loc->col);
        qir_strbuf_printf(&x->wrong, ": error: unexpected %s: %s\n", severities[d->severity],
                          qir_strbuf_cstr(&message));
    }
    qir_strbuf_free(&message);
}

bool qir_diag_expect_finish(const qir_diag_expect *x, qir_strbuf *report)
{
    bool ok = x->wrong.len == 0;
    qir_strbuf_write(report, qir_strbuf_cstr(&x->wrong), x->wrong.len);
    for (size_t i = 0; i < x->wanted.len; i++) {
        const expectation *e = &x->wanted.data[i];
        if (e->seen)
            continue;
        ok = false;
        qir_strbuf_printf(report, "%s:%u: error: expected %s \"%s\" was not produced\n", x->file,
                          e->at, severities[e->severity], e->text);
    }
    return ok;
}
