/* The first op at which a way of running a model leaves the evaluator. */
#include <string.h>
#include "lab.h"
#include "qir/text.h"
#include "qir/support/vec.h"
#include "reduce.h"
#include "values.h"

typedef struct search {
    verify_lab *lab;
    const verify_way *way;
    qir_module *m;
    const verify_values *in;
    verify_finding *out;
} search;

/* --- forms of the module that show more ----------------------------------------------------------- */
/* Results of a form, by the ops of the module that compute them. */
typedef struct place {
    size_t op;
    unsigned result;
} place;

typedef struct form {
    qir_module *m;
    QIR_VEC(place) places;
    QIR_VEC(qir_value *) values;
} form;

static void form_free(form *s)
{
    qir_module_destroy(s->m);
    qir_vec_free(&s->places);
    qir_vec_free(&s->values);
}

static bool is_read_after(const qir_value *v, const qir_op *last)
{
    qir_for_each_use(use, v)
        if (qir_op_before((qir_op *)(uintptr_t)last, use->user))
            return true;
    return false;
}

static void add_results(form *s, qir_op *op, size_t k, const qir_op *last, bool all)
{
    for (unsigned i = 0; i < op->nresults; i++) {
        if (!all && !is_read_after(&op->results[i], last))
            continue;
        qir_vec_push(&s->places, ((place){k, i}));
        qir_vec_push(&s->values, &op->results[i]);
    }
}

static qir_op *nth_op(const qir_func *f, size_t n)
{
    qir_op *op = f->body->first;
    for (; n; n--)
        op = op->next;
    return op;
}

/* The first `n` ops; it returns all of their values, or those that the rest would read. */
static form make_form(qir_module *m, size_t n, bool all)
{
    form s = {.m = qir_module_clone(m)};
    qir_func *f = qir_module_main(s.m);
    qir_op *last = nth_op(f, n - 1);
    size_t k = 0;
    for (qir_op *op = f->body->first; k < n; op = op->next, k++)
        add_results(&s, op, k, last, all);
    int64_t *from = QIR_NEW_ARRAY(s.m->arena, int64_t, s.values.len + 1);
    memset(from, -1, s.values.len * sizeof *from);
    reduce_set_results(f, s.values.data, from, (uint32_t)s.values.len);
    while (f->body->last->prev != last)
        qir_op_erase(f->body->last->prev);
    return s;
}

/* --- comparing ------------------------------------------------------------------------------------ */
static int64_t first_difference(const char *a, const char *b, const qir_type *t)
{
    size_t each = qir_dtype_bytes(t->dtype);
    int64_t i = 0;
    while (!memcmp(a + (size_t)i * each, b + (size_t)i * each, each))
        i++;
    return i;
}

static void note(search *s, const place *p, const qir_type *t, const char *want, const char *got)
{
    verify_finding *f = s->out;
    verify_finding_free(f);
    f->op = nth_op(qir_module_main(s->m), p->op);
    f->result = p->result;
    f->element = first_difference(want, got, t);
    tool_print_element(t, want, f->element, &f->want);
    tool_print_element(t, got, f->element, &f->got);
}

/* The first difference, or the last: of a beginning of the module that is the shortest to differ, its last
 * op is what is looked for. */
static bool compare(search *s, const form *x, const verify_values *want, const verify_values *got, bool last)
{
    size_t at = 0;
    bool found = false;
    for (size_t k = 0; k < x->values.len && (last || !found); k++) {
        const qir_type *t = x->values.data[k]->type;
        if (memcmp(want->bytes.data + at, got->bytes.data + at, qir_type_bytes(t))) {
            note(s, &x->places.data[k], t, want->bytes.data + at, got->bytes.data + at);
            found = true;
        }
        at += qir_type_bytes(t);
    }
    return found;
}

