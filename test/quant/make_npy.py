"""make_npy.py FILE SHAPE VALUE...: writes float values as a .npy file; SHAPE like 3x2, or 3x2xi64 for integers.
A single VALUE random:SEED stands for values of many magnitudes."""
import array
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import samples  # noqa: E402

whole = sys.argv[2].endswith("xi64")
shape = tuple(map(int, sys.argv[2].removesuffix("xi64").split("x")))
if sys.argv[3].startswith("random:"):
    chosen = random.Random(int(sys.argv[3][7:]))
    values = [chosen.gauss(0, 1) * 2.0 ** chosen.randint(-9, 9) for _ in range(math.prod(shape))]
else:
    values = map(int if whole else float, sys.argv[3:])
samples.write_npy(sys.argv[1], "<i8" if whole else "<f4", shape, array.array("q" if whole else "f", values).tobytes())
