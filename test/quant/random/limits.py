#!/usr/bin/env python3
"""Accumulators at the ends of 32 bits: limits.py DIR LEVEL...

All weights and all inputs of a case lie at one end of their range, and the bias takes what they leave, so
that the sum is the largest or the smallest that i32 holds.  It is the result, and known beforehand."""
import struct
import sys

import engines
from cases import dense, product, tensor

LARGEST, SMALLEST = 2 ** 31 - 1, -2 ** 31


class Limit:
    """`shape`: of the input without its batch, `kernel`: of a convolution, none for linear."""

    def __init__(self, number, shape, kernel, zero_point, code, weight):
        self.number, self.shape, self.kernel = number, [1] + shape, kernel
        self.zero_point, self.code, self.weight = zero_point, code, weight
        self.depth = shape[0] * product(kernel)
        term = (code - zero_point) * weight
        self.sum = LARGEST if term > 0 else SMALLEST
        self.bias = self.sum - self.depth * term
        assert abs(self.bias) < 2 ** 31 and (self.bias >= 0) == (term > 0), number

    def arguments(self):
        yield f"x{self.number}", "|u1", self.shape, bytes([self.code]) * product(self.shape)

    def outputs(self):
        return [(f"y{self.number}", 4 * 9)]

    def print_to(self, p):
        n, conv = self.number, bool(self.kernel)
        x = f"quant<u8:f32, 0.5:{self.zero_point}>"
        p.args.append(f'%x{n}: {tensor(self.shape, x)} {{name = "x{n}"}}')
        w = p.const(f"w{n}", tensor([9, self.shape[1]] + self.kernel, "quant<i8:f32, 0.5>"),
                    f"splat<{self.weight}>")
        b = p.const(f"b{n}", tensor([9], "i32"), dense("i", [self.bias] * 9))
        type_ = tensor([1, 9] + [1] * len(self.kernel), "i32")
        y = p.line(f"y{n}", "conv" if conv else "linear", [f"%x{n}", w, b], type_)
        p.results.append((y, f'{type_} {{name = "y{n}"}}'))


ENDS = [(0, 255, -128), (0, 255, 127), (255, 0, -128), (255, 0, 127)]  # zero point, code, weight
SHAPES = [([65793], []), ([7310, 3, 3], [3, 3]), ([65792, 1, 1], [1, 1]), ([21931, 3], [3])]


def main():
    limits = [Limit(len(ENDS) * i + j, *shape, *end) for i, shape in enumerate(SHAPES)
              for j, end in enumerate(ENDS)]
    e, failures = engines.Engines(sys.argv[1]), 0
    results = {"evaluator": e.evaluate(limits)}
    results.update((level, e.objects(limits, level)) for level in sys.argv[2:])
    for engine, got in results.items():
        for c in limits:
            want = struct.pack("<i", c.sum) * 9
            if got[c.number] != want:
                print(f"FAIL {engine} {c.number}: {struct.unpack('<9i', got[c.number])}, expected {c.sum}")
                failures += 1
    print(f"{len(limits)} sums, {len(results)} engines, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
