/* Quantizers as tables of (op, role): how each role is annotated. */
#include "qir/quantizer.h"

#include <string.h>
#include "batch_norm.h"
#include "qir/ops.h"
#include "qir/quant.h"

typedef struct table_run {
    qir_annotator *a;
    const qir_quant_table *table;
    const qir_quant_row *row; /* that annotates now */
} table_run;

static const qir_qspec from_producer = {.kind = QIR_QSPEC_PRODUCER};

static qir_op *sole_user(const qir_op *op)
{
    const qir_value *y = &op->results[0];
    return qir_value_has_one_use(y) ? y->uses->user : NULL;
}

/* A batch norm that could be folded into `op`: only quantization-aware training leaves one. */
static qir_op *norm_behind(const qir_op *op)
{
    qir_norm n;
    qir_op *user = sole_user(op);
    return user && op->opcode != QIR_OP_linear && qir_norm_folds_into(op) && qir_norm_match(user, &n) ? user
                                                                                                  : NULL;
}

qir_op *qir_relu_behind(const qir_op *op)
{
    const qir_op *norm = norm_behind(op);
    qir_op *user = sole_user(norm ? norm : op);
    return user && user->opcode == QIR_OP_relu ? user : NULL;
}

static bool takes_relu(const qir_quant_row *row)
{
    return row->role == QIR_ROLE_ACCUM_RELU || row->role == QIR_ROLE_FREE_RELU;
}

static bool matches(const qir_quant_row *row, const qir_op *op)
{
    return row->opcode == op->opcode && (!takes_relu(row) || qir_relu_behind(op)) &&
           (!row->applies || row->applies(op));
}

static bool is_follower(const qir_quant_row *row)
{
    return row->role == QIR_ROLE_PROPAGATE || row->role == QIR_ROLE_FIXED;
}

const qir_quant_row *qir_quant_row_of(const qir_quant_table *t, const qir_op *op)
{
    for (size_t i = 0; i < t->nrows; i++)
        if (matches(&t->rows[i], op))
            return &t->rows[i];
    return NULL;
}

/* The row by which `op` takes parameters over from its operand. */
static const qir_quant_row *follower_row(const qir_quant_table *t, const qir_op *op)
{
    for (size_t i = 0; i < t->nrows; i++)
        if (is_follower(&t->rows[i]) && matches(&t->rows[i], op))
            return &t->rows[i];
    return NULL;
}

/* --- helpers --------------------------------------------------------------------------------- */

static bool is_f32(const qir_value *v)
{
    return !v || (v->type->kind == QIR_TENSOR && !v->type->quant && v->type->dtype == QIR_f32);
}

static bool all_f32(const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        if (!is_f32(qir_op_operand(op, i)))
            return false;
    return is_f32(&op->results[0]);
}

