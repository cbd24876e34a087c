"""Runs one of the peers for bench/accuracy, in the Python that has it:
    quantize.py list                       what there is, as JSON: {tool: {kind, version, reads, methods, file} or {why}}
    quantize.py run TOOL METHOD MODEL SAMPLES CALIBRATION OUTPUT LOGITS
SAMPLES and CALIBRATION are .npy; OUTPUT and LOGITS (where the model ends in softmax) get floats, raw."""
import json
import os
import sys

from quantizers import QUANTIZERS


def about(quantizer):
    try:
        quantizer.load()
    except ImportError as error:
        return {"why": f"{type(error).__name__}: {error}"}
    return {"kind": quantizer.kind, "version": quantizer.version(), "reads": quantizer.reads,
            "methods": list(quantizer.methods), "file": sys.modules[type(quantizer).__module__].__file__}


def run(tool, method, path, samples, calibration, output, logits):
    import numpy
    quantizer = QUANTIZERS[tool]
    quantizer.load()
    quantized = quantizer.quantize(path, method, numpy.load(calibration))
    for name, values in zip((output, logits), quantizer.evaluate(quantized, numpy.load(samples))):
        if values is not None:
            numpy.ascontiguousarray(values, "<f4").tofile(name)


def main():
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # peers print to standard output
    if sys.argv[1] == "list":
        json.dump({name: about(quantizer) for name, quantizer in QUANTIZERS.items()}, replies)
    else:
        run(*sys.argv[2:])
    replies.close()


if __name__ == "__main__":
    main()
