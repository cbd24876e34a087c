/* The tables map.def and options.def: which row translates an operator, what its options hold. */
#include <inttypes.h>
#include <string.h>

#include "formats.h"
#include "tflite/import.h"

#define C(i) (1u << (i))
static const tfl_row rows[] = {
#define ROW(op, version, min_in, max_in, max_out, consts, options, fn, qir)                        \
    {TFL_OP_##op, version, min_in, max_in, max_out, consts, TFL_##options, tfl_##fn, QIR_OP_##qir},
#include "tflite/map.def"
#undef ROW
};
#undef C

static const char *const names[TFL_NUM_BUILTINS] = {
#define N(number, name) [number] = #name,
#include "tflite/names.def"
#undef N
};

typedef struct field {
    tfl_options options;
    unsigned id;
    const char *name;
    tfl_kind kind;
    float dflt;
} field;

static const field fields[] = {
#define OPTIONS(name, number)
#define FIELD(options, id, name, kind, dflt) {TFL_##options, id, #name, TFL_##kind, dflt},
#include "tflite/options.def"
#undef OPTIONS
#undef FIELD
};

void tfl_supported_ops(qir_supported_fn fn, void *user)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        qir_supported_op op = {.format = "tflite",
                               .domain = "",
                               .name = names[rows[i].op],
                               .since = 1,
                               .until = rows[i].version,
                               .qir = qir_op_desc_get(rows[i].opcode)->name};
        fn(user, &op);
    }
}

/* --- rows ------------------------------------------------------------------------------------- */

const char *tfl_operator_name(const tfl_operator *n)
{
    if (*n->custom)
        return n->custom;
    return n->code >= 0 && n->code < TFL_NUM_BUILTINS && names[n->code] ? names[n->code]
                                                                        : "unknown operator";
}

const tfl_row *tfl_table_find(const tfl_operator *n)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].op == n->code && n->version >= 1 && n->version <= rows[i].version)
            return &rows[i];
    return NULL;
}

static bool same_operator(const tfl_operator *a, const tfl_operator *b)
{
    return a->code == b->code && a->version == b->version && strcmp(a->custom, b->custom) == 0;
}

/* The operator counts where it occurs first. */
static size_t count_from(const tfl_model *m, size_t first)
{
    size_t n = 0;
    for (size_t i = 0; i < m->noperators; i++) {
        if (!same_operator(&m->operators[i], &m->operators[first]))
            continue;
        if (i < first)
            return 0;
        n++;
    }
    return n;
}

bool tfl_check_supported(tfl_import *imp)
{
    enum { MAX_LISTED = 32 };
    const tfl_model *m = &imp->model;
    qir_strbuf text = {0};
    size_t offset = 0, listed = 0;
    for (size_t i = 0; i < m->noperators && listed < MAX_LISTED; i++) {
        const tfl_operator *n = &m->operators[i];
        fe_custom custom;
        bool known = tfl_table_find(n) || tfl_find_custom(imp, n, &custom);
        size_t count = known ? 0 : count_from(m, i);
        if (!count)
            continue;
        offset = listed++ ? offset : n->offset;
        qir_strbuf_printf(&text, "%s%s version %" PRId64 " (%zu)", listed > 1 ? ", " : "",
                          tfl_operator_name(n), n->version, count);
    }
    if (listed)
        fe_error_at(&imp->fe, qir_fb_loc(&m->file, offset), "op", "unsupported operators: %s",
                    qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return !listed;
}

/* --- options ---------------------------------------------------------------------------------- */

static const field *find_field(const tfl_call *c, const char *name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (c->row && fields[i].options == c->row->options && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

bool tfl_has_field(const tfl_call *c, const char *name)
{
    return find_field(c, name) != NULL;
}

int64_t tfl_int(const tfl_call *c, const char *name)
{
    const field *f = find_field(c, name);
    QIR_ASSERT(f && f->kind != TFL_FLOAT, "options.def has no such field of integers");
    unsigned bytes = f->kind == TFL_BYTE ? 1 : 4;
    return qir_fb_int(&c->node->options, f->id, bytes, (int64_t)f->dflt);
}

float tfl_float(const tfl_call *c, const char *name)
{
    const field *f = find_field(c, name);
    QIR_ASSERT(f && f->kind == TFL_FLOAT, "options.def has no such field of floats");
    return qir_fb_float(&c->node->options, f->id, f->dflt);
}
