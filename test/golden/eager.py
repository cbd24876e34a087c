#!/usr/bin/env python3
"""The presets fbgemm and qnnpack on a float model against what PyTorch's eager mode chose for it.

    eager.py --build DIR --models DIR --out DIR

eager_quantized/{fbgemm,qnnpack}.onnx hold every scale, zero point and weight code; all must be equal, to the
bit.  ONNX says nothing about two things: that 7 of the 8 bits are used (reduce_range), and biases, which the
exporter wrote as integers."""
import argparse
import os
import re
import sys

import pt2e


def parameters(path):
    """Operations without ranges of activations and without biases."""
    lines = pt2e.number(pt2e.Module(pt2e.read(path)).lines())
    lines = [re.sub(r"\d+ \d+ u8$", "u8", line) for line in lines]
    return [re.sub(r", (?:w i32 [^,)]*|c \d+)\)", ")", line) for line in lines]


def convert(runner, folder, preset):
    observed, profile, converted = (runner.path(preset + e) for e in (".observed.qir", ".profile", ".qir"))
    model = os.path.join(folder, "float.onnx")
    runner.tool("qir-opt", f"-passes=float,annotate-quant{{quantizer={preset}}},insert-observers", model, "-o", observed)
    runner.tool("qir-run", "-calibrate=" + os.path.join(folder, "calib.npy"), observed, "-o", profile)
    runner.tool("qir-opt", f"-passes=apply-calibration{{profile={profile}}},insert-qdq", observed, "-o", converted)
    return parameters(converted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    runner, folder, failed = pt2e.Runner(args), os.path.join(args.models, "pt2", "eager_quantized"), False
    for preset in ("fbgemm", "qnnpack"):
        stored = runner.path(preset + ".stored.qir")
        runner.tool("qir-opt", "-passes=const-fold{fold-quantize=true},simplify", os.path.join(folder, preset + ".onnx"), "-o", stored)
        expected, got = parameters(stored), convert(runner, folder, preset)
        print(preset, f"equal: {len(got)} operations" if got == expected else "DIFFERS")
        for a, b in zip(expected, got):
            if a != b:
                print(f"  {b}   expected {a}")
        failed |= got != expected
    return failed


if __name__ == "__main__":
    sys.exit(main())
