/* Quantizers as tables of (op, role): which row takes which op, in which order. */
#include <string.h>
#include "batch_norm.h"
#include "qir/ops.h"
#include "qir/quant.h"
#include "quant_roles.h"

static qir_op *sole_user(const qir_op *op)
{
    const qir_value *y = &op->results[0];
    return qir_value_has_one_use(y) ? y->uses->user : NULL;
}

qir_op *qir_norm_behind(const qir_op *op)
{
    qir_norm n;
    qir_op *user = sole_user(op);
    return user && op->opcode != QIR_OP_linear && qir_norm_folds_into(op) && qir_norm_match(user, &n) ? user
                                                                                                  : NULL;
}

qir_op *qir_relu_behind(const qir_op *op)
{
    const qir_op *norm = qir_norm_behind(op);
    qir_op *user = sole_user(norm ? norm : op);
    return user && user->opcode == QIR_OP_relu ? user : NULL;
}

bool qir_row_takes_relu(const qir_quant_row *row)
{
    return row->role == QIR_ROLE_ACCUM_RELU || row->role == QIR_ROLE_FREE_RELU;
}

static bool matches(const qir_quant_row *row, const qir_op *op)
{
    return row->opcode == op->opcode && (!qir_row_takes_relu(row) || qir_relu_behind(op)) &&
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

const qir_quant_row *qir_quant_follower_row(const qir_quant_table *t, const qir_op *op)
{
    for (size_t i = 0; i < t->nrows; i++)
        if (is_follower(&t->rows[i]) && matches(&t->rows[i], op))
            return &t->rows[i];
    return NULL;
}

bool qir_is_plain_f32(const qir_value *v)
{
    return !v || (v->type->kind == QIR_TENSOR && !v->type->quant && v->type->dtype == QIR_f32);
}

static bool all_f32(const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        if (!qir_is_plain_f32(qir_op_operand(op, i)))
            return false;
    return qir_is_plain_f32(&op->results[0]);
}

/* --- what follows floats --------------------------------------------------------------------- */

/* Made by an op that has no integer form, looking through ops that follow their operand.  A constant
 * beside such a value counts as that; what was taken out of a table (an embedding) does not. */
static bool is_float_made(const qir_table_run *r, const qir_value *v)
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

static bool joins_floats(const qir_table_run *r, const qir_op *op, qir_quant_role role)
{
    if (!r->table->follows || (role != QIR_ROLE_FREE && role != QIR_ROLE_CONCAT))
        return false;
    for (uint32_t i = 0; i < op->noperands; i++)
        if (!is_float_made(r, qir_op_operand(op, i)))
            return false;
    return true;
}

/* --- driver ---------------------------------------------------------------------------------- */

static void annotate(qir_table_run *r, qir_op *op, const qir_quant_row *row)
{
    r->row = row;
    if (!qir_roles[row->role].any_type && !all_f32(op))
        qir_annotate_float(r->a, op, "not all of its operands are f32");
    else if (joins_floats(r, op, row->role))
        qir_annotate_float(r->a, op, "what it takes is made in float");
    else
        qir_roles[row->role].annotate(r, op);
}

static void stays_float(const qir_table_run *r, qir_op *op)
{
    qir_annotate_float(r->a, op,
                       qir_arena_printf(qir_annotator_arena(r->a),
                                        "quantizer '%s' does not quantize %s",
                                        qir_annotator_name(r->a), qir_op_name(op)));
}

/* Program order, each op by its first row. */
static void run_round(qir_table_run *r, qir_func *f, int round)
{
    qir_for_each_op(op, f->body) {
        if (!qir_annotator_takes(r->a, op))
            continue;
        const qir_quant_row *row = qir_quant_row_of(r->table, op);
        if (row && qir_roles[row->role].round == round)
            annotate(r, op, row);
        else if (!row && round == 0)
            stays_float(r, op);
    }
}

/* The order of rows: each one looks at all ops that those before it left. */
static void run_row(qir_table_run *r, qir_func *f, const qir_quant_row *row)
{
    qir_for_each_op(op, f->body) {
        qir_op *relu = qir_row_takes_relu(row) ? qir_relu_behind(op) : NULL;
        if (qir_annotator_takes(r->a, op) && matches(row, op) &&
            (!relu || qir_annotator_takes_with(r->a, relu, op)))
            annotate(r, op, row);
    }
}

static void run_rows(qir_table_run *r, qir_func *f)
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
    qir_table_run r = {a, t, NULL};
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
    qir_table_run r = {a, t, NULL};
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            const qir_quant_row *row = qir_quant_follower_row(t, op);
            if (row && qir_annotator_may_follow(a, op))
                annotate(&r, op, row);
        }
    return true;
}
