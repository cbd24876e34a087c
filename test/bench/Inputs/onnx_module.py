"""ONNX models as torch modules (bench/quantizers/onnx_module.py) against ONNX Runtime: the largest relative difference."""
import os
import sys

import numpy
import onnxruntime
import torch

sys.path.insert(0, os.path.join(sys.argv[1], "bench"))
from quantizers.onnx_module import Module  # noqa: E402

for path in sys.argv[2:]:
    session = onnxruntime.InferenceSession(path)
    one = session.get_inputs()[0]
    x = numpy.random.default_rng(0).random([d if isinstance(d, int) else 1 for d in one.shape], numpy.float32)
    want, got = session.run(None, {one.name: x})[0], Module(path)(torch.from_numpy(x)).numpy()
    far = numpy.abs(want - got).max() / numpy.abs(want).max()
    print(os.path.basename(path), "equal" if far < 1e-5 else f"differs by {far:.2g}")