/* A spec per operand, all `first`. */
static const qir_qspec **specs(const table_run *r, const qir_op *op, const qir_qspec *first)
{
    const qir_qspec **in =
        QIR_NEW_ARRAY(qir_annotator_arena(r->a), const qir_qspec *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        in[i] = first;
    return in;
}

static const qir_qspec *shared_with(const table_run *r, uint32_t i)
{
    qir_qspec *s = QIR_NEW(qir_annotator_arena(r->a), qir_qspec);
    *s = qir_qspec_same_as_operand(i);
    return s;
}

/* Has `v` parameters already, looking through ops that will share their operand's? */
static bool has_parameters(const table_run *r, const qir_value *v)
{
    qir_op *def = v ? qir_value_op(v) : NULL;
    if (!def || qir_is_annotated(v))
        return def != NULL;
    return follower_row(r->table, def) && has_parameters(r, qir_op_operand(def, 0));
}

/* The operands at `op`; the result at the batch norm or relu behind it where the row takes them too. */
static void write(const table_run *r, qir_op *op, const qir_qspec *const *in, const qir_qspec *out)
{
    qir_op *norm = norm_behind(op), *relu = takes_relu(r->row) ? qir_relu_behind(op) : NULL;
    qir_annotate(r->a, op, in, norm || relu ? &qir_qspec_float : out);
    if (norm)
        qir_annotate(r->a, norm, specs(r, norm, &qir_qspec_float), relu ? &qir_qspec_float : out);
    if (relu)
        qir_annotate(r->a, relu, specs(r, relu, &qir_qspec_float), out);
}

/* --- roles ----------------------------------------------------------------------------------- */

static void annotate_weighted(const table_run *r, qir_op *op, const qir_qspec *x,
                              const qir_qspec *out)
{
    uint32_t weight = (uint32_t)qir_op_desc_get(op->opcode)->qrule.weight;
    if (!qir_value_const(qir_op_operand(op, weight))) {
        qir_annotate_float(r->a, op, "its weight is not a constant");
        return;
    }
    const qir_qspec **in = specs(r, op, &qir_qspec_float);
    in[0] = x;
    in[weight] = r->table->weight;
    write(r, op, in, out);
}

static void annotate_accum(const table_run *r, qir_op *op)
{
    annotate_weighted(r, op, r->table->act, r->table->act);
}

static void annotate_dynamic(const table_run *r, qir_op *op)
{
    annotate_weighted(r, op, r->table->act, &qir_qspec_float);
}

static void annotate_weight(const table_run *r, qir_op *op)
{
    annotate_weighted(r, op, &qir_qspec_float, &qir_qspec_float);
}

static void annotate_embedding(const table_run *r, qir_op *op)
{
    if (!qir_value_const(qir_op_operand(op, 0)) || !is_f32(qir_op_operand(op, 0))) {
        qir_annotate_float(r->a, op, "its table is not a constant of f32");
        return;
    }
    const qir_qspec **in = specs(r, op, &qir_qspec_float);
    in[0] = r->table->embedding;
    qir_annotate(r->a, op, in, &qir_qspec_float);
}

/* Ops that sum their operand 0 take the others as they are (gamma and beta of a norm). */
static void annotate_free(const table_run *r, qir_op *op)
{
    const qir_qspec **in = specs(r, op, r->table->act);
    for (uint32_t i = 1; i < op->noperands; i++)
        if (qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_FREE)
            in[i] = &qir_qspec_float;
    write(r, op, in, r->table->act);
}

/* The first operand that has parameters already gives those of all. */
static uint32_t concat_source(const table_run *r, const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        if (has_parameters(r, qir_op_operand(op, i)))
            return i;
    return 0;
}

static void annotate_concat(const table_run *r, qir_op *op)
{
    uint32_t source = concat_source(r, op);
    const qir_qspec *shared = shared_with(r, source), **in = specs(r, op, shared);
    in[source] = r->table->act;
    qir_annotate(r->a, op, in, shared);
}

static void annotate_pool(const table_run *r, qir_op *op)
{
    bool annotated = qir_is_annotated(qir_op_operand(op, 0));
    qir_annotate(r->a, op, specs(r, op, annotated ? &from_producer : r->table->act),
                 shared_with(r, 0));
}

static void annotate_join(const table_run *r, qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        if (!qir_value_const(v) && !has_parameters(r, v)) {
            qir_annotate_float(r->a, op, "not all of its operands are quantized");
            return;
        }
    }
    annotate_free(r, op);
}

/* Operand 0 as its producer has it, the result as `out` says. */
static void annotate_follower(const table_run *r, qir_op *op, const qir_qspec *out)
{
    if (!qir_is_annotated(qir_op_operand(op, 0))) {
        qir_annotate_float(r->a, op, "its input is not quantized");
        return;
    }
    const qir_qspec **in = specs(r, op, &qir_qspec_float);
    in[0] = &from_producer;
    qir_annotate(r->a, op, in, out);
}

static void annotate_propagated(const table_run *r, qir_op *op)
{
    annotate_follower(r, op, shared_with(r, 0));
}

/* Users annotated before take the value as it is: a second pair of parameters would only round again. */
static void hand_on(const table_run *r, qir_op *op)
{
    qir_for_each_use(u, &op->results[0])
        if (qir_dict_get(u->user->attrs, qir_intern_cstr(qir_op_module(op)->ctx, "quant.in")))
            qir_annotate_operand(r->a, u->user, (uint32_t)(u - u->user->operands), &from_producer);
}

/* What the op's results always are (a sigmoid's: 1/256): its rule holds the parameters for i8. */
static void annotate_fixed(const table_run *r, qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    qir_qspec *out = QIR_NEW(qir_annotator_arena(r->a), qir_qspec);
    qir_dtype t = r->table->act->dtype;
    *out = (qir_qspec){.kind = QIR_QSPEC_FIXED,
                       .dtype = t,
                       .qmin = (int32_t)qir_dtype_min(t),
                       .qmax = (int32_t)qir_dtype_max(t),
                       .scale = rule->scale,
                       .zero_point = rule->zero_point + (qir_dtype_is_signed(t) ? 0 : 128)};
    annotate_follower(r, op, out);
    if (qir_is_annotated(&op->results[0]))
        hand_on(r, op);
}

