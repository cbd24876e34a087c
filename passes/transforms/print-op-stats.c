/* Changes: nothing.  Requires: nothing.  Leaves: everything.
 * Prints how often each op occurs, how many of them compute with integers, and constant bytes. */
#include "qir/ops.h"
#include "qir/pass.h"

typedef struct counts {
    int64_t all, quantized;
} counts;

static bool is_quantized(const qir_op *op)
{
    qir_value *x = qir_op_operand(op, 0);
    return x && op->nresults && qir_type_is_quant(x->type) &&
           !qir_type_is_float(op->results[0].type);
}

static void count_ops(const qir_module *m, counts *table)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            table[op->opcode].all++;
            table[op->opcode].quantized += is_quantized(op);
        }
}

static void print_consts(const qir_module *m, qir_strbuf *out)
{
    int64_t n = 0;
    size_t bytes = 0;
    qir_for_each_const(c, m) {
        n++;
        bytes += qir_type_is_static(c->value.type) ? qir_type_bytes(c->value.type) : 0;
    }
    qir_strbuf_printf(out, "%8lld           constants, %zu bytes\n", (long long)n, bytes);
}

static bool run(qir_pass *p, qir_module *m)
{
    counts *table = QIR_NEW_ARRAY(qir_pass_arena(p), counts, QIR_NUM_OPS);
    qir_strbuf out = {0};
    count_ops(m, table);
    qir_strbuf_puts(&out, "   total  integer  op\n");
    for (qir_opcode i = 0; i < QIR_NUM_OPS; i++)
        if (table[i].all)
            qir_strbuf_printf(&out, "%8lld %8lld  %s\n", (long long)table[i].all,
                              (long long)table[i].quantized, qir_op_desc_get(i)->name);
    print_consts(m, &out);
    qir_pass_write(p, qir_strbuf_cstr(&out), out.len);
    qir_strbuf_free(&out);
    return true;
}

QIR_PASS(print_op_stats, .name = "print-op-stats",
         .summary = "Print how often each op occurs and how many are integer.",
         .doc = "Goes to standard error (or the manager's sink).", .run = run)
