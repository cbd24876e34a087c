/* The operator table: which row of map.def translates a node, and what to say when none does. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"
#include "formats.h"

enum { OPSET_TESTED_MIN = 6, OPSET_TESTED_MAX = 26, OPSET_LIMIT = 100 };

static const onnx_row rows[] = {
#define ROW(domain, op, since, until, min_in, max_in, max_out, consts, fn, qir)                    \
    {domain, #op, since, until, min_in, max_in, max_out, consts, onnx_##fn, QIR_OP_##qir},
#include "onnx/map.def"
#undef ROW
};
enum { NUM_ROWS = sizeof rows / sizeof rows[0] };

void onnx_supported_ops(qir_supported_fn fn, void *user)
{
    for (size_t i = 0; i < NUM_ROWS; i++) {
        const onnx_row *row = &rows[i], *next = i + 1 < NUM_ROWS ? &rows[i + 1] : NULL;
        bool replaced = next && !row->until && strcmp(next->op, row->op) == 0 &&
                        strcmp(next->domain, row->domain) == 0;
        const char *qir = row->opcode < QIR_NUM_OPS ? qir_op_desc_get(row->opcode)->name : NULL;
        qir_supported_op op = {
            "onnx", row->domain, row->op, row->since, replaced ? next->since - 1 : row->until, qir};
        fn(user, &op);
    }
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
    for (size_t i = 0; i < imp->body->nopsets; i++)
        if (strcmp(imp->body->opsets[i].domain, domain) == 0)
            return imp->body->opsets[i].version;
    return 0;
}

static bool check_opset(onnx_import *imp, const onnx_opset *first, const onnx_opset *o)
{
    for (const onnx_opset *p = first; p < o; p++)
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

bool onnx_check_opsets(onnx_import *imp, const onnx_opset *opsets, size_t n)
{
    if (!n)
        return qir_pb_fail(&imp->model.file, 0, "onnx.opset", "the model imports no operator set");
    for (size_t i = 0; i < n; i++)
        if (!check_opset(imp, opsets, &opsets[i]))
            return false;
    return true;
}
