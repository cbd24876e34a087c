/* Decodes ExportedProgram, GraphModule and Graph. */
#include "pt2/program.h"

#include <inttypes.h>
#include <string.h>

typedef struct decoder {
    qir_arena *arena;
    pt2_program *out;
} decoder;

static bool read_version(const qir_json *root, pt2_program *out)
{
    enum { SCHEMA = 8 };
    qir_json version, major, torch;
    int64_t n;
    out->torch_version = "";
    if (!qir_json_optional(root, "torch_version", &torch) ||
        (torch.value && !qir_json_string(&torch, &out->torch_version)) ||
        !qir_json_member(root, "schema_version", &version) ||
        !qir_json_member(&version, "major", &major) || !qir_json_int(&major, &n))
        return false;
    return n == SCHEMA || qir_json_fail(&major,
                                        "schema version %" PRId64 " is not known, only %d; save the "
                                        "program with torch 2.9 or a later release of the same schema",
                                        n, SCHEMA);
}

static bool read_nodes(decoder *d, const qir_json *graph)
{
    pt2_program *p = d->out;
    qir_json list;
    if (!qir_json_member(graph, "nodes", &list) || !qir_json_count(&list, &p->nnodes))
        return false;
    if (p->nnodes > PT2_MAX_NODES)
        return qir_json_fail(&list, "more than %d nodes", PT2_MAX_NODES);
    p->nodes = QIR_NEW_ARRAY(d->arena, pt2_node, p->nnodes);
    for (size_t i = 0; i < p->nnodes; i++) {
        qir_json item = qir_json_item(&list, i);
        if (!pt2_node_read(d->arena, &item, &p->nodes[i]))
            return false;
    }
    return true;
}

static const char *kept(decoder *d, const char *key, size_t *len)
{
    *len = strlen(key);
    return qir_arena_strndup(d->arena, key, *len);
}

static bool add_tensor(void *user, const char *key, const qir_json *j)
{
    decoder *d = user;
    size_t len;
    const char *name = kept(d, key, &len);
    pt2_meta *meta = QIR_NEW(d->arena, pt2_meta);
    qir_strmap_put(&d->out->tensors, name, len, meta);
    return pt2_meta_read(d->arena, j, meta);
}

static bool add_symbol(void *user, const char *key, const qir_json *j)
{
    decoder *d = user;
    size_t len;
    const char *name = kept(d, key, &len);
    pt2_size *size = QIR_NEW(d->arena, pt2_size);
    qir_strmap_put(&d->out->symbols, name, len, size);
    return pt2_size_read(j, size);
}

/* An end that is null is open. */
static bool read_end(const qir_json *range, const char *key, int64_t open, int64_t *out)
{
    qir_json end;
    *out = open;
    return qir_json_optional(range, key, &end) && (!end.value || qir_json_int(&end, out));
}

static bool add_range(void *user, const char *key, const qir_json *j)
{
    decoder *d = user;
    size_t len;
    pt2_range *r = &d->out->ranges[d->out->nranges++];
    r->expr = kept(d, key, &len);
    return read_end(j, "min_val", INT64_MIN, &r->min) && read_end(j, "max_val", INT64_MAX, &r->max);
}

static bool count_member(void *user, const char *key, const qir_json *j)
{
    (void)key, (void)j;
    ++*(size_t *)user;
    return true;
}

static bool read_ranges(decoder *d, const qir_json *root)
{
    qir_json ranges;
    size_t n = 0;
    if (!qir_json_member(root, "range_constraints", &ranges) ||
        !qir_json_each(&ranges, count_member, &n))
        return false;
    d->out->ranges = QIR_NEW_ARRAY(d->arena, pt2_range, n);
    return qir_json_each(&ranges, add_range, d);
}

static bool read_map(decoder *d, const qir_json *graph, const char *key, qir_json_fn fn)
{
    qir_json map;
    return qir_json_member(graph, key, &map) && qir_json_each(&map, fn, d);
}

static bool read_root(decoder *d, const qir_json *root)
{
    qir_json module, graph;
    return read_version(root, d->out) && qir_json_member(root, "graph_module", &module) &&
           qir_json_member(&module, "graph", &graph) && read_nodes(d, &graph) &&
           pt2_signature_read(d->arena, &module, d->out) &&
           read_map(d, &graph, "tensor_values", add_tensor) &&
           read_map(d, &graph, "sym_int_values", add_symbol) && read_ranges(d, root);
}

bool pt2_program_read(qir_context *ctx, qir_arena *arena, const char *path, const char *member,
                      qir_bytes text, pt2_program *out)
{
    *out = (pt2_program){0};
    decoder d = {arena, out};
    if (!qir_json_open(&out->file, ctx, path, member, "pt2.schema", text))
        return false;
    qir_json root = qir_json_root(&out->file);
    bool ok = read_root(&d, &root);
    qir_json_close(&out->file); /* several times the size of what was kept */
    return ok;
}

void pt2_program_free(pt2_program *p)
{
    qir_map_free(&p->tensors);
    qir_map_free(&p->symbols);
}
