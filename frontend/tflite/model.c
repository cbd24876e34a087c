/* Decodes the tables Model, SubGraph, OperatorCode and Operator (schema of version 3). */
#include "tflite/model.h"

#include <inttypes.h>
#include <string.h>

/* Operators that have a name instead of a number; the largest number of the old field, which stands
 * there when only the new one can hold the code. */
enum { CUSTOM = 32, PLACEHOLDER = 127 };

typedef struct opcode {
    int64_t code, version;
    const char *custom;
} opcode;

/* What is needed while decoding. */
typedef struct reader {
    qir_fb_file *file;
    qir_arena *arena;
    tfl_model *m;
    opcode *codes;
    size_t ncodes;
    qir_fb_vec buffers;
} reader;

bool tfl_read_name(qir_arena *arena, const qir_fb *table, unsigned field, const char **out)
{
    qir_fb_vec s;
    *out = "";
    if (!qir_fb_vector(table, field, 1, &s))
        return false;
    if (s.n > TFL_MAX_NAME || memchr(qir_fb_bytes(&s), 0, s.n))
        return qir_fb_fail(s.file, s.pos, "tfl.name",
                           "a name has a NUL byte or more than %d bytes", TFL_MAX_NAME);
    *out = qir_arena_strndup(arena, qir_fb_bytes(&s), s.n);
    return true;
}

/* --- operators -------------------------------------------------------------------------------- */

/* The old field has one byte; files for old and new readers fill both. */
static bool read_opcode(reader *r, const qir_fb *table, opcode *out)
{
    int64_t old = qir_fb_int(table, 0, 1, 0), code = qir_fb_int(table, 3, 4, 0);
    if (old < 0 || code < 0 || (code && old != code && old != PLACEHOLDER && old != 0))
        return qir_fb_fail(r->file, table->pos, "tfl.opcode",
                           "builtin codes %" PRId64 " and %" PRId64 " disagree", old, code);
    *out = (opcode){.code = old > code ? old : code, .version = qir_fb_int(table, 2, 4, 1)};
    if (!tfl_read_name(r->arena, table, 1, &out->custom))
        return false;
    return out->code != CUSTOM || *out->custom ||
           qir_fb_fail(r->file, table->pos, "tfl.opcode", "a custom operator has no name");
}

static bool read_opcodes(reader *r, const qir_fb *model)
{
    qir_fb_vec v;
    if (!qir_fb_vector(model, 1, 4, &v))
        return false;
    r->ncodes = v.n;
    r->codes = QIR_NEW_ARRAY(r->arena, opcode, v.n);
    for (size_t i = 0; i < v.n; i++) {
        qir_fb table;
        if (!qir_fb_table_at(&v, i, &table) || !read_opcode(r, &table, &r->codes[i]))
            return false;
    }
    return true;
}

/* Tensor numbers; `omitted`: -1 may stand for an operand that is not given. */
static bool read_indices(reader *r, const qir_fb *table, unsigned field, bool omitted,
                         const int32_t **out, size_t *n)
{
    qir_fb_vec v;
    if (!qir_fb_vector(table, field, 4, &v))
        return false;
    int32_t *list = QIR_NEW_ARRAY(r->arena, int32_t, v.n);
    for (size_t i = 0; i < v.n; i++) {
        int64_t t = qir_fb_int_at(&v, i, 4);
        if (t < (omitted ? -1 : 0) || t >= (int64_t)r->m->ntensors)
            return qir_fb_fail(r->file, v.pos + 4 * i, "tfl.index",
                               "tensor %" PRId64 " of a graph with %zu tensors", t,
                               r->m->ntensors);
        list[i] = (int32_t)t;
    }
    *out = list;
    *n = v.n;
    return true;
}

static bool read_operator(reader *r, const qir_fb *table, tfl_operator *out)
{
    uint64_t code = qir_fb_uint(table, 0, 4, 0);
    size_t nin, nout;
    if (code >= r->ncodes)
        return qir_fb_fail(r->file, table->pos, "tfl.opcode",
                           "operator code %" PRIu64 " of a model with %zu", code, r->ncodes);
    *out = (tfl_operator){.code = r->codes[code].code,
                          .version = r->codes[code].version,
                          .custom = r->codes[code].custom,
                          .options_type = (unsigned)qir_fb_uint(table, 3, 1, 0),
                          .offset = table->pos};
    if (!read_indices(r, table, 1, true, &out->in, &nin) ||
        !read_indices(r, table, 2, false, &out->out, &nout) ||
        !qir_fb_table(table, 4, &out->options))
        return false;
    out->nin = (uint32_t)nin;
    out->nout = (uint32_t)nout;
    return true;
}

