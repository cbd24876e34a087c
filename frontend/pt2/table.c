/* The operator table: which row of map.def translates a node, and what to say when none does. */
#include <string.h>

#include "formats.h"
#include "pt2/import.h"

static const pt2_row rows[] = {
#define ROW(target, sharing, fn, qir, signature)                                                   \
    {target, PT2_##sharing, pt2_op_##fn, QIR_OP_##qir, signature},
#include "pt2/map.def"
#undef ROW
};
enum { NUM_ROWS = sizeof rows / sizeof rows[0] };

void pt2_supported_ops(qir_supported_fn fn, void *user)
{
    for (size_t i = 0; i < NUM_ROWS; i++) {
        qir_supported_op op = {.format = "pt2",
                               .domain = "",
                               .name = rows[i].target,
                               .qir = qir_op_desc_get(rows[i].opcode)->name};
        fn(user, &op);
    }
}

void pt2_table_init(pt2_import *imp)
{
    for (size_t i = 0; i < NUM_ROWS; i++)
        qir_strmap_put(&imp->rows, rows[i].target, strlen(rows[i].target),
                       (void *)(uintptr_t)&rows[i]);
}

/* "aten.relu_.default" -> "aten.relu.default"; NULL if no operator of that kind. */
static const char *out_of_place(qir_arena *arena, const char *target)
{
    const char *op = strchr(target, '.'), *end = op ? strchr(op + 1, '.') : NULL;
    if (!end || end - op < 3 || end[-1] != '_' || end[-2] == '_')
        return NULL;
    return qir_arena_printf(arena, "%.*s%s", (int)(end - 1 - target), target, end);
}

/* What -custom-op names takes any arguments. */
static const pt2_row custom_row = {"custom", PT2_FRESH, pt2_custom, QIR_OP_custom, NULL};

const pt2_row *pt2_table_find(const pt2_import *imp, const pt2_node *n, bool *in_place)
{
    const pt2_row *row = qir_strmap_get(&imp->rows, n->target, strlen(n->target));
    const char *target;
    fe_custom custom;
    *in_place = false;
    if (fe_find_custom(&imp->fe, n->target, &custom))
        return &custom_row;
    if (row || !(target = out_of_place(imp->fe.scratch, n->target)))
        return row;
    *in_place = true;
    return qir_strmap_get(&imp->rows, target, strlen(target));
}

/* A kind of unsupported node. */
typedef struct missing {
    const pt2_node *first;
    size_t count;
} missing;

static void add_missing(pt2_import *imp, qir_map *kinds, const pt2_node *n)
{
    missing *kind = qir_map_get(kinds, n->target);
    if (!kind) {
        kind = QIR_NEW(imp->fe.arena, missing);
        kind->first = n;
        qir_map_put(kinds, n->target, kind);
    }
    kind->count++;
}

static const char *hint(const char *target)
{
    if (strncmp(target, "export.access_subclass", 22) == 0)
        return ": call torchao.utils.unwrap_tensor_subclass(model) before torch.export.export";
    if (strncmp(target, "higher_order.", 13) == 0)
        return ": control flow is not supported";
    return "";
}

bool pt2_check_supported(pt2_import *imp)
{
    qir_map kinds = {0};
    bool in_place;
    for (size_t i = 0; i < imp->program.nnodes; i++) {
        const pt2_node *n = &imp->program.nodes[i];
        if (n->live && !pt2_table_find(imp, n, &in_place))
            add_missing(imp, &kinds, n);
    }
    size_t total = kinds.len;
    if (total)
        fe_error_at(&imp->fe, imp->loc, "unsupported", "the model uses %zu unsupported operator%s",
                    total, total == 1 ? "" : "s");
    for (size_t i = 0; i < total; i++) {
        const missing *k = kinds.entries[i].value;
        qir_note(imp->fe.diag, imp->loc, "%s, %zu node%s, first '%s'%s", k->first->target, k->count,
                 k->count == 1 ? "" : "s", k->first->name, hint(k->first->target));
    }
    qir_map_free(&kinds);
    return total == 0;
}
