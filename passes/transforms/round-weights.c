/* round-weights: integers of weights, chosen so that errors of one take back those of others, and scales of
 * weights of few bits.  The work is in rounding.c; formula and source: doc below. */
#include "qir/observer.h"
#include "quant_util.h"
#include "rounding.h"
#include "scale_search.h"

/* --- tables ------------------------------------------------------------------------------------ */
/* Of what no layer multiplies there are no inputs: only scales are looked for. */
static bool is_table(const qir_op *op, int64_t bits)
{
    if (op->opcode != QIR_OP_observe || !qir_value_const(qir_op_operand(op, 0)) ||
        qir_op_operand(op, 1) || !qir_op_attr(op, "lo") || !qir_value_has_one_use(&op->results[0]))
        return false;
    return op->results[0].uses->user->opcode == QIR_OP_gather &&
           (int64_t)qir_dtype_bits(qir_observed_type(op)->dtype) <= bits;
}

static bool search_table(qir_pass *p, qir_op *op)
{
    qir_const *c = qir_value_const(qir_op_operand(op, 0));
    const float *data = qir_const_data(c);
    qir_const *codes = NULL;
    if (data)
        codes = qir_quantize_const(c->module, c, qir_search_scales(op, data, qir_pass_arena(p)));
    if (codes) {
        qir_op_add_operand(op, &codes->value);
        qir_pass_count(p, "searched", 1);
    }
    return codes != NULL;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_rounding_options o = {.damping = qir_pass_float(p, "damping"),
                              .bits = 8,
                              .search_bits = qir_pass_int(p, "search"),
                              .statistic = "rounded"};
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if (is_table(op, o.search_bits) && qir_pass_may_transform(p) && !search_table(p, op))
                return false;
    return qir_round_weights(p, m, &o);
}

static const qir_pass_option options[] = {
    {"damping", QIR_OPT_FLOAT, "0.01", "added to the diagonal of H, in parts of its mean"},
    {"search", QIR_OPT_INT, "4", "weights of at most so many bits get scales by search"},
    QIR_ROUNDING_PASS_OPTIONS,
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"rounded", "searched", NULL};

QIR_PASS(
    round_weights, .name = "round-weights",
    .summary = "Rounds weights so that the errors of a row take each other back.",
    .doc = "Changes: the weight of a convolution, transposed convolution or linear layer gets integers "
           "`q` (operand `codes` of its observer) with a small `(w - q)^T H (w - q)` in place of the "
           "nearest ones. `H` is the mean of `x^T x` over what the layer sees at output positions of the "
           "samples in the quantized model, less the mean of `x` where a bias can take it, plus `damping` "
           "times the mean of its diagonal. With `H = U^T U`, columns in the order of the diagonal and the "
           "largest last, weight k becomes the integer nearest to `w_k + sum over j > k of U_kj (w_j - q_j) / "
           "U_kk`, from the last to the first. Layers in execution order, each sees those before it rounded; "
           "groups of a convolution by themselves.\nWeights of at most `search` bits, also of embeddings, "
           "first get the scales, of 60 parts of their range, that make the sum of `|error|^2.4` least.\n"
           "A layer whose error over the samples would grow keeps the nearest integers, as does one "
           "whose `H` has no factor (warning round-nearest).\nRequires: observers with ranges "
           "(apply-calibration), samples.\nLeaves: observers; the float weights.\nSource: GPTQ (Frantar et "
           "al. 2022), as the nearest plane algorithm (Babai 1986) that it is; the norm of scales is "
           "that of GPTQ's own code.",
    .requires = QIR_STAGE_OBSERVED, .samples = true, .options = options, .statistics = statistics, .run = run)
