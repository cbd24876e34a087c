"""Writes linear layers of bench/linears.py at 64 x 64 into a folder."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "bench"))
import linears  # noqa: E402

for name, linear in (("8", linears.Linear(8, 0, 3, 64)), ("4", linears.Linear(4, 32, 3, 64))):
    for suffix, make in (("qir", linears.qir), ("onnx", linears.onnx)):
        with open(f"{sys.argv[1]}/{name}.{suffix}", "wb") as file:
            file.write(make(linear))
