#!/usr/bin/env python3
"""int8 files of TensorFlow Lite against the float network, at the logits.

    unquantized.py sww --build DIR --models DIR --out DIR   on the 45 samples that it was calibrated with
    unquantized.py vww --build DIR --models DIR --out DIR   on six pictures and their mirror images

The wake word comes in int8 only: its float network is the file with its activations left unquantized,
which is then also quantized here."""
import argparse
import array
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import samples  # noqa: E402
from accuracy import Runner  # noqa: E402
from figures import sqnr  # noqa: E402
from sequence import npz  # noqa: E402
from tflite import Data, argmaxes, lower, outputs, parameters, read_bmp, reals, resized  # noqa: E402

LOGITS = "-outputs=model/dense/MatMul;model/dense/BiasAdd"
PICTURES = ["mbv1_025_224/" + n for n in ("bird", "cat", "grace_hopper", "sunflower")] + \
    ["tflm_audio/person", "tflm_audio/no_person"]


def unquantized(qir):
    """The module with its activations in float; weights are what their codes stand for."""
    source, lines = {}, []

    def origin(match):
        name = match.group(0)
        while name in source:
            name = source[name]
        return name

    for line in qir.split("\n"):
        step = re.match(r"\s*(%\S+) = (?:de)?quantize\((%[^)]+)\)", line)
        if step:
            source[step.group(1)] = step.group(2)
        elif "func @main" in line:
            lines.append(re.sub(r"x![\w.$-]+>", "xf32>", line))
        else:
            lines.append(re.sub(r"%[\w.$-]+", origin, line))
    return "\n".join(lines)


def quantized(values, parameters_):
    """The codes of floats, as bytes."""
    scale, zero = parameters_
    return bytes(min(max(round(v / scale) + zero, -128), 127) & 255 for v in values)


def by_file(runner, model, values, shape):
    """Logits of an int8 file, by every object; and how many float ops it has."""
    qir, floats = lower(runner, model, LOGITS)
    x, y = parameters(qir)
    codes = outputs(runner, qir, Data("b", shape, quantized(values, x)))
    return reals(array.array("b", codes), y), floats


def by_network(runner, values, shape, model, *flags, name):
    """Logits of a float model, or of what `flags` make of it; and how many float ops that has."""
    data = Data("f", shape, values.tobytes())
    qir, floats = lower(runner, model, *flags, name=name)
    return array.array("f", runner.evaluate(qir, data.npy(runner.path(name + ".in.npy"), data.count), name)), floats


def right(logits, labels):
    return sum(a == b for a, b in zip(argmaxes(logits.tobytes(), "f", len(labels)), labels))


def sww(runner, models):
    path, shape = os.path.join(models, "mlperf_tiny_sww", "calibration_samples.npz"), (30, 1, 40)
    values = array.array("f", array.array("d", npz(path, "specs")))
    labels = [int(v) for v in array.array("d", npz(path, "labels"))]
    model = os.path.join(models, "mlperf_tiny_sww", "str_ww_ref_model.tflite")
    with open(runner.path("float.qir"), "w") as f:
        f.write(unquantized(runner.tool("qir-opt", model, LOGITS)))
    network = runner.path("network.qir")
    runner.tool("qir-opt", "-passes=const-fold{fold-dequantize=true},dce", runner.path("float.qir"), "-o", network)
    want, _ = by_network(runner, values, shape, network, "-quantize=none", name="float")
    answers, failed = argmaxes(want.tobytes(), "f", len(labels)), False
    file = by_file(runner, model, values, shape)
    own = by_network(runner, values, shape, network, "-calibrate=" + runner.path("float.in.npy"), name="own")
    print(f"float: {right(want, labels)} of {len(labels)} right")
    for title, (logits, floats), least in (("the file's int8", file, 38), ("own int8", own, 36)):
        ratio, same = sqnr(want, logits), right(logits, answers)
        print(f"{title}: {right(logits, labels)} right, {same} answers as in float, {ratio:.1f} dB, {floats} float ops")
        failed |= ratio < least or same < len(labels) or floats != 0
    return failed or right(want, labels) != 41


def mirrored(pixels, size):
    rows = (pixels[3 * size * y:3 * size * (y + 1)] for y in range(size))
    return b"".join(row[3 * x:3 * x + 3] for row in rows for x in reversed(range(size)))


def vww(runner, models):
    size, pixels = 96, b""
    for name in PICTURES:
        width, height, rgb = read_bmp(os.path.join(models, name + ".bmp"))
        picture = resized(width, height, rgb, size)
        pixels += picture + mirrored(picture, size)
    values, shape = array.array("f", (v / 255 for v in pixels)), (size, size, 3)
    folder = os.path.join(models, "mlperf_tiny_vww")
    want, _ = by_network(runner, values, shape, os.path.join(folder, "vww_96_float.tflite"), LOGITS,
                         "-quantize=none", name="float")
    got, floats = by_file(runner, os.path.join(folder, "vww_96_int8.tflite"), values, shape)
    answers = argmaxes(want.tobytes(), "f", 2 * len(PICTURES))
    print(f"{right(got, answers)} of {len(answers)} answers as in float ({sum(answers)} persons), "
          f"{sqnr(want, got):.1f} dB, {floats} float ops")
    return sqnr(want, got) < 19 or right(got, answers) < len(answers) or floats != 0


CASES = {"sww": sww, "vww": vww}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    return CASES[args.case](Runner(args), args.models)


if __name__ == "__main__":
    sys.exit(main())
