/* A plugin for qcc, qir-opt and qir-run: a quantizer, an observer and a pass of a company called Acme,
 * whose accelerator multiplies and adds in int8 and does everything else in float.
 *
 *   cc -shared -fPIC $(QCC_CFLAGS) acme.c -o acme.so
 *   qcc -load-plugin=acme.so -quantizer=acme -calibrate=samples.npy model.onnx -o model.o */
#include <qir/ops.h>
#include <qir/plugin.h>
#include <string.h>

/* --- quantizer: linear and conv with symmetric activations, biases as the accelerator adds them ---- */

static bool annotate(qir_annotator *a, qir_module *m)
{
    const qir_qspec *act = qir_annotator_spec(
        a, "act", qir_annotator_bool(a, "narrow") ? "i8<-64:63> symmetric observer=acme-power-of-two"
                                                  : "i8<-127:127> symmetric observer=acme-power-of-two");
    const qir_qspec *weight = qir_annotator_spec(a, "weight", "i8<-127:127> symmetric observer=minmax");
    const qir_qspec *bias = qir_annotator_spec(a, "bias", "derived i32 in0*in1");
    const qir_qspec *in[] = {act, weight, bias};
    if (!act || !weight || !bias)
        return false;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if ((op->opcode == QIR_OP_conv || op->opcode == QIR_OP_linear) &&
                qir_annotator_takes(a, op) && qir_op_operand(op, 2))
                qir_annotate(a, op, in, act);
    return true;
}

static const qir_pass_option options[] = {
    {"narrow", QIR_OPT_BOOL, "false", "7 bits of activations"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};

static const qir_quantizer quantizer = {
    .name = "acme",
    .doc = "conv and linear for Acme's accelerator",
    .options = options,
    .annotate = annotate,
};

/* --- observer: ranges that are powers of two ------------------------------------------------------ */

static void power_of_two(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi)
{
    float bound = 1.0f, most = -o->lo > o->hi ? -o->lo : o->hi;
    (void)goal;
    while (bound < most)
        bound *= 2.0f;
    while (bound > 0x1p-126f && bound * 0.5f >= most)
        bound *= 0.5f;
    *lo = -bound;
    *hi = bound;
}

static const qir_observer_kind observer = {
    .name = "acme-power-of-two",
    .doc = "the range of all values, widened to a power of two",
    .order_free = true,
    .range = power_of_two,
};

/* --- pass: counts what the accelerator will run ---------------------------------------------------- */

static bool count(qir_pass *p, qir_module *m)
{
    qir_strbuf text = {0};
    int n = 0;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            n += (op->opcode == QIR_OP_conv || op->opcode == QIR_OP_linear) &&
                 qir_type_is_quant(op->results[0].type);
    qir_strbuf_printf(&text, "acme: %d ops on the accelerator\n", n);
    qir_pass_write(p, text.data, text.len);
    qir_strbuf_free(&text);
    return true;
}

static const qir_pass_desc pass = {
    .name = "acme-count",
    .summary = "Says how many ops Acme's accelerator runs.",
    .doc = "Changes: nothing.",
    .run = count,
};

static bool load(qir_context *ctx)
{
    return qir_quantizer_register(ctx, &quantizer) && qir_observer_register(ctx, &observer) &&
           qir_pass_register(ctx, &pass);
}

QIR_PLUGIN(.name = "acme", .version = "1.0", .load = load)
