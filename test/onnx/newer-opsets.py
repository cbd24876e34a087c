#!/usr/bin/env python3
"""Runs the node cases that the Python package `onnx` generates: operator sets newer than the packaged data.

    newer-opsets.py HARNESS SCRATCH_FOLDER

Prints how many cases compile, are evaluated, are refused, and leaves the harness's lines in
SCRATCH_FOLDER/results; "skipped" where `onnx` is not installed."""
import collections
import os
import subprocess
import sys
import warnings

try:
    import numpy
    from onnx import numpy_helper
    from onnx.backend.test.case.node import collect_testcases
except ImportError:
    print("skipped: the Python package onnx is not installed")
    sys.exit(0)


def write_tensors(folder, kind, values):
    for i, v in enumerate(values):
        with open(os.path.join(folder, "%s_%d.pb" % (kind, i)), "wb") as f:
            f.write((numpy_helper.from_array(v) if isinstance(v, numpy.ndarray) else v).SerializeToString())


def write_case(root, case):
    """One folder as the packaged data have it.  False: sequences and optional values, which are no tensors."""
    inputs, outputs = case.data_sets[0]
    if not all(isinstance(v, (numpy.ndarray, numpy.generic)) or hasattr(v, "raw_data") for v in [*inputs, *outputs]):
        return False
    folder = os.path.join(root, "node", case.name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(root, "node", case.name, "model.onnx"), "wb") as f:
        f.write(case.model.SerializeToString())
    write_tensors(folder, "input", [numpy.asarray(v) if isinstance(v, numpy.generic) else v for v in inputs])
    write_tensors(folder, "output", [numpy.asarray(v) if isinstance(v, numpy.generic) else v for v in outputs])
    return True


def main():
    harness, root = sys.argv[1:3]
    warnings.simplefilter("ignore")
    cases = [c for c in collect_testcases(None) if c.data_sets]
    written = sum(write_case(root, c) for c in cases)
    results = os.path.join(root, "results")
    with open(results, "w") as out:
        subprocess.run([harness, root, "node"], stdout=out, check=True)
    with open(results, errors="replace") as lines:
        verdicts = collections.Counter(line.split("\t")[1] for line in lines)
    print("%d cases, %d of tensors: %s" % (len(cases), written,
                                           ", ".join("%d %s" % (n, v) for v, n in sorted(verdicts.items()))))
    return 1 if verdicts["crashed"] or sum(verdicts.values()) != written else 0


if __name__ == "__main__":
    sys.exit(main())
