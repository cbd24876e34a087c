#!/usr/bin/env python3
"""Models without labelled data, on random inputs in the range of the quantized input.

    agreement.py argmax --build DIR --models DIR --out DIR   QDQ files answer as ONNX Runtime does
    agreement.py sqnr   --build DIR --models DIR --out DIR   own quantization keeps 20 dB"""
import argparse
import math
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import figures  # noqa: E402
import samples  # noqa: E402
from accuracy import Runner, check_objects, floats  # noqa: E402

COUNT, SEED, MIN_CLASSES, MIN_SQNR, CALIBRATION = 1000, 7, 4, 20.0, 100
KWS = [("mlperf_tiny_kws/kws_dscnn_int8_qdq.onnx", (1, 49, 10)),
       ("mlperf_tiny_kws/kws_ref_model_tf2onnx_qdq.onnx", (490,))]
# Float model, shape of one input, a quantized file of the same network that knows the input's range.
SQNR = [("mlperf_tiny_kws/kws_dscnn_f32.onnx", (1, 49, 10), KWS[0][0], COUNT),
        ("mlperf_tiny_vww/vww_96_float.onnx", (3, 96, 96), "mlperf_tiny_vww/vww_96_tflite2onnx_qdq.onnx", 300)]


def oracle(name):
    """Answers of ONNX Runtime, one hexadecimal digit a sample (gen_kws_oracle.py)."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "kws-oracle.txt")) as f:
        rows = dict(line.split() for line in f if not line.startswith("#"))
    return [int(c, 16) for c in rows[os.path.basename(name)]]


def emit(runner, model, phase, *options):
    path = runner.path(phase + ".qir")
    runner.tool("qcc", model, *options, "-stop-after=" + phase, "-emit-qir", "-o", path)
    with open(path) as f:
        return f.read()


def input_range(qir):
    """Real range of the model's first quantize op."""
    args = re.search(r"func @main\(%([\w.$-]+)", qir).group(1)
    line = re.search(r"quantize\(%" + re.escape(args) + r"\).*", qir).group(0)
    alias = re.search(r"x(![\w.$-]+)>", line)
    text = re.search(re.escape(alias.group(1)) + r" = (.*)", qir).group(1) if alias else line
    kind, scale, zero = re.search(r"quant<([iu]8)(?:<[^>]*>)?:f32, ([0-9.e+-]+)(?::(-?\d+))?>", text).groups()
    low = -128 if kind == "i8" else 0
    zero = int(zero or 0)
    return (low - zero) * float(scale), (low + 255 - zero) * float(scale)


def write_inputs(runner, shape, values):
    count = len(values) // math.prod(shape)
    path = runner.path("inputs.npy")
    samples.write_npy(path, "<f4", (count, *shape), values.tobytes())
    with open(runner.path("inputs.raw"), "wb") as f:
        f.write(values.tobytes())
    return path


def argmaxes(data):
    values = floats(data)
    width = len(values) // COUNT
    rows = (values[width * i:width * (i + 1)] for i in range(COUNT))
    return [row.index(max(row)) for row in rows]


def check_argmax(runner, models):
    failed = False
    for name, shape in KWS:
        bounds = input_range(emit(runner, os.path.join(models, name), "lower"))
        values = samples.clustered(COUNT, math.prod(shape), *bounds, SEED)
        inputs = write_inputs(runner, shape, values)
        outputs = runner.evaluate(runner.path("lower.qir"), inputs, "out")
        check_objects(runner, runner.path("lower.qir"), runner.path("inputs.raw"),
                      4 * math.prod(shape), outputs, COUNT)
        answers, expected = argmaxes(outputs), oracle(name)
        different = sum(a != b for a, b in zip(answers, expected))
        print(f"{name}: {COUNT} inputs, {len(set(answers))} classes, {different} answers differ")
        failed |= different != 0 or len(set(answers)) < MIN_CLASSES
    return failed


def check_sqnr(runner, models):
    worst = math.inf
    for name, shape, quantized, count in SQNR:
        model = os.path.join(models, name)
        known = emit(runner, os.path.join(models, quantized), "lower")
        values = samples.uniform(count, math.prod(shape), *input_range(known), SEED)
        inputs, calib = write_inputs(runner, shape, values), runner.path("calib.npy")
        part = values[:math.prod(shape) * CALIBRATION]
        samples.write_npy(calib, "<f4", (CALIBRATION, *shape), part.tobytes())
        outputs = []
        for title, qir in (("float", emit(runner, model, "canonicalize", "-quantize=none")),
                           ("int8", emit(runner, model, "lower", "-calibrate=" + calib))):
            path = runner.path(title + ".qir")
            with open(path, "w") as f:
                f.write(figures.before_softmax(qir))
            outputs.append(floats(runner.evaluate(path, inputs, title)))
        ratio = figures.sqnr(*outputs)
        worst = min(worst, ratio)
        print(f"{name}: {ratio:.1f} dB over {count} inputs")
    return worst < MIN_SQNR


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("argmax", "sqnr"))
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    check = check_argmax if args.what == "argmax" else check_sqnr
    return check(Runner(args), args.models)


if __name__ == "__main__":
    sys.exit(main())
