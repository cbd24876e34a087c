/* Custom ops: functions that plugins register for them, and what such a function is told. */
#include "qir/custom.h"

#include <string.h>
#include "qir/ops.h"

static const char registered_key;

static const qir_custom_op *find(qir_context *ctx, const char *symbol)
{
    const qir_custom_op *op;
    for (size_t i = 0; (op = qir_context_row(ctx, &registered_key, i)); i++)
        if (!strcmp(op->symbol, symbol))
            return op;
    return NULL;
}

bool qir_custom_register(qir_context *ctx, const qir_custom_op *op)
{
    if (find(ctx, op->symbol))
        return qir_error(qir_context_diag(ctx), NULL, "custom.name",
                         "a function for custom ops '%s' exists already; load one plugin that has it",
                         op->symbol);
    qir_context_add_row(ctx, &registered_key, op);
    return true;
}

qir_custom_fn qir_custom_function(const qir_op *op)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const char *symbol = qir_op_string(op, "symbol");
    const qir_custom_op *found = find(ctx, symbol);
    if (found)
        return found->fn;
    (void)qir_error(qir_context_diag(ctx), op->loc, "custom.function",
                    "nothing here computes custom op '%s': compile its function into a plugin that calls "
                    "qir_custom_register, and give -load-plugin=FILE.so",
                    symbol);
    return NULL;
}

const char *qir_custom_argument(const char *attr)
{
    static const char prefix[] = "arg.";
    size_t n = sizeof prefix - 1;
    return strncmp(attr, prefix, n) || !attr[n] ? NULL : attr + n;
}

/* ---- what the function is told ---------------------------------------------------------------- */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t n = strlen(from) < size ? strlen(from) : size - 1;
    memcpy(to, from, n);
}

void qir_custom_describe_tensor(const qir_type *t, const char *name, qcc_tensor_info *out)
{
    bool known = t->quant && t->quant->count == 1;
    *out = (qcc_tensor_info){.bytes = qir_type_bytes(t),
                             .rank = t->rank,
                             .scale = known ? t->quant->scale[0] : 1.0f,
                             .zero_point = known ? t->quant->zero_point[0] : 0};
    copy_text(out->name, sizeof out->name, name);
    copy_text(out->dtype, sizeof out->dtype, qir_dtype_name(t->dtype));
    for (unsigned d = 0; d < QIR_MAX_RANK; d++)
        out->shape[d] = d < t->rank ? t->dims[d] : 1;
}

static void describe_attribute(const char *name, const qir_attr *a, qir_arena *arena,
                               qcc_attribute *out)
{
    bool list = a->kind >= QIR_ATTR_STRING;
    *out = (qcc_attribute){.count = list ? a->len : 1};
    copy_text(out->name, sizeof out->name, name);
    if (a->kind == QIR_ATTR_STRING) {
        out->text = a->u.s;
    } else if (a->kind == QIR_ATTR_FLOATS || a->kind == QIR_ATTR_FLOAT) {
        out->floats = list ? a->u.floats : qir_arena_copy(arena, &a->u.f, sizeof a->u.f);
    } else if (a->kind == QIR_ATTR_INTS) {
        out->ints = a->u.ints;
    } else {
        int64_t value = a->kind == QIR_ATTR_BOOL ? a->u.b : a->u.i;
        out->ints = qir_arena_copy(arena, &value, sizeof value);
    }
}

static uint32_t describe_attributes(const qir_op *op, qir_arena *arena, qcc_attribute *out)
{
    uint32_t n = 0;
    for (size_t i = 0; op->attrs && i < op->attrs->len; i++) {
        const char *name = qir_custom_argument(op->attrs->entries[i].name);
        if (name)
            describe_attribute(name, op->attrs->entries[i].value, arena, &out[n++]);
    }
    return n;
}

const qcc_custom *qir_custom_describe(const qir_op *op, qir_arena *arena)
{
    uint32_t nin = op->noperands, nout = op->nresults;
    qcc_custom *c = QIR_NEW(arena, qcc_custom);
    qcc_tensor_info *tensors = QIR_NEW_ARRAY(arena, qcc_tensor_info, nin + nout);
    qcc_attribute *attributes =
        QIR_NEW_ARRAY(arena, qcc_attribute, op->attrs ? op->attrs->len : 0);
    for (uint32_t i = 0; i < nin + nout; i++)
        qir_custom_describe_tensor(
            i < nin ? qir_op_operand(op, i)->type : op->results[i - nin].type, "", &tensors[i]);
    *c = (qcc_custom){.version = QCC_CUSTOM_VERSION,
                      .input_count = nin,
                      .output_count = nout,
                      .attribute_count = describe_attributes(op, arena, attributes),
                      .tensors = tensors,
                      .attributes = attributes};
    return c;
}
