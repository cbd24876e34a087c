/* Parsing, evaluating and comparing modules under test. */
#include "subject.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data.h"
#include "qir/fidelity.h"
#include "qir/support/bits.h"

bool subject_fail(subject *s, const char *fmt, ...)
{
    va_list ap;
    s->failures++;
    printf("FAIL %s: ", s->name);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n%s", qir_strbuf_cstr(&s->said));
    fflush(stdout);
    return false;
}

static void note(void *user, const qir_diag *d)
{
    subject *s = user;
    if (d->severity == QIR_ERROR)
        qir_strbuf_printf(&s->said, "  %s [%s]\n", d->text, d->code ? d->code : "");
}

uint32_t subject_results(const subject *s)
{
    return qir_module_main(s->module)->nresults;
}

bool subject_open(subject *s, const char *kind, uint64_t seed, const char *text, size_t len)
{
    *s = (subject){.seed = seed,
                   .integer = !strcmp(kind, "integer"),
                   .paired = !strcmp(kind, "qdq"),
                   .ctx = qir_context_create(NULL, NULL)};
    snprintf(s->name, sizeof s->name, "%s%" PRIu64, kind, seed);
    qir_diag_set_handler(qir_context_diag(s->ctx), note, s);
    s->module = qir_parse(s->ctx, s->name, text, len, NULL);
    if (!s->module)
        return subject_fail(s, "the module is refused");
    const qir_block *body = qir_module_main(s->module)->body;
    s->in = QIR_NEW_ARRAY(qir_context_arena(s->ctx), qir_tensor, body->nargs + 1);
    for (uint32_t i = 0; i < body->nargs; i++)
        s->in[i] = data_draw(s->ctx, body->args[i]->type, seed, i);
    s->want = subject_evaluate(s, "the module", s->module);
    return s->want;
}

void subject_close(subject *s)
{
    if (s->module)
        qir_module_destroy(s->module);
    qir_context_destroy(s->ctx);
    qir_strbuf_free(&s->said);
}

/* The arguments with the types of `body`, which may label the same bytes otherwise. */
static qir_tensor *arguments(subject *s, const qir_block *body)
{
    qir_tensor *in = QIR_NEW_ARRAY(qir_context_arena(s->ctx), qir_tensor, body->nargs + 1);
    for (uint32_t i = 0; i < body->nargs; i++)
        in[i] = (qir_tensor){body->args[i]->type, s->in[i].data};
    return in;
}

qir_tensor *subject_evaluate(subject *s, const char *what, qir_module *m)
{
    qir_func *f = qir_module_main(m);
    qir_arena *arena = qir_context_arena(s->ctx);
    qir_evaluator *e = qir_evaluator_create(f, NULL);
    qir_tensor *out = QIR_NEW_ARRAY(arena, qir_tensor, f->nresults + 1);
    bool ok = qir_evaluator_run(e, arguments(s, f->body), out);
    for (uint32_t i = 0; ok && i < f->nresults; i++)
        out[i].data = qir_arena_copy(arena, out[i].data, qir_type_bytes(out[i].type));
    qir_evaluator_destroy(e);
    if (!ok)
        subject_fail(s, "%s cannot be evaluated", what);
    return ok ? out : NULL;
}

/* What is compared of an f32: its bits, but all NaN are one. */
static uint32_t compared(uint32_t bits, bool any_zero)
{
    if ((bits & 0x7fffffff) > 0x7f800000)
        return 0x7fc00000;
    return any_zero && bits == 0x80000000 ? 0 : bits;
}

/* Index of the first byte that differs, or the size. */
static size_t difference(const qir_tensor *got, const qir_tensor *want, bool any_zero)
{
    const uint8_t *g = got->data, *w = want->data;
    size_t n = qir_type_bytes(want->type), i = 0, step = want->type->dtype == QIR_f32 ? 4 : 1;
    for (; i < n; i += step) {
        uint32_t a = g[i], b = w[i];
        if (step == 4) {
            memcpy(&a, g + i, 4);
            memcpy(&b, w + i, 4);
        }
        if (a != b && (step == 1 || compared(a, any_zero) != compared(b, any_zero)))
            return i;
    }
    return n;
}

bool subject_same(subject *s, const char *what, const qir_tensor *got, const qir_tensor *want,
                  bool any_zero)
{
    for (uint32_t k = 0; k < subject_results(s); k++) {
        size_t n = qir_type_bytes(want[k].type);
        if (qir_type_bytes(got[k].type) != n)
            return subject_fail(s, "%s: result %u has another size", what, k);
        size_t at = difference(&got[k], &want[k], any_zero);
        if (at < n)
            return subject_fail(s, "%s: result %u differs from byte %zu of %zu", what, k, at, n);
    }
    return true;
}
