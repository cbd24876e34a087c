#!/usr/bin/env python3
"""Scales, zero points and weight codes of float.pt2 quantized here against those of static_*.pt2.

    scales.py --build DIR --models DIR --out DIR

Op sequence, zero points, ranges and weight codes must be equal.  Scales are to the bit those that PyTorch
chooses on an x86-64 machine with AVX-512 (gen_scales.py): the archives were written on another machine, where
its libraries add in another order, and PyTorch itself gives 13 of 23, 46 of 51 and 7 of 10 of their scales
on the former.  What PyTorch computes by matrix-vector products, whose order depends on where memory begins,
or by softmax agrees to the last bits."""
import argparse
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import pt2e  # noqa: E402
from pt2 import padded_mnist  # noqa: E402

CASES = [("digits_cnn", "static_pc", pt2e.PC), ("digits_cnn", "static_pt", pt2e.PT), ("mbv2_mnist32", "static_pc", pt2e.PC),
         ("mbv2_mnist32", "static_pt", pt2e.PT), ("odd_ops", "static_pc", pt2e.PC)]
# Scales by number of the quantizer, where PyTorch's are not those of the archive.
PYTORCH = {
    "digits_cnn": {6: "0.018575875", 7: "0.03966601", 8: "0.028162098", 9: "0.028162098", 14: "0.025339302", 16: "0.02336327",
                   17: "0.030776836", 18: "0.030776836", 19: "0.030776836", 20: "0.030776836"},
    "mbv2_mnist32": {44: "0.05604664", 45: "0.037040025", 46: "0.037040025", 47: "0.037040025", 48: "0.037040025"},
    "odd_ops": {7: "0.08210315", 8: "0.0038678353", 9: "0.025700012"},
}
# Behind matrix-vector products and softmax.
LAST_BITS = {("digits_cnn", 22), ("mbv2_mnist32", 50), ("odd_ops", 8)}
TOLERANCE = 3e-7


def listing(path):
    return pt2e.number(pt2e.Module(pt2e.read(path)).lines())


def quantize(runner, model, samples, quantizer):
    observed, profile, converted = (runner.path("scales" + e) for e in (".observed.qir", ".profile", ".qir"))
    runner.tool("qir-opt", f'-passes=as-exported,annotate-quant{{quantizer="{quantizer}"}},insert-observers', model, "-o", observed)
    runner.tool("qir-run", "-calibrate=" + samples, observed, "-o", profile)
    runner.tool("qir-opt", f"-passes=apply-calibration{{profile={profile}}},insert-qdq", observed, "-o", converted)
    return listing(converted)


def scale_of(line):
    found = re.match(r"\d+ = quantize\([^)]*\) (\S+)", line)
    return found and found[1]


def compare(folder, got, stored):
    """Problems."""
    if len(got) != len(stored):
        return [f"{len(got)} operations, expected {len(stored)}"]
    wrong, index, exact = [], -1, 0
    for a, b in zip(got, stored, strict=True):
        index += scale_of(b) is not None
        expected = PYTORCH[folder].get(index, scale_of(b)) if scale_of(b) else None
        if expected and (folder, index) in LAST_BITS and scale_of(a):
            near = abs(float(scale_of(a)) / float(expected) - 1) < TOLERANCE
            wanted = b.replace(scale_of(b), scale_of(a)) if near else b
        else:
            wanted = b.replace(scale_of(b), pt2e.same_number(expected)) if expected else b
            exact += expected is not None and a == wanted
        if a != wanted:
            wrong.append(f"{a}   expected {wanted}")
    print(f"{folder}: {exact} of {index + 1} scales to the bit")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    runner, failed = pt2e.Runner(args), False
    with open(runner.path("mnist.npy"), "wb") as f:
        f.write(padded_mnist(args.models, 0, 128))
    for folder, variant, quantizer in CASES:
        where = os.path.join(args.models, "pt2", folder)
        samples = os.path.join(where, "calib.npy")
        samples = samples if os.path.exists(samples) else runner.path("mnist.npy")
        runner.tool("qir-opt", os.path.join(where, variant + ".pt2"), "-o", runner.path("stored.qir"))
        got = quantize(runner, os.path.join(where, "float.pt2"), samples, quantizer)
        wrong = compare(folder, got, listing(runner.path("stored.qir")))
        print("\n".join([f"  {variant}: " + ("as PyTorch" if not wrong else "DIFFERS"), *wrong]))
        failed |= bool(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main())
