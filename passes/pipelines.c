/* Named pipelines: the phases of the compiler as data.  A name stands for its text wherever a pass
 * name may stand; names may nest. */
#include "qir/pass.h"

static const qir_named_pipeline pipelines[] = {
    {"simplify", "canonicalize,const-fold,cse,canonicalize,dce",
     "Local clean-up; results stay equal (but for the sign of zeros)."},
    {"float", "fold-qat-batch-norm,simplify,sink-transposes,simplify,recognise-updates,recognise,share-heads,fold-batch-norm{expand=conv},fuse-activation,simplify",
     "Everything done to the float model before quantization or float code generation."},
    {"as-exported", "fold-qat-batch-norm,fold-batch-norm,dce",
     "What PT2E does before it annotates: batch norms are folded, all else stays as the model has it."},
    {"prepare", "float,annotate-quant,insert-observers",
     "Static quantization, up to calibration: observers on every value to be quantized."},
    {"prepare-qat",
     "dce,annotate-quant{quantizer=\"xnnpack{qat=true}\"},insert-qat-batch-norm,insert-observers{fake-quantize=true}",
     "PT2E's prepare_qat of a float model: annotated as it is, then batch norms in their pattern, then fake-quantizers."},
    {"qdq", "insert-qdq,fold-qat-batch-norm,duplicate-dq,const-fold{only-quantize=true}",
     "Measured observers become quantize/dequantize pairs, in the order of PT2E's convert."},
    {"convert", "apply-calibration,qdq", "After calibration: pairs in place of observers."},
    {"lower-quant", "propagate-qdq,lower-qdq,fuse-activation,simplify",
     "Quantize/dequantize pairs around float ops become integer ops."},
    {"prepare-qdq", "float,const-fold{fold-quantize=true},propagate-qdq,simplify,lower-quant",
     "A model that came with quantize/dequantize pairs, up to integer ops."},
    {"Fusion", "fold-batch-norm,fuse-activation",
     "TorchScript's fusions before quantization: batch norm and relu go into the op before them."},
    {"Finalize", "InsertPrepackUnpack,cse,QuantFusion,FoldQuantizedPrepackingOps,dce",
     "TorchScript's last step: integer ops on packed weights, after InsertQuantDeQuant and PropagateQuantizationOps."},
    {"prepare-code",
     "fuse-weight-dequantize,const-fold{fold-dequantize=true},simplify,check-accumulators,expand-conv-transpose,tie-updates,legalize",
     "Last before packing: what multiplies quantized weights in float reads them as they are, others "
     "become real; refuses what could overflow and what has no code."},
};

const qir_named_pipeline *qir_pipelines(size_t *n)
{
    *n = sizeof pipelines / sizeof pipelines[0];
    return pipelines;
}

bool qir_lower_to_code(qir_module *m, const char *level, int rows)
{
    unsigned stage = qir_module_stage(m);
    qir_strbuf p = {0};
    bool packed = stage & (QIR_STAGE_PACKED | QIR_STAGE_LAYOUTS);
    if (!packed && stage & QIR_STAGE_QUANTIZED) /* all to i8, then activations as the level wants them */
        qir_strbuf_printf(&p, "relabel-storage,relabel-storage{level=%s},", level);
    if (!packed)
        qir_strbuf_printf(&p, "prepare-code,register-prepack-params{level=%s},prepack-weights", level);
    if (!(stage & QIR_STAGE_LAYOUTS))
        qir_strbuf_printf(&p, "%sassign-layouts", p.len ? "," : "");
    if (!(stage & QIR_STAGE_PLANNED))
        qir_strbuf_printf(&p, "%sfuse-rows{level=%s limit=%d},plan-memory{level=%s}", p.len ? "," : "", level,
                          rows, level);
    bool ok = !p.len || qir_run_pipeline(m, p.data);
    qir_strbuf_free(&p);
    return ok;
}
