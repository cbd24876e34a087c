#!/usr/bin/env python3
"""round-weights against GPTQ as its paper states it, in double, with the inverse of the Hessian.

    round_oracle.py OUTDIR

For layers of every kind: a module with one layer, inputs that its input's quantization keeps, the pass, and
the integers that it chose."""
import itertools
import math
import os
import random
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "io", "Inputs"))
import npy  # noqa: E402

DAMPING = 0.01


def product(dims):
    return math.prod(dims)


class Case:
    """`x`, `w`: dims.  Spatial attributes are lists, `pads` begins then ends.  `way`: of quantization; a bias takes the mean
    of static ones alone."""

    def __init__(self, op, x, w, strides=None, pads=None, dilations=None, groups=1, way="static"):
        self.op, self.x, self.w, self.groups, self.way = op, x, w, groups, way
        axes = 0 if op == "linear" else len(x) - 2
        self.strides, self.dilations = strides or [1] * axes, dilations or [1] * axes
        self.pads = pads or [0] * (2 * axes)

    def out_dims(self):
        if self.op == "linear":
            return self.x[:-1] + [self.w[0]]
        dims, axes = [], len(self.strides)
        for i, (n, k, s, d) in enumerate(zip(self.x[2:], self.w[2:], self.strides, self.dilations)):
            pad, reach = self.pads[i] + self.pads[axes + i], d * (k - 1)
            dims.append((n - 1) * s + reach + 1 - pad if self.op == "conv_transpose" else (n + pad - reach - 1) // s + 1)
        return [self.x[0], self.w[1] * self.groups if self.op == "conv_transpose" else self.w[0]] + dims

    def attributes(self):
        if self.op == "linear":
            return ""
        return f" {{strides = {self.strides}, pads = {self.pads}, dilations = {self.dilations}, groups = {self.groups}}}"

    def axis(self):
        return 1 if self.op == "conv_transpose" else 0


CASES = [
    Case("linear", [3, 5], [4, 5]),
    Case("linear", [1, 20], [3, 20]),  # fewer rows than columns
    Case("linear", [3, 5], [4, 5], way="dynamic"),
    Case("conv", [1, 2, 6], [3, 2, 3], way="weight-only"),
    Case("conv", [1, 2, 5, 6], [3, 2, 3, 2], strides=[2, 1], pads=[1, 0, 1, 2], dilations=[1, 2]),
    Case("conv", [2, 3, 7], [4, 3, 3], pads=[2, 0]),
    Case("conv", [1, 4, 4, 4], [6, 2, 2, 2], groups=2),
    Case("conv", [1, 3, 6, 6], [3, 1, 3, 3], pads=[1, 1, 1, 1], groups=3),
    Case("conv_transpose", [1, 3, 4, 3], [3, 2, 3, 2], strides=[2, 1], pads=[1, 0, 0, 1]),
    Case("conv_transpose", [1, 4, 9], [4, 3, 3], strides=[2], pads=[3, 0], dilations=[2], groups=2),
]


def tap_sources(case, place, tap):
    """Spatial index that output `place` reads through `tap`; None: padding."""
    source = []
    for i, (o, k) in enumerate(zip(place, tap)):
        s, d, n = case.strides[i], case.dilations[i], case.x[2 + i]
        if case.op == "conv_transpose":
            at, rest = divmod(o + case.pads[i] - k * d, s)
            at = None if rest else at
        else:
            at = o * s - case.pads[i] + k * d
        if at is None or not 0 <= at < n:
            return None
        source.append(at)
    return source


def rows_of(case, x, group):
    """What each output position of a sample (a flat list) sees, and the weight's index of (channel, tap, row)."""
    if case.op == "linear":
        k = case.x[-1]
        return [x[i:i + k] for i in range(0, len(x), k)]
    channels, plane = case.x[1] // case.groups, case.x[2:]
    taps = list(itertools.product(*map(range, case.w[2:])))
    rows = []
    for image in range(case.x[0]):
        for place in itertools.product(*map(range, case.out_dims()[2:])):
            row = []
            for c in range(channels):
                for tap in taps:
                    source = tap_sources(case, place, tap)
                    at = (image * case.x[1] + group * channels + c)
                    for i, s in enumerate(source or []):
                        at = at * plane[i] + s
                    row.append(0.0 if source is None else x[at])
            rows.append(row)
    return rows


def weight_index(case, group, row, column):
    if case.op != "conv_transpose":
        return (group * (case.w[0] // case.groups) + row) * product(case.w[1:]) + column
    taps = product(case.w[2:])
    channel = group * (case.w[0] // case.groups) + column // taps
    return (channel * case.w[1] + row) * taps + column % taps


def inverse(a):
    n = len(a)
    m = [list(r) + [float(i == k) for k in range(n)] for i, r in enumerate(a)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(m[r][i]))
        m[i], m[pivot] = m[pivot], m[i]
        m[i] = [v / m[i][i] for v in m[i]]
        for r in range(n):
            if r != i:
                m[r] = [v - m[r][i] * p for v, p in zip(m[r], m[i])]
    return [r[n:] for r in m]


def gptq(hessian, w, scale):
    """Columns in the order of the diagonal, the largest first; each error goes to the columns left."""
    n = len(w)
    order = sorted(range(n), key=lambda i: -hessian[i][i])
    damping = DAMPING * sum(hessian[i][i] for i in range(n)) / n
    left, codes, w = list(order), [0] * n, list(w)
    while left:
        h = inverse([[hessian[i][k] + damping * (i == k) for k in left] for i in left])
        j = left[0]
        target = w[j] / scale
        assert abs(target - math.floor(target) - 0.5) > 1e-4, "a tie: take another seed"
        codes[j] = max(-127, min(127, math.floor(target + 0.5)))
        error = (w[j] - codes[j] * scale) / h[0][0]
        for i, k in enumerate(left):
            w[k] -= error * h[0][i]
        left = left[1:]
    return codes


def f32(v):
    return struct.unpack("f", struct.pack("f", v))[0]


def expected(case, samples, w, scales):
    codes = [0] * product(case.w)
    rows = case.w[1] if case.op == "conv_transpose" else case.w[0] // case.groups
    for group in range(case.groups):
        x = [r for s in samples for r in rows_of(case, s, group)]
        columns = len(x[0])
        mean = [sum(r[k] for r in x) / len(x) if case.way == "static" else 0.0 for k in range(columns)]
        x = [[v - m for v, m in zip(r, mean)] for r in x]
        hessian = [[sum(r[i] * r[k] for r in x) / len(x) for k in range(columns)] for i in range(columns)]
        for row in range(rows):
            at = [weight_index(case, group, row, k) for k in range(columns)]
            scale = scales[row if case.op == "conv_transpose" else group * rows + row]
            for i, q in zip(at, gptq(hessian, [w[i] for i in at], scale)):
                codes[i] = q
    return codes


INPUTS = {
    "static": "observe(%x) {hi = [7.9375], id = 0, kind = \"minmax\", lo = [-8.0]} : ",
    "dynamic": "observe(%x) {id = 0, kind = \"placeholder\", rows = true} : ",
    "weight-only": "neg(%x) : ",
}
OUTPUTS = {
    "static": "observe(%2) {hi = [127.0], id = 2, kind = \"minmax\", lo = [-128.0]} : ",
    "dynamic": "relu(%2) : ",
    "weight-only": "relu(%2) : ",
}


def module(case, w, scales):
    dims = "x".join(map(str, case.w))
    x, y = "x".join(map(str, case.x)), "x".join(map(str, case.out_dims()))
    ends = [f32(127 * s) for s in scales]
    return f"""module @m attributes {{stage = ["observed"]}} {{
  const @w : tensor<{dims}xf32> = dense<{w}>
  func @main(%x: tensor<{x}xf32>) -> (tensor<{y}xf32>) {{
    %0 = {INPUTS[case.way]}tensor<{x}xf32>
    %1 = observe(@w) {{hi = {ends}, id = 1, kind = "minmax", lo = {[-e for e in ends]}, qmin = -127, symmetric = true, axis = {case.axis()}}} : tensor<{dims}xf32>
    %2 = {case.op}(%0, %1){case.attributes()} : tensor<{y}xf32>
    %3 = {OUTPUTS[case.way]}tensor<{y}xf32>
    return(%3)
  }}
}}
"""


def chosen(out, case, number, samples, w, scales):
    base = os.path.join(out, f"case{number}")
    with open(base + ".qir", "w") as f:
        f.write(module(case, w, scales))
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {(len(samples), *case.x)}}}"
    with open(base + ".npy", "wb") as f:
        f.write(npy.npy(header) + b"".join(struct.pack(f"<{len(s)}f", *s) for s in samples))
    done = subprocess.run(["qir-opt", "-passes=round-weights", f"-samples={base}.npy", base + ".qir"],
                          stdout=subprocess.PIPE, text=True, check=True)
    found = re.search(r"const @w\.q .*dense<(.*)>", done.stdout)
    return [int(v) for v in re.findall(r"-?\d+", found.group(1))] if found else None


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    random.seed(7)
    for number, case in enumerate(CASES):
        # neighbours go together, so that errors have something to take back
        samples = []
        for _ in range(4):
            x = [random.gauss(0, 2)]
            while len(x) < product(case.x):
                x.append(0.8 * x[-1] + random.gauss(0.1, 1))
            x = [max(-127, min(127, round(v * 16))) / 16 for v in x]
            if case.way == "dynamic":  # each row has the range of the static ones
                for i in range(0, len(x), case.x[-1]):
                    x[i:i + 2] = [-8.0, 7.9375]
            samples.append(x)
        w = [f32(random.gauss(0, 1)) for _ in range(product(case.w))]
        scales = [random.choice([0.125, 0.25, 0.5]) for _ in range(case.w[case.axis()])]
        want, got = expected(case, samples, w, scales), chosen(out, case, number, samples, w, scales)
        print(f"{case.op} {case.x} {case.w} groups {case.groups} {case.way}: "
              f"{'equal' if got == want else f'differs: {got}, expected {want}'}")


main()
