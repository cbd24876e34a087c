"""Writes observer-oracle.txt: what PyTorch's observers choose for pseudo-random batches.

Needs torch 2.13.0 and torchao 0.18.0; run with ATEN_CPU_CAPABILITY=avx2, since PyTorch's order of
summation depends on the vector width.  The tests read the text file only.
Each line: kind, symmetric, eps, seed, then one "count:spread:offset:shape" per batch, then the range
that the observer settles on (hexadecimal floats), scale and zero point.  The values come from the
generator `batch` below, which test/unit/observers.c repeats.
"""
import sys

import torch
from torchao.quantization.pt2e.observer import HistogramObserver, MinMaxObserver

MASK = (1 << 64) - 1


class Stream:
    def __init__(self, seed):
        self.state = seed

    def unit(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return (self.state >> 40) / 16777216.0


def batch(stream, count, spread, offset, shape):
    out = []
    for _ in range(count):
        u = stream.unit()
        if shape == "normal":
            u = (u + stream.unit() + stream.unit() + stream.unit()) / 4 - 0.5
        elif shape == "tail":
            v = 2 * u - 1
            u = v * v * v * v * v
        elif shape == "relu":
            u = max(u + stream.unit() - 1, 0.0)
        elif shape == "point":
            u = 1.0
        out.append(u * spread + offset)
    return torch.tensor(out, dtype=torch.float64).to(torch.float32)


EPS = 2.0 ** -12
CASES = [
    [(1000, 1.0, 0.0, "normal")],
    [(4096, 8.0, 0.5, "normal")],
    [(2000, 3.0, 0.0, "tail")],
    [(20000, 40.0, 0.0, "tail")],
    [(5000, 6.0, 0.0, "relu")],
    [(17, 1.0, 0.0, "uniform")],
    [(5, 2.5, 0.0, "point")],
    [(3000, 0.001, 0.0, "normal")],
    [(3000, 100.0, 300.0, "uniform")],
    [(1000, 1.0, 0.0, "normal"), (1000, 2.0, 0.0, "normal")],
    [(1000, 2.0, 0.0, "normal"), (1000, 1.0, 0.0, "normal")],
    [(500, 1.0, 0.0, "relu"), (700, 1.5, 0.0, "relu"), (900, 1.2, 0.1, "relu"),
     (300, 4.0, 0.0, "tail")],
    [(10, 1.0, 0.0, "point"), (1000, 3.0, 0.0, "normal"), (1000, 5.0, -1.0, "tail")],
    [(2000, 1.0, 0.0, "tail"), (2000, 1.0, 3.0, "normal"), (2000, 1.0, -3.0, "normal")],
    [(800, 0.3 * (i + 1), 0.01 * i, "tail") for i in range(12)],
    [(1500, 255.0, 0.0, "uniform"), (1500, 255.0, 0.0, "uniform")],
]


def number(v):
    return float(v).hex()


def main():
    torch.set_num_threads(1)
    with open(sys.argv[1], "w") as out:
        for index, batches in enumerate(CASES):
            for kind, eps, symmetric in (("histogram", EPS, False), ("minmax", EPS, False),
                                         ("minmax", torch.finfo(torch.float32).eps, True)):
                scheme = torch.per_tensor_symmetric if symmetric else torch.per_tensor_affine
                make = HistogramObserver if kind == "histogram" else MinMaxObserver
                low = -127 if symmetric else -128
                observer = make(dtype=torch.int8, qscheme=scheme, quant_min=low, quant_max=127,
                                eps=eps)
                stream = Stream(index + 1)
                for b in batches:
                    observer(batch(stream, *b))
                lo, hi = observer.min_val, observer.max_val
                if kind == "histogram":
                    lo, hi = observer._non_linear_param_search()
                scale, zp = observer.calculate_qparams()
                text = " ".join("%d:%s:%s:%s" % (n, s, o, shape) for n, s, o, shape in batches)
                out.write("%s %d %s %d %d %s = %s %s %s %d\n" % (
                    kind, symmetric, number(eps), index + 1, len(batches), text,
                    number(lo), number(hi), number(scale), int(zp)))


main()
