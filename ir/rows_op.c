/* Ops by rows: which can be cut, and a part of one as an op of its own.  See qir/rows.h. */
#include "qir/rows.h"

#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/support/assert.h"

enum { AXIS = 2 };

/* One image whose rows lie one behind another. */
static bool is_rows(const qir_type *t)
{
    int64_t strides[QIR_MAX_RANK];
    if (t->kind != QIR_TENSOR || t->rank <= AXIS || t->dims[0] != 1 || t->dims[AXIS] < 1 ||
        (t->quant && (t->quant->axis == AXIS || t->quant->group)))
        return false;
    qir_type_strides(t, strides);
    return strides[AXIS] * t->dims[AXIS] == qir_type_elements(t);
}

static bool is_const(const qir_value *v)
{
    return qir_value_root((qir_value *)v)->kind == QIR_VALUE_CONST;
}

/* --- elementwise ops ---------------------------------------------------------------------------- */
/* Elements of operand `x` along the rows of the result; 1: all rows have the same. */
static int64_t rows_along(const qir_op *op, const qir_value *x)
{
    unsigned rank = op->results[0].type->rank, extra = rank - x->type->rank;
    return x->type->rank > rank || extra > AXIS ? 1 : x->type->dims[AXIS - extra];
}

static bool takes_elementwise(const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *x = qir_op_operand(op, i);
        if (!x || rows_along(op, x) == 1)
            continue;
        if (x->type->rank != op->results[0].type->rank || !is_rows(x->type) || is_const(x))
            return false;
    }
    return true;
}

/* --- windows ------------------------------------------------------------------------------------ */
static int64_t entry(const qir_op *op, const char *name, unsigned i)
{
    size_t n;
    const int64_t *v = qir_op_ints(op, name, &n);
    return n == 1 ? v[0] : v[i];
}

static bool has_windows(const qir_op *op)
{
    return op->opcode == QIR_OP_conv || op->opcode == QIR_OP_max_pool;
}

static int64_t kernel_rows(const qir_op *op)
{
    int64_t weight = qir_op_weight(op);
    if (weight < 0)
        return entry(op, "kernel", 0);
    const qir_type *t = qir_op_operand(op, (uint32_t)weight)->type;
    return (t->kind == QIR_PACKED ? t->logical : t)->dims[AXIS];
}

void qir_rows_window(const qir_op *op, qir_rows_step *s)
{
    s->span = s->stride = 1;
    s->pad = 0;
    s->in_height = s->height;
    if (!has_windows(op))
        return;
    s->in_height = qir_op_operand(op, 0)->type->dims[AXIS];
    s->span = (kernel_rows(op) - 1) * entry(op, "dilations", 0) + 1;
    s->stride = entry(op, "strides", 0);
    s->pad = entry(op, "pads", 0);
}

/* Every window reaches into the image. */
static bool takes_windows(const qir_op *op)
{
    const qir_value *x = qir_op_operand(op, 0);
    qir_rows_step s = {.height = op->results[0].type->dims[AXIS]};
    if (op->noperands > 3 || !is_rows(x->type) || is_const(x))
        return false;
    qir_rows_window(op, &s);
    return s.pad < s.span && (s.height - 1) * s.stride - s.pad < s.in_height;
}

/* --- both --------------------------------------------------------------------------------------- */
bool qir_rows_takes(const qir_op *op)
{
    if (op->nresults != 1 || qir_op_is_view(op) || !is_rows(op->results[0].type) ||
        op->results[0].type->dims[AXIS] < 2)
        return false;
    if (has_windows(op))
        return takes_windows(op);
    return qir_op_has_trait(op, QIR_TRAIT_ELEMENTWISE) && takes_elementwise(op);
}

bool qir_rows_follows(const qir_op *op, const qir_op *next)
{
    const qir_value *y = &op->results[0];
    if (op->next != next || !qir_rows_takes(next) || !qir_value_has_one_use(y) || y->uses->user != next)
        return false;
    for (uint32_t i = 0; i < next->noperands; i++)
        if (qir_op_operand(next, i) == y)
            return qir_rows_access_of(next, i) != QIR_ROWS_WHOLE;
    return false;
}

qir_rows_access qir_rows_access_of(const qir_op *op, uint32_t i)
{
    const qir_value *x = qir_op_operand(op, i);
    if (has_windows(op))
        return i == 0 ? QIR_ROWS_INPUT : QIR_ROWS_WHOLE;
    return x && rows_along(op, x) > 1 ? QIR_ROWS_ALONG : QIR_ROWS_WHOLE;
}

/* --- a part as an op ---------------------------------------------------------------------------- */
static const qir_type *with_rows(const qir_op *op, const qir_type *t, int64_t rows)
{
    int64_t dims[QIR_MAX_RANK];
    for (unsigned d = 0; d < t->rank; d++)
        dims[d] = d == AXIS ? rows : t->dims[d];
    t = qir_type_with_shape(qir_op_module(op)->ctx, t, dims, t->rank, op->loc);
    QIR_ASSERT(t, "part of a valid type");
    return t;
}

/* Those of the op without its place in a plan, and the padding of the part. */
static const qir_dict *part_attrs(const qir_op *op, const qir_rows_part *p)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const qir_dict *attrs = op->attrs;
    for (size_t i = 0; qir_plan_attrs[i]; i++)
        attrs = qir_dict_set(ctx, attrs, qir_intern_cstr(ctx, qir_plan_attrs[i]), NULL);
    if (!has_windows(op))
        return attrs;
    int64_t pads[2 * QIR_MAX_RANK];
    unsigned n = op->results[0].type->rank - AXIS;
    for (unsigned i = 0; i < 2 * n; i++)
        pads[i] = i == 0 ? p->above : i == n ? p->below : entry(op, "pads", i);
    return qir_dict_set(ctx, attrs, qir_intern_cstr(ctx, "pads"), qir_attr_ints(ctx, pads, 2 * n));
}

/* Operand i: rows of it, as if it were an argument. */
static qir_value *part_operand(const qir_op *op, uint32_t i, const qir_rows_part *p, qir_arena *arena)
{
    qir_value *x = qir_op_operand(op, i);
    qir_rows_access access = qir_rows_access_of(op, i);
    if (!x || access == QIR_ROWS_WHOLE)
        return x;
    int64_t rows = access == QIR_ROWS_INPUT ? p->to - p->from : p->end - p->first;
    qir_value *part = QIR_NEW(arena, qir_value);
    *part = (qir_value){.type = with_rows(op, x->type, rows), .def = op->parent, .kind = QIR_VALUE_ARG};
    return part;
}

qir_op *qir_rows_slice(const qir_rows *r, unsigned step, const qir_rows_part *p, qir_arena *arena)
{
    const qir_op *op = r->step[step].op;
    qir_op *part = qir_arena_alloc(arena, sizeof(qir_op) + sizeof(qir_value));
    *part = (qir_op){.parent = op->parent, .loc = op->loc, .attrs = part_attrs(op, p),
                     .opcode = op->opcode, .nresults = 1, .noperands = op->noperands};
    part->operands = QIR_NEW_ARRAY(arena, qir_use, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        part->operands[i] = (qir_use){.value = part_operand(op, i, p, arena), .user = part};
    part->results[0] = (qir_value){.type = with_rows(op, op->results[0].type, p->end - p->first),
                                   .def = part, .kind = QIR_VALUE_RESULT};
    return part;
}
