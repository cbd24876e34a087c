"""Inputs of svdf.test: x1.npy, x2.npy (twice x1) and a memory of zeros, s.npy."""
import array
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
from samples import write_npy  # noqa: E402

X = [1.0, 2.0, 3.0, -1.0, 0.5, 2.0]
for name, shape, values in (("x1", (2, 3), X), ("x2", (2, 3), [2 * v for v in X]), ("s", (2, 8), [0.0] * 16)):
    write_npy(os.path.join(sys.argv[1], name + ".npy"), "<f4", shape, array.array("f", values).tobytes())
