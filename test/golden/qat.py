#!/usr/bin/env python3
"""Golden graphs of quantization-aware training: the pipelines prepare-qat and convert against PyTorch's
prepare_qat_pt2e and convert_pt2e.

    qat.py --build DIR --out DIR [NAME...]

As pt2e.py, but fake-quantizers make sums that round: scales of activations agree to TOLERANCE, since libraries
add in other orders.  Zero points, scales and codes of weights are equal."""
import os
import re
import sys

import pt2e

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "qat")
TOLERANCE = 2e-6
PER_TENSOR = {"per_tensor"}


def nearest(expected, got):
    """`got` with the scales of `expected` that it agrees with."""
    a, b = expected.split(" "), got.split(" ")
    number = r"\d+\.\d+(e-\d+)?"
    if len(a) != len(b):
        return got
    return " ".join(x if re.fullmatch(number, x) and re.fullmatch(number, y)
                    and abs(float(x) - float(y)) <= TOLERANCE * float(x) else y for x, y in zip(a, b, strict=True))


class Runner(pt2e.Runner):
    def convert(self, name):
        source = os.path.join(HERE, name)
        observed, profile, converted = (self.path(name + e) for e in (".observed.qir", ".profile", ".qir"))
        prepare = "prepare-qat"
        if name in PER_TENSOR:
            prepare = ('dce,annotate-quant{quantizer="xnnpack{qat=true per-channel=false}"},insert-qat-batch-norm,'
                       'insert-observers{fake-quantize=true}')
        self.tool("qir-opt", "-passes=" + prepare, source + ".pt2", "-o", observed)
        self.tool("qir-run", "-calibrate=" + source + ".npy", observed, "-o", profile)
        self.tool("qir-opt", f"-passes=apply-calibration{{profile={profile}}},qdq", observed, "-o", converted)
        return pt2e.read(converted)


if __name__ == "__main__":
    sys.exit(pt2e.main(Runner, HERE, nearest))
