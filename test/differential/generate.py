#!/usr/bin/env python3
"""Random modules: generate.py SEED prints a valid QIR module; the seed decides everything.

    float    real arithmetic
    qdq      the same between quantize and dequantize, as models arrive
    integer  integer arithmetic on quantized values

Sizes are small and lie around the widths of vectors and blocks, where kernels change their code."""
import sys

from ops.along import Along
from ops.dynamic import Dynamic
from ops.elementwise import Elementwise
from ops.movement import Movement
from ops.picking import Picking
from ops.weighted import Weighted


class Generator(Weighted, Dynamic, Elementwise, Movement, Along, Picking):
    OPS = [("conv", 14), ("chain", 5), ("many", 16), ("linear", 3), ("matmul", 2), ("pool", 4), ("binary", 6), ("unary", 4),
           ("other_type", 4), ("reshape", 2), ("transpose", 2), ("framed", 7), ("concat", 2), ("slice", 2),
           ("pad", 2), ("reduce", 2), ("softmax", 1), ("batch_norm", 2), ("dynamic", 2), ("typed", 2),
           ("norm", 1), ("attention", 1), ("recurrent", 1), ("transposed", 3), ("indexed", 3),
           ("resized", 2), ("cumsum", 1), ("linear_dynamic", 3), ("conv_dynamic", 2),
           ("arg", 1), ("top_k", 1), ("expanded", 1), ("updated", 1), ("sampled", 1)]

    STEPS = [1, 1, 1, 2, 2, 3]

    def module(self, most=max(STEPS)):
        """The text; of its first `most` steps only, to make failing modules smaller."""
        names = [name for name, weight in self.OPS for _ in range(weight)]
        for _ in range(min(self.pick(self.STEPS), most)):
            getattr(self, self.pick(names))()
        read = {o for line in self.lines for o in line[line.index("("):line.index(")")][1:].split(", ")}
        results = [v for v in self.values if v.name[1] == "v" and v.name not in read][-6:]
        if not results:
            x = self.operand()
            results = [self.emit("relu", [x], [], x.dims, x.elem)]
        args = ", ".join(f'{a.name}: {a.type} {{name = "{a.name[1:]}"}}' for a in self.args)
        types = ", ".join(f'{r.type} {{name = "y{i}"}}' for i, r in enumerate(results))
        stage = ' attributes {stage = ["quantized"]}' if self.kind == "integer" else ""
        return "\n".join(["qir 1", f"module @m{stage} {{", *self.consts,
                          f"  func @main({args}) -> ({types}) {{", *self.lines,
                          f"    return({', '.join(r.name for r in results)})", "  }", "}", ""])


KINDS = ["float", "qdq", "integer"]


def kind_of(seed):
    return KINDS[seed % len(KINDS)]


def bundle(seeds, most=max(Generator.STEPS)):
    """Modules of several seeds, as engine/main.c reads them."""
    return "".join(f"// {kind_of(s)} {s}\n{Generator(kind_of(s), s).module(most)}\n" for s in seeds)


if __name__ == "__main__":
    sys.stdout.write(bundle(map(int, sys.argv[1:])))
