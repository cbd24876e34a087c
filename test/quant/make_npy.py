"""make_npy.py FILE SHAPE VALUE...: writes float values as a .npy file; SHAPE like 3x2."""
import array
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import samples  # noqa: E402

shape = tuple(map(int, sys.argv[2].split("x")))
samples.write_npy(sys.argv[1], "<f4", shape, array.array("f", map(float, sys.argv[3:])).tobytes())
