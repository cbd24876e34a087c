/* Reading a test case: tensors, names of the graph's inputs, operators of the model.  The model is
 * read by its bytes, because its import may be what fails. */
#include <string.h>
#include <sys/stat.h>

#include "harness.h"
#include "io/pb.h"
#include "qir/samples.h"
#include "qir/support/file.h"
#include "qir/support/map.h"

enum { MODEL_GRAPH = 7, GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11 };
enum { VALUE_NAME = 1, TENSOR_NAME = 8, NODE_OP = 4 };

static bool read_file(test_case *t, const char *path, qir_bytes *bytes)
{
    return qir_read_file(qir_context_diag(t->ctx), qir_context_arena(t->ctx), path, (size_t)1 << 30,
                         "", bytes);
}

/* Loads kind_0.pb, kind_1.pb, ... */
static bool load_tensors(test_case *t, const char *kind, qir_tensor *out, unsigned *n)
{
    qir_arena *arena = qir_context_arena(t->ctx);
    for (*n = 0; *n < MAX_TENSORS; ++*n) {
        char *path = qir_arena_printf(arena, "%s/test_data_set_0/%s_%u.pb", t->dir, kind, *n);
        struct stat st;
        qir_bytes bytes;
        if (stat(path, &st) != 0)
            return true;
        if (!read_file(t, path, &bytes) ||
            !qir_tensorproto_read(t->ctx, arena, path, bytes.data, bytes.len, &out[*n]))
            return false;
    }
    return true;
}

/* The string in field `number` of the message in `f`, interned. */
static const char *string_in(qir_context *ctx, const qir_pb *r, const qir_pb_field *f,
                             uint32_t number)
{
    qir_pb child;
    qir_pb_field g;
    const char *s, *name = "";
    size_t len;
    if (qir_pb_enter(r, f, &child))
        while (qir_pb_next(&child, &g))
            if (g.number == number && qir_pb_bytes(&child, &g, &s, &len))
                name = qir_intern(ctx, s, len);
    return name;
}

static void read_graph(test_case *t, qir_pb graph, qir_map *initializers, qir_map *ops)
{
    for (qir_pb_field g; qir_pb_next(&graph, &g);) {
        if (g.number == GRAPH_INPUT && t->nnames < MAX_TENSORS)
            t->names[t->nnames++] = string_in(t->ctx, &graph, &g, VALUE_NAME);
        if (g.number == GRAPH_INITIALIZER)
            qir_map_put(initializers, string_in(t->ctx, &graph, &g, TENSOR_NAME), t);
        if (g.number == GRAPH_NODE)
            qir_map_put(ops, string_in(t->ctx, &graph, &g, NODE_OP), t);
    }
}

static bool read_model(test_case *t)
{
    qir_pb_file file;
    qir_pb_field f;
    qir_pb model, graph;
    qir_bytes bytes;
    qir_map initializers = {0}, ops = {0};
    if (!read_file(t, t->model, &bytes))
        return false;
    model = qir_pb_open(&file, t->ctx, t->model, bytes.data, bytes.len);
    while (qir_pb_next(&model, &f))
        if (f.number == MODEL_GRAPH && qir_pb_enter(&model, &f, &graph))
            read_graph(t, graph, &initializers, &ops);
    unsigned kept = 0;
    for (unsigned i = 0; i < t->nnames; i++)
        if (!qir_map_has(&initializers, t->names[i]))
            t->names[kept++] = t->names[i];
    t->nnames = kept;
    for (size_t i = 0; i < ops.len; i++)
        qir_strbuf_printf(&t->ops, "%s%s", i ? "," : "", (const char *)ops.entries[i].key);
    qir_map_free(&initializers);
    qir_map_free(&ops);
    return true;
}

bool load_case(test_case *t)
{
    t->model = qir_arena_printf(qir_context_arena(t->ctx), "%s/model.onnx", t->dir);
    return read_model(t) && load_tensors(t, "input", t->inputs, &t->ninputs) &&
           load_tensors(t, "output", t->outputs, &t->noutputs);
}
