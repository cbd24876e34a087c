#!/usr/bin/env python3
"""Writes contrib-oracle.txt: the results of ONNX Runtime on contrib_cases.py.

    pip install onnxruntime numpy && ./gen_contrib_oracle.py

Without graph optimisation; one line per case: name, element type, dimensions, bytes."""
import os

import numpy as np
import onnxruntime

from contrib_cases import HERE, cases
from mkonnx import assemble

TYPES = {"u8": np.uint8, "i8": np.int8, "i32": np.int32, "i64": np.int64, "f32": np.float32,
         "bool": np.bool_}


def run(case):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(assemble(case.reference or case.text), options)
    feeds = {name: np.array(values, TYPES[kind]).reshape([int(d) for d in dims.split("x")]
                                                         if dims != "-" else [])
             for name, kind, dims, values in case.inputs}
    return session.run(None, feeds)[0]


def main():
    names = {np.dtype(v): k for k, v in TYPES.items()}
    with open(os.path.join(HERE, "contrib-oracle.txt"), "w") as out:
        out.write(f"# ONNX Runtime {onnxruntime.__version__}, by gen_contrib_oracle.py\n")
        for case in cases():
            y = run(case)
            dims = "x".join(map(str, y.shape)) or "-"
            out.write(f"{case.name} {names[y.dtype]} {dims} {y.tobytes().hex()}\n")


if __name__ == "__main__":
    main()
