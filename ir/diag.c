/* The diagnostic engine: counts, filters, hands on. */
#include "diag_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool on;
} warnings[] = {
#define W(name, on, doc) {#name, on},
#include "warnings.def"
};

static const char *const remarks[] = {
#define R(name, doc) #name,
#include "warnings.def"
};

static void print_to_stderr(void *user, const qir_diag *d)
{
    qir_strbuf text = {0};
    qir_diag_render(user, d, false, &text);
    fwrite(text.data, 1, text.len, stderr);
    qir_strbuf_free(&text);
}

qir_diag_engine *qir_diag_engine_create(void)
{
    qir_diag_engine *e = calloc(1, sizeof *e);
    if (!e)
        __builtin_trap();
    e->limit = 20;
    qir_diag_set_handler(e, NULL, NULL);
    for (size_t i = 0; i < QIR_NUM_WARNINGS; i++)
        e->warning_state[i] = warnings[i].on ? QIR_WARN_ON : QIR_WARN_OFF;
    return e;
}

static void forget_source(qir_diag_engine *e, const char *file)
{
    free(qir_strmap_get(&e->sources, file, strlen(file)));
}

void qir_diag_engine_destroy(qir_diag_engine *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->sources.len; i++) {
        free(e->sources.entries[i].value);
        free((void *)(uintptr_t)e->sources.entries[i].key);
    }
    qir_map_free(&e->sources);
    for (size_t i = 0; i < e->files.len; i++)
        free(e->files.entries[i].value);
    qir_map_free(&e->files);
    free(e);
}

void qir_diag_set_handler(qir_diag_engine *e, qir_diag_handler fn, void *user)
{
    e->handler = fn ? fn : print_to_stderr;
    e->user = fn ? user : e;
}

void qir_diag_set_error_limit(qir_diag_engine *e, unsigned limit)
{
    e->limit = limit;
}

bool qir_diag_set_quiet(qir_diag_engine *e, bool quiet)
{
    bool before = e->quiet;
    e->quiet = quiet;
    return before;
}

unsigned qir_diag_error_count(const qir_diag_engine *e)
{
    return e->errors;
}

static int find_warning(const char *name)
{
    for (int i = 0; i < (int)QIR_NUM_WARNINGS; i++)
        if (!strcmp(warnings[i].name, name))
            return i;
    return -1;
}

bool qir_diag_set_warning(qir_diag_engine *e, const char *name, qir_warning_state state)
{
    int i = find_warning(name);
    if (i < 0)
        return false;
    e->warning_state[i] = (uint8_t)state;
    return true;
}

static int find_remark(const char *name)
{
    for (int i = 0; i < (int)QIR_NUM_REMARKS; i++)
        if (!strcmp(remarks[i], name))
            return i;
    return -1;
}

bool qir_diag_set_remark(qir_diag_engine *e, const char *name, bool on)
{
    int i = find_remark(name);
    if (i >= 0)
        e->remark_on[i] = on;
    return i >= 0;
}

bool qir_diag_wants_remark(const qir_diag_engine *e, const char *name)
{
    int i = find_remark(name);
    return i >= 0 && e->remark_on[i];
}

static void emit(qir_diag_engine *e, qir_severity severity, const qir_loc *loc, const char *code,
                 const char *fmt, va_list ap)
{
    qir_strbuf text = {0};
    qir_strbuf_vprintf(&text, fmt, ap);
    qir_diag d = {severity, loc, qir_strbuf_cstr(&text), code};
    e->handler(e->user, &d);
    qir_strbuf_free(&text);
}

static bool count_error(qir_diag_engine *e)
{
    e->errors++;
    e->drop_notes = e->limit && e->errors > e->limit;
    return !e->drop_notes;
}

void qir_emit_verror(qir_diag_engine *e, const qir_loc *loc, const char *code, const char *fmt,
                     va_list ap)
{
    if (count_error(e))
        emit(e, QIR_ERROR, loc, code, fmt, ap);
}

void qir_emit_error(qir_diag_engine *e, const qir_loc *loc, const char *code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    qir_emit_verror(e, loc, code, fmt, ap);
    va_end(ap);
}

void qir_note(qir_diag_engine *e, const qir_loc *loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!e->drop_notes)
        emit(e, QIR_NOTE, loc, NULL, fmt, ap);
    va_end(ap);
}

void qir_remark(qir_diag_engine *e, const qir_loc *loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    e->drop_notes = e->quiet;
    if (!e->quiet)
        emit(e, QIR_REMARK, loc, NULL, fmt, ap);
    va_end(ap);
}

void qir_flagged_remark(qir_diag_engine *e, const qir_loc *loc, const char *flag, const char *fmt, ...)
{
    char code[64];
    e->drop_notes = e->quiet || !qir_diag_wants_remark(e, flag);
    if (e->drop_notes)
        return;
    snprintf(code, sizeof code, "-R%s", flag);
    va_list ap;
    va_start(ap, fmt);
    emit(e, QIR_REMARK, loc, code, fmt, ap);
    va_end(ap);
}

void qir_warning(qir_diag_engine *e, const qir_loc *loc, const char *flag, const char *fmt, ...)
{
    int i = find_warning(flag);
    qir_warning_state state = i < 0 ? QIR_WARN_ON : (qir_warning_state)e->warning_state[i];
    if (e->quiet)
        state = QIR_WARN_OFF;
    char code[64];
    snprintf(code, sizeof code, state == QIR_WARN_ERROR ? "-Werror=%s" : "-W%s", flag);
    e->drop_notes = state == QIR_WARN_OFF;
    if (state == QIR_WARN_OFF || (state == QIR_WARN_ERROR && !count_error(e)))
        return;
    va_list ap;
    va_start(ap, fmt);
    emit(e, state == QIR_WARN_ERROR ? QIR_ERROR : QIR_WARNING, loc, code, fmt, ap);
    va_end(ap);
}

void qir_diag_add_source(qir_diag_engine *e, const char *file, const char *text, size_t len)
{
    qir_source *s = malloc(sizeof *s);
    if (!s)
        __builtin_trap();
    *s = (qir_source){text, len};
    size_t n = strlen(file);
    bool known = qir_strmap_has(&e->sources, file, n);
    forget_source(e, file);
    const char *key = known ? file : strdup(file);
    if (!key)
        __builtin_trap();
    qir_strmap_put(&e->sources, key, n, s);
}

void qir_diag_remove_source(qir_diag_engine *e, const char *file)
{
    size_t n = strlen(file);
    if (!qir_strmap_has(&e->sources, file, n))
        return;
    forget_source(e, file);
    qir_strmap_put(&e->sources, file, n, NULL);
}
