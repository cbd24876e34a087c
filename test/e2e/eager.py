#!/usr/bin/env python3
"""Models that PyTorch quantized in eager mode and exported as ONNX, against PyTorch's own kernels.

    eager.py --build DIR --models DIR --out DIR

The exporter (torch.onnx.export, dynamo=False) cuts every bias towards zero where PyTorch's kernels round:
each of the 74 biases of each file is trunc(b / (s_x * s_w)) of float.onnx's folded b, and only 31 (qnnpack) or 41 of
them are also its rounded value.  So the file is not the network that PyTorch ran, and what was cut is not
in it: ONNX Runtime, and we, differ from PyTorch in 15 % (qnnpack) and 42 % (fbgemm, x86) of the outputs.
Scored as it is, and with the biases of float.onnx put back: then qnnpack is PyTorch's bytes.  Of fbgemm
and x86 there remain its real biases, added after the conversion to float, and its rounding of means,
after adding the zero point."""
import argparse
import array
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import samples  # noqa: E402
from accuracy import Runner, check_objects, floats  # noqa: E402

COUNT, INPUT_BYTES = 360, 4 * 64
# Engine, most outputs that differ and most steps: as the file is, with the right biases; top-1.
ENGINES = [("qnnpack", (15.1, 2), (2.0, 1), 93.89), ("fbgemm", (41.8, 2), (40.0, 3), 93.33),
           ("x86", (41.8, 2), (40.0, 3), 93.33)]
WEIGHTED = re.compile(r"(= (?:conv|linear)\([^,()]+, [^,()]+, )([%@][\w.$-]+)(\).*)")


def restored(qir, reference):
    """`qir` with the biases of the float module `reference`, layer by layer."""
    names = [m.group(2) for m in WEIGHTED.finditer(reference)]
    consts = [re.search(r"const " + re.escape(name) + r" : .*", reference).group(0) for name in names]
    lines = [c.replace("const " + n, f"const @bias_{i}", 1)
             for i, (n, c) in enumerate(zip(names, consts))]
    numbers = iter(range(len(names)))
    qir = WEIGHTED.sub(lambda m: f"{m.group(1)}@bias_{next(numbers)}{m.group(3)}", qir)
    return re.sub(r"(module .*\{\n)", lambda m: m.group(1) + "\n".join(lines) + "\n", qir, count=1)


def output_scale(qir):
    """Scale of what the last dequantize reads."""
    value = re.findall(r"dequantize\((%[\w.$-]+)\)", qir)[-1]
    alias = re.search(re.escape(value) + r" = .*x(![\w.$-]+)>", qir).group(1)
    return float(re.search(re.escape(alias) + r" = quant<\w+:f32, ([0-9.e+-]+)", qir).group(1))


def score(title, values, expected, labels, scale, limits):
    steps = [abs(round((a - b) / scale)) for a, b in zip(values, expected)]
    differ = 100 * sum(s > 0 for s in steps) / len(steps)
    rows = [values[10 * i:10 * i + 10] for i in range(COUNT)]
    top1 = 100 * sum(row.index(max(row)) == y for row, y in zip(rows, labels)) / COUNT
    print(f"{title}: {differ:.2f} % of the outputs differ, at most {max(steps)} steps; top-1 {top1:.2f}")
    return differ > limits[0] or max(steps) > limits[1], top1


def read(folder, name):
    return samples.read_npy(os.path.join(folder, name))


def lowered(runner, text, name):
    with open(runner.path(name + ".in.qir"), "w") as f:
        f.write(text)
    runner.tool("qir-opt", "-passes=prepare-qdq", runner.path(name + ".in.qir"), "-o",
                runner.path(name + ".qir"))
    with open(runner.path(name + ".qir")) as f:
        return f.read()


def check(runner, folder, labels, reference, engine, as_is, right, want_top1):
    inputs, expected = os.path.join(folder, "inputs.npy"), floats(read(folder, f"out_{engine}.npy"))
    text = runner.tool("qir-opt", os.path.join(folder, engine + ".onnx"))
    failed = False
    for title, source, limits in ((engine, text, as_is),
                                  (engine + ", biases restored", restored(text, reference), right)):
        name = engine + "-restored" * (source != text)
        qir = lowered(runner, source, name)
        data = runner.evaluate(runner.path(name + ".qir"), inputs, name)
        wrong, top1 = score(title, floats(data), expected, labels, output_scale(qir), limits)
        failed |= wrong or (source == text and abs(top1 - want_top1) > 0.3)
    with open(runner.path("inputs.raw"), "wb") as f:
        f.write(read(folder, "inputs.npy"))
    check_objects(runner, runner.path(name + ".qir"), runner.path("inputs.raw"), INPUT_BYTES, data, COUNT)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--build", "--models", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    runner, folder = Runner(args), os.path.join(args.models, "pt2", "eager_quantized")
    labels = array.array("q", read(folder, "labels.npy"))
    reference = runner.tool("qir-opt", "-passes=float", os.path.join(folder, "float.onnx"))
    failed = [check(runner, folder, labels, reference, *engine) for engine in ENGINES]
    return any(failed)


if __name__ == "__main__":
    sys.exit(main())