/* Roles in the order of their enum; `round` 1 looks at what round 0 annotated. */
static const struct {
    int round;
    bool any_type; /* operands other than f32 */
    void (*annotate)(const table_run *r, qir_op *op);
} roles[QIR_ROLE_COUNT] = {
    [QIR_ROLE_ACCUM] = {0, false, annotate_accum},
    [QIR_ROLE_DYNAMIC] = {0, false, annotate_dynamic},
    [QIR_ROLE_WEIGHT] = {0, false, annotate_weight},
    [QIR_ROLE_EMBEDDING] = {0, true, annotate_embedding},
    [QIR_ROLE_FREE] = {0, false, annotate_free},
    [QIR_ROLE_ACCUM_RELU] = {0, false, annotate_accum},
    [QIR_ROLE_FREE_RELU] = {0, false, annotate_free},
    [QIR_ROLE_POOL] = {1, false, annotate_pool},
    [QIR_ROLE_CONCAT] = {1, false, annotate_concat},
    [QIR_ROLE_JOIN] = {1, false, annotate_join},
    [QIR_ROLE_FIXED] = {2, false, annotate_fixed}, /* 2: behind all quantizers, in propagation */
    [QIR_ROLE_PROPAGATE] = {2, false, annotate_propagated},
};

/* --- what follows floats --------------------------------------------------------------------- */

/* Made by an op that has no integer form, looking through ops that follow their operand.  A constant
 * beside such a value counts as that; what was taken out of a table (an embedding) does not. */
static bool is_float_made(const table_run *r, const qir_value *v)
{
    const qir_op *def = v ? qir_value_op(v) : NULL;
    if (!def)
        return !v || v->kind == QIR_VALUE_CONST;
    const qir_quant_row *row = qir_quant_row_of(r->table, def);
    qir_qrule_kind rule = qir_op_desc_get(def->opcode)->qrule.kind;
    bool follows = row ? row->role == QIR_ROLE_PROPAGATE
                       : rule == QIR_QR_SAME || rule == QIR_QR_LOOKUP || rule == QIR_QR_FIXED;
    if (follows)
        return !qir_value_const(qir_op_operand(def, 0)) && is_float_made(r, qir_op_operand(def, 0));
    return !row || qir_dict_get(def->attrs, qir_intern_cstr(qir_op_module(def)->ctx,
                                                            QIR_ATTR_FLOAT_REASON));
}

static bool joins_floats(const table_run *r, const qir_op *op, qir_quant_role role)
{
    if (!r->table->follows || (role != QIR_ROLE_FREE && role != QIR_ROLE_CONCAT))
        return false;
    for (uint32_t i = 0; i < op->noperands; i++)
        if (!is_float_made(r, qir_op_operand(op, i)))
            return false;
    return true;
}

/* --- driver ---------------------------------------------------------------------------------- */

static void annotate(table_run *r, qir_op *op, const qir_quant_row *row)
{
    r->row = row;
    if (!roles[row->role].any_type && !all_f32(op))
        qir_annotate_float(r->a, op, "not all of its operands are f32");
    else if (joins_floats(r, op, row->role))
        qir_annotate_float(r->a, op, "what it takes is made in float");
    else
        roles[row->role].annotate(r, op);
}

static void stays_float(const table_run *r, qir_op *op)
{
    qir_annotate_float(r->a, op,
                       qir_arena_printf(qir_annotator_arena(r->a),
                                        "quantizer '%s' does not quantize %s",
                                        qir_annotator_name(r->a), qir_op_name(op)));
}

/* Program order, each op by its first row. */
static void run_round(table_run *r, qir_func *f, int round)
{
    qir_for_each_op(op, f->body) {
        if (!qir_annotator_takes(r->a, op))
            continue;
        const qir_quant_row *row = qir_quant_row_of(r->table, op);
        if (row && roles[row->role].round == round)
            annotate(r, op, row);
        else if (!row && round == 0)
            stays_float(r, op);
    }
}

/* The order of rows: each one looks at all ops that those before it left. */
static void run_row(table_run *r, qir_func *f, const qir_quant_row *row)
{
    qir_for_each_op(op, f->body) {
        qir_op *relu = takes_relu(row) ? qir_relu_behind(op) : NULL;
        if (qir_annotator_takes(r->a, op) && matches(row, op) &&
            (!relu || qir_annotator_takes_with(r->a, relu, op)))
            annotate(r, op, row);
    }
}

static void run_rows(table_run *r, qir_func *f)
{
    qir_for_each_op(op, f->body)
        if (qir_annotator_takes(r->a, op))
            stays_float(r, op); /* unless a row has it, below */
    for (size_t i = 0; i < r->table->nrows; i++)
        if (!is_follower(&r->table->rows[i]))
            run_row(r, f, &r->table->rows[i]);
}

bool qir_annotate_table(qir_annotator *a, qir_module *m, const qir_quant_table *t)
{
    table_run r = {a, t, NULL};
    qir_for_each_func(f, m) {
        if (t->by_row)
            run_rows(&r, f);
        for (int round = 0; !t->by_row && round < 2; round++)
            run_round(&r, f, round);
    }
    return true;
}

bool qir_propagate_table(qir_annotator *a, qir_module *m, const qir_quant_table *t)
{
    table_run r = {a, t, NULL};
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            const qir_quant_row *row = follower_row(t, op);
            if (row && qir_annotator_may_follow(a, op))
                annotate(&r, op, row);
        }
    return true;
}
