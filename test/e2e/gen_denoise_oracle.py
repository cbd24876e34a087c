#!/usr/bin/env python3
"""Writes denoise-oracle.txt: what LiteRT's reference kernels answer (needs ai-edge-litert, numpy).

    gen_denoise_oracle.py MODELS > denoise-oracle.txt"""
import base64
import os
import sys
import textwrap

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from denoise import KEPT, MODEL, frames  # noqa: E402

model = Interpreter(os.path.join(sys.argv[1], *MODEL), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
model.allocate_tensors()
source, result = model.get_input_details()[0], model.get_output_details()[0]["index"]
out = b""
for i, codes in enumerate(frames(sys.argv[1])):
    model.set_tensor(source["index"], np.frombuffer(codes, np.int8).reshape(source["shape"]))
    model.invoke()
    if i % KEPT == KEPT - 1:
        out += model.get_tensor(result).tobytes()
print("# Outputs of LiteRT's reference kernels, in base64: gen_denoise_oracle.py.")
print("\n".join(textwrap.wrap(base64.b64encode(out).decode(), 120)))
