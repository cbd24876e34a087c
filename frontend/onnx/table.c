/* The operator table: which row of map.def translates a node, and what to say when none does. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"

enum { OPSET_TESTED_MIN = 6, OPSET_TESTED_MAX = 22, OPSET_LIMIT = 100 };

static const onnx_row rows[] = {
#define ROW(domain, op, since, until, min_in, max_in, max_out, consts, fn, qir)                    \
    {domain, #op, since, until, min_in, max_in, max_out, consts, onnx_##fn, QIR_OP_##qir},
#include "onnx/map.def"
#undef ROW
};
enum { NUM_ROWS = sizeof rows / sizeof rows[0] };

void qir_onnx_list_ops(void (*fn)(void *user, const char *domain, const char *op, int since),
                       void *user)
{
    for (size_t i = 0; i < NUM_ROWS; i++)
        fn(user, rows[i].domain, rows[i].op, rows[i].since);
}

void onnx_table_init(onnx_import *imp)
{
    for (size_t i = NUM_ROWS; i-- > 0;) /* backwards: the first row of an op wins */
        qir_strmap_put(&imp->rows, rows[i].op, strlen(rows[i].op), (void *)(uintptr_t)&rows[i]);
}

const onnx_row *onnx_table_find(const onnx_import *imp, const onnx_node *n, int64_t opset)
{
    const onnx_row *found = NULL;
    const onnx_row *row = qir_strmap_get(&imp->rows, n->op, strlen(n->op));
    for (; row && row < rows + NUM_ROWS && strcmp(row->op, n->op) == 0; row++)
        if (strcmp(row->domain, n->domain) == 0 && opset >= row->since &&
            (!row->until || opset <= row->until))
            found = row;
    return found;
}

int64_t onnx_opset_of(const onnx_import *imp, const char *domain)
{
    for (size_t i = 0; i < imp->model.nopsets; i++)
        if (strcmp(imp->model.opsets[i].domain, domain) == 0)
            return imp->model.opsets[i].version;
    return 0;
}

static bool check_opset(onnx_import *imp, const onnx_opset *o)
{
    for (const onnx_opset *p = imp->model.opsets; p < o; p++)
        if (strcmp(p->domain, o->domain) == 0)
            return qir_pb_fail(&imp->model.file, o->offset, "onnx.opset",
                               "operator set '%s' is imported twice", o->domain);
    if (o->version < 1 || o->version > OPSET_LIMIT)
        return qir_pb_fail(&imp->model.file, o->offset, "onnx.opset",
                           "operator set '%s' has version %" PRId64 ", expected 1 to %d", o->domain,
                           o->version, OPSET_LIMIT);
    if (!*o->domain && (o->version < OPSET_TESTED_MIN || o->version > OPSET_TESTED_MAX))
        qir_warning(imp->fe.diag, qir_pb_loc(&imp->model.file, o->offset), "opset",
                    "operator set %" PRId64 " was not tested, tested are %d to %d", o->version,
                    OPSET_TESTED_MIN, OPSET_TESTED_MAX);
    return true;
}

bool onnx_check_opsets(onnx_import *imp)
{
    if (!imp->model.nopsets)
        return qir_pb_fail(&imp->model.file, 0, "onnx.opset", "the model imports no operator set");
    for (size_t i = 0; i < imp->model.nopsets; i++)
        if (!check_opset(imp, &imp->model.opsets[i]))
            return false;
    return true;
}

/* A kind of unsupported node. */
typedef struct missing {
    const onnx_node *first;
    int64_t opset;
    size_t count;
    bool function;
} missing;

static bool is_function(const onnx_import *imp, const char *key)
{
    for (size_t i = 0; i < imp->model.nfunctions; i++)
        if (strcmp(imp->model.functions[i], key) == 0)
            return true;
    return false;
}

static const char *op_key(onnx_import *imp, const onnx_node *n)
{
    return qir_arena_printf(imp->fe.arena, "%s::%s", n->domain, n->op);
}

static void add_missing(onnx_import *imp, qir_map *kinds, const onnx_node *n, int64_t opset,
                        bool function)
{
    const char *key = op_key(imp, n);
    missing *kind = qir_strmap_get(kinds, key, strlen(key));
    if (!kind) {
        kind = QIR_NEW(imp->fe.arena, missing);
        *kind = (missing){.first = n, .opset = opset, .function = function};
        qir_strmap_put(kinds, key, strlen(key), kind);
    }
    kind->count++;
}

static void note_missing(onnx_import *imp, const missing *k)
{
    const onnx_node *n = k->first;
    const char *name = *n->name ? n->name : n->nout ? n->out[0] : "";
    qir_note(imp->fe.diag, qir_pb_loc(&imp->model.file, n->offset),
             "%s%s%s opset %" PRId64 ", %zu node%s, first '%s'%s", n->domain,
             *n->domain ? "::" : "", n->op, k->opset, k->count, k->count == 1 ? "" : "s", name,
             k->function ? " (a function of the model)" : "");
}

bool onnx_check_supported(onnx_import *imp)
{
    qir_map kinds = {0};
    for (size_t i = 0; i < imp->model.nnodes; i++) {
        const onnx_node *n = &imp->model.nodes[i];
        if (!n->live)
            continue;
        int64_t opset = onnx_opset_of(imp, n->domain);
        bool function = imp->model.nfunctions && is_function(imp, op_key(imp, n));
        if (function || !onnx_table_find(imp, n, opset))
            add_missing(imp, &kinds, n, opset, function);
    }
    size_t total = kinds.len;
    if (total)
        qir_error(imp->fe.diag, qir_pb_loc(&imp->model.file, 0), "onnx.unsupported",
                  "the model uses %zu unsupported operator%s", total, total == 1 ? "" : "s");
    for (size_t i = 0; i < total; i++)
        note_missing(imp, kinds.entries[i].value);
    qir_map_free(&kinds);
    return total == 0;
}