/* --- the graph -------------------------------------------------------------------------------- */

static bool bounded(reader *r, const qir_fb_vec *v, size_t most, const char *what)
{
    return v->n <= most ||
           qir_fb_fail(r->file, v->pos, "tfl.budget", "more than %zu %s", most, what);
}

static bool read_tensors(reader *r, const qir_fb *graph)
{
    qir_fb_vec v;
    if (!qir_fb_vector(graph, 0, 4, &v) || !bounded(r, &v, TFL_MAX_TENSORS, "tensors"))
        return false;
    r->m->ntensors = v.n;
    r->m->tensors = QIR_NEW_ARRAY(r->arena, tfl_tensor, v.n);
    for (size_t i = 0; i < v.n; i++) {
        qir_fb table;
        if (!qir_fb_table_at(&v, i, &table) ||
            !tfl_tensor_read(r->arena, &table, &r->buffers, &r->m->tensors[i]))
            return false;
        if (!*r->m->tensors[i].name)
            r->m->tensors[i].name = qir_arena_printf(r->arena, "tensor%zu", i);
        int32_t scales = r->m->tensors[i].quant.block_scales;
        if (scales < 0 || (size_t)scales >= v.n)
            return qir_fb_fail(r->file, table.pos, "tfl.index",
                               "block scales are tensor %d of a graph with %zu tensors", scales,
                               v.n);
    }
    return true;
}

static bool read_operators(reader *r, const qir_fb *graph)
{
    qir_fb_vec v;
    if (!qir_fb_vector(graph, 3, 4, &v) || !bounded(r, &v, TFL_MAX_OPERATORS, "operators"))
        return false;
    r->m->noperators = v.n;
    r->m->operators = QIR_NEW_ARRAY(r->arena, tfl_operator, v.n);
    for (size_t i = 0; i < v.n; i++) {
        qir_fb table;
        if (!qir_fb_table_at(&v, i, &table) || !read_operator(r, &table, &r->m->operators[i]))
            return false;
    }
    return true;
}

static bool read_graph(reader *r, const qir_fb *graph)
{
    return tfl_read_name(r->arena, graph, 4, &r->m->name) && read_tensors(r, graph) &&
           read_indices(r, graph, 1, false, &r->m->inputs, &r->m->ninputs) &&
           read_indices(r, graph, 2, false, &r->m->outputs, &r->m->noutputs) &&
           read_operators(r, graph);
}

static bool check_head(qir_fb_file *file, const qir_fb *model)
{
    uint64_t version = qir_fb_uint(model, 0, 4, 0);
    if (file->len < 8 || memcmp(file->data + 4, "TFL3", 4) != 0)
        return qir_fb_fail(file, 4, "tfl.version", "the file identifier is not TFL3");
    return version == 3 || qir_fb_fail(file, model->pos, "tfl.version",
                                       "schema version %" PRIu64 ", expected 3", version);
}

bool tfl_model_read(qir_context *ctx, qir_arena *arena, const char *path, const void *data,
                    size_t len, tfl_model *out)
{
    *out = (tfl_model){0};
    reader r = {.file = &out->file, .arena = arena, .m = out};
    qir_fb model, graph;
    qir_fb_vec graphs;
    if (!qir_fb_open(&out->file, ctx, path, data, len, &model) ||
        !check_head(&out->file, &model) || !read_opcodes(&r, &model) ||
        !qir_fb_vector(&model, 4, 4, &r.buffers) || !qir_fb_vector(&model, 2, 4, &graphs))
        return false;
    out->nsubgraphs = graphs.n;
    if (!graphs.n)
        return qir_fb_fail(&out->file, model.pos, "tfl.subgraph", "the model has no subgraph");
    return qir_fb_table_at(&graphs, 0, &graph) && read_graph(&r, &graph) && !out->file.failed;
}