/* Does the form show a difference?  Code that breaks off shows one where nothing is known yet. */
static bool differs(search *s, size_t n, bool all)
{
    static const verify_way evaluator = {.how = VERIFY_EVALUATOR};
    form x = make_form(s->m, n, all);
    verify_values want = {0}, got = {0};
    qir_strbuf why = {0};
    bool found = verify_run(s->lab, &evaluator, x.m, s->in, &want, &why) == VERIFY_RAN;
    verify_status status = found ? verify_run(s->lab, s->way, x.m, s->in, &got, &why) : VERIFY_CANNOT;
    found = status == VERIFY_RAN && compare(s, &x, &want, &got, !all);
    if (status == VERIFY_BROKE) {
        found = true;
        verify_finding_free(s->out);
        s->out->op = nth_op(qir_module_main(s->m), n - 1);
        qir_strbuf_puts(&s->out->got, qir_strbuf_cstr(&why));
    }
    verify_free(&want);
    verify_free(&got);
    qir_strbuf_free(&why);
    form_free(&x);
    return found;
}

/* The shortest beginning of the module that differs; all of it does. */
static void halve(search *s, size_t n)
{
    size_t right = 0, wrong = n;
    while (wrong - right > 1) {
        size_t middle = right + (wrong - right) / 2;
        *(differs(s, middle, false) ? &wrong : &right) = middle;
    }
    differs(s, wrong, false);
}

/* More results than that take long to compile: the entry compares every two of them. */
enum { MOST_VALUES = 48 };

bool verify_locate(verify_lab *lab, const verify_way *w, qir_module *m, const verify_values *in,
                   verify_finding *out)
{
    search s = {lab, w, m, in, out};
    size_t n = reduce_count_ops(m);
    *out = (verify_finding){0};
    if (!n)
        return false;
    bool all = n <= MOST_VALUES && differs(&s, n, true);
    if (!all || !out->want.len)
        halve(&s, n);
    return out->op;
}

void verify_finding_free(verify_finding *f)
{
    qir_strbuf_free(&f->want);
    qir_strbuf_free(&f->got);
    *f = (verify_finding){0};
}

/* --- in words ------------------------------------------------------------------------------------- */
/* The line of `op` in the printed module, where a function's ops stand one per line. */
static const char *line_of(const char *text, const qir_op *op, size_t *number, size_t *len)
{
    const char *at = strstr(text, "  func @");
    size_t skip = 1;
    for (const qir_op *prev = op->prev; prev; prev = prev->prev)
        skip++;
    *number = 1;
    for (const char *p = text; p < at; p++)
        *number += *p == '\n';
    *number += skip;
    while (at && skip--)
        at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
    at = at ? at + strspn(at, " ") : "";
    *len = strcspn(at, "\n");
    return at;
}

static void print_index(const qir_type *t, int64_t i, qir_strbuf *out)
{
    int64_t index[QIR_MAX_RANK];
    for (unsigned d = t->rank; d-- > 0; i /= t->dims[d])
        index[d] = i % t->dims[d];
    qir_strbuf_putc(out, '[');
    for (unsigned d = 0; d < t->rank; d++)
        qir_strbuf_printf(out, "%s%lld", d ? ", " : "", (long long)index[d]);
    qir_strbuf_putc(out, ']');
}

void verify_describe(qir_module *m, const verify_finding *f, qir_strbuf *out)
{
    qir_strbuf text = {0};
    size_t number, len;
    qir_print(m, NULL, &text);
    const char *line = line_of(text.data, f->op, &number, &len);
    const char *where = f->op->loc ? qir_loc_text(m->ctx, f->op->loc) : f->op->results[0].name;
    qir_strbuf_printf(out, "%s '%s', line %zu: ", qir_op_name(f->op), where ? where : "", number);
    if (f->want.len) {
        qir_strbuf_printf(out, "result %u, element ", f->result);
        print_index(f->op->results[f->result].type, f->element, out);
        qir_strbuf_printf(out, " is %s, expected %s", f->got.data, f->want.data);
    } else {
        qir_strbuf_puts(out, qir_strbuf_cstr(&f->got));
    }
    qir_strbuf_printf(out, "\n    %.*s%s\n", len < 160 ? (int)len : 160, line, len < 160 ? "" : " ...");
    qir_strbuf_free(&text);
}
