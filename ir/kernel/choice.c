/* Which kernel takes an op: see kernels.def. */
#include "kernel/kernel.h"

#include "qir/support/assert.h"

static qir_plan_fn *const plans[] = {
#define KERNEL(name, doc) qir_plan_##name,
#include "kernels.def"
#undef KERNEL
};

bool qir_op_has_kernel(const qir_op *op)
{
    static const qir_opcode opcodes[] = {QIR_OP_conv, QIR_OP_linear, QIR_OP_linear_dynamic,
                                         QIR_OP_conv_dynamic, QIR_OP_max_pool, QIR_OP_avg_pool};
    for (size_t i = 0; i < sizeof opcodes / sizeof *opcodes; i++)
        if (op->opcode == opcodes[i])
            return qir_type_elements(op->results[0].type) > 0;
    return false;
}

const char *qir_kernel_name(qir_kernel k)
{
    static const char *const names[] = {
#define KERNEL(name, doc) #name,
#include "kernels.def"
#undef KERNEL
    };
    return names[k];
}

static bool is_better(const qir_kernel_plan *a, const qir_kernel_plan *b, bool small)
{
    return small && a->stored != b->stored ? a->stored < b->stored : a->cycles < b->cycles;
}

void qir_kernel_plan_get(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    qir_kernel_plan begin = {.sections = 1}, one;
    qir_window_get(op, &begin.w);
    begin.stored = qir_op_weight(op) < 0 ? 0 : qir_type_elements(qir_plan_weight(op));
    begin.band_width = qir_plan_span(&begin.w, 2, begin.w.out[2]);
    bool found = false, small = qir_op_is_small(op);
    for (unsigned i = 0; i < QIR_NUM_KERNELS; i++) {
        one = begin;
        one.kernel = (qir_kernel)i;
        if (!plans[i](level, op, &one))
            continue;
        one.cycles = qir_cycles(level, one.spent);
        if (found && !is_better(&one, p, small))
            continue;
        *p = one;
        found = true;
    }
    QIR_ASSERT(found, "no kernel takes the op");
}

size_t qir_kernel_plan_bytes(const qir_kernel_plan *p)
{
    return p->band_bytes + p->panel_bytes + p->zero_bytes + p->weight_bytes + p->sum_bytes;
}
