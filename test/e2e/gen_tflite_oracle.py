#!/usr/bin/env python3
"""Writes tflite-oracle.txt: what LiteRT's reference kernels answer (needs ai-edge-litert, numpy).

    gen_tflite_oracle.py MODELS > tflite-oracle.txt"""
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tflite_oracle import MODELS, inputs  # noqa: E402


def answers(path, data):
    model = Interpreter(path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    model.allocate_tensors()
    source, = model.get_input_details()
    result = model.get_output_details()[0]["index"]
    out = b""
    for sample in np.frombuffer(data, source["dtype"]).reshape(-1, *source["shape"]):
        model.set_tensor(source["index"], sample)
        model.invoke()
        out += model.get_tensor(result).tobytes()
    return out


print("# Outputs of LiteRT's reference kernels, in hexadecimal: gen_tflite_oracle.py.")
for name, (shape, kind, count) in MODELS.items():
    print(name, answers(os.path.join(sys.argv[1], name + ".tflite"), inputs(shape, kind, count)).hex())
