#!/usr/bin/env python3
"""Every size around the widths of vectors, at every address: sweep.py [-levels=A,B] [-native] [-build=DIR]

Elements 1 to 129, rows, columns and depths of products, channels and positions of convolutions, pools
and reductions; a module holds several sizes.  Each is called 66 times per level: buffers end at a page
that may not be touched, begin behind one, and lie 0 to 63 bytes behind that, in all 16
floating-point environments.  Prints the number of calls."""
import argparse
import os
import random
import sys
import tempfile

from batch import Batch
from run import SOURCE, prepare
from values import Quant, dense, f32

RUNS, PER_MODULE = 66, 5
X = Quant("i8", [f32(0.03)], [-5])
Y = Quant("u8", [f32(0.05)], [131])
W = Quant("i8", [f32(0.01)], [0])


class Sizes:
    """Ops on arguments of their own, collected into modules."""

    def __init__(self):
        self.rng = random.Random("sizes")
        self.modules, self.ops = [], []

    def const(self, dims, elem):
        n = 1
        for d in dims:
            n *= d
        values = [self.rng.randint(-128, 127) if elem is W else self.rng.uniform(-1, 1) for _ in range(n)]
        return "x".join(map(str, dims)) + f"x{elem}", dense("b" if elem is W else "f", values)

    def add(self, text, dims, elem, result, to, weight=None):
        """`text` with %x the argument and @w the weight."""
        self.ops.append((text, "x".join(map(str, dims)) + f"x{elem}", "x".join(map(str, result)) + f"x{to}",
                         weight and self.const(weight, W if elem is X else "f32")))
        if len(self.ops) == PER_MODULE:
            self.close()

    def close(self):
        if not self.ops:
            return
        ops, self.ops = self.ops, []
        consts = [f"  const @w{i} : tensor<{o[3][0]}> = {o[3][1]}" for i, o in enumerate(ops) if o[3]]
        args = ", ".join(f'%x{i}: tensor<{o[1]}> {{name = "x{i}"}}' for i, o in enumerate(ops))
        types = ", ".join(f'tensor<{o[2]}> {{name = "y{i}"}}' for i, o in enumerate(ops))
        lines = [f"    %y{i} = {o[0].replace('%x', f'%x{i}').replace('@w', f'@w{i}')} : tensor<{o[2]}>"
                 for i, o in enumerate(ops)]
        stage = ' attributes {stage = ["quantized"]}'
        self.modules.append("\n".join(
            ["qir 1", f"module @m{stage} {{", *consts, f"  func @main({args}) -> ({types}) {{", *lines,
             f"    return({', '.join(f'%y{i}' for i in range(len(ops)))})", "  }", "}", ""]))


def both(s, text, dims, result, weight=None):
    s.add(text, dims, X, result, Y, weight)
    s.add(text, dims, "f32", result, "f32", weight)


def modules():
    s = Sizes()
    for n in range(1, 130):
        s.add("requantize(%x)", [n], X, [n], Y)
        s.add("sigmoid(%x)", [n], X, [n], Y)
    for n in range(1, 34):
        both(s, "add(%x, %x)", [n], [n])
        both(s, "linear(%x, @w)", [3, 5], [3, n], [n, 5])
        both(s, "conv(%x, @w) {pads = [1]}", [1, n, 5], [1, 3, 5], [3, n, 3])
        both(s, f"conv(%x, @w) {{pads = [1], groups = {n}}}", [1, n, 5], [1, n, 5], [n, 1, 3])
        both(s, "avg_pool(%x) {kernel = [2]}", [1, n, 5], [1, n, 4])
        both(s, "reduce_mean(%x) {axes = [1]}", [3, n], [3, 1])
        s.add("exp(%x)", [n], "f32", [n], "f32")
        s.add("softmax(%x) {axis = 0}", [n], "f32", [n], "f32")
        s.add("transpose(%x) {perm = [1, 0]}", [n, 5], X, [5, n], X)
    for n in range(1, 18):
        both(s, "linear(%x, @w)", [n, 5], [n, 9], [9, 5])
        both(s, "conv(%x, @w) {pads = [1]}", [1, 3, n], [1, 9, n], [9, 3, 3])
    for n in range(1, 130):
        s.add("linear(%x, @w)", [2, n], X, [2, 3], Y, [3, n])
    s.close()
    return s.modules


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("-levels", default="", help="default: all")
    p.add_argument("-native", action="store_true", help="only levels that this CPU has")
    p.add_argument("-build", default=os.path.join(SOURCE, "build"))
    o = p.parse_args()
    texts = modules()
    with tempfile.TemporaryDirectory(prefix="sweep") as folder:
        differ, _, _, found, missing = prepare(o, folder)
        found = [t for t in found if not (o.native and t.runner)]
        text = "".join(f"// integer {i}\n{m}" for i, m in enumerate(texts))
        b = Batch(differ, os.path.join(folder, "sizes"), range(len(texts)), text, RUNS).run(found, False)
    for what in b.failures.values():
        print("FAIL", what)
    print(f"{len(texts)} modules, {b.calls} calls, {len(b.failures)} failures")
    return 1 if b.failures or missing else 0


if __name__ == "__main__":
    sys.exit(main())
