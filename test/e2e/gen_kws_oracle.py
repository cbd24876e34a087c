#!/usr/bin/env python3
"""Writes kws-oracle.txt: the answers of ONNX Runtime to the random inputs of agreement.py.

    pip install onnxruntime numpy && ./gen_kws_oracle.py MODELS

Without graph optimisation, so that every Q and DQ runs as the file says; the inputs are rebuilt from
the file's own first QuantizeLinear."""
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import samples  # noqa: E402
from agreement import COUNT, KWS, SEED  # noqa: E402


def input_range(path):
    graph = onnx.load(path).graph
    constants = {c.name: numpy_helper.to_array(c) for c in graph.initializer}
    first = next(n for n in graph.node if n.op_type == "QuantizeLinear")
    scale, zero = (constants[name].item() for name in first.input[1:3])
    low = -128 if constants[first.input[2]].dtype == np.int8 else 0
    return (low - zero) * scale, (low + 255 - zero) * scale


def answers(path, shape):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    size = int(np.prod(shape))
    inputs = np.array(samples.clustered(COUNT, size, *input_range(path), SEED), np.float32)
    name = session.get_inputs()[0].name
    return [int(session.run(None, {name: x.reshape(1, *shape)})[0].argmax())
            for x in inputs.reshape(COUNT, size)]


def main():
    with open(os.path.join(HERE, "kws-oracle.txt"), "w") as out:
        out.write(f"# ONNX Runtime {onnxruntime.__version__}: class of each of {COUNT} inputs, in hexadecimal\n")
        for name, shape in KWS:
            row = "".join(f"{a:x}" for a in answers(os.path.join(sys.argv[1], name), shape))
            out.write(f"{os.path.basename(name)} {row}\n")


if __name__ == "__main__":
    main()
