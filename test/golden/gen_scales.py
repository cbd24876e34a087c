"""Prints the activation scales that PyTorch chooses here for pt2/{digits_cnn,mbv2_mnist32,odd_ops}/float.pt2, where
they differ from those in static_pc.pt2: the table PYTORCH of scales.py.

    gen_scales.py MODELS CALIB.npy...    one .npy per model, in the order above

Needs torch 2.13.0, executorch 1.4.0 and torchao 0.18.0."""
import os
import re
import sys

import numpy as np
import torch
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


def measure(folder, samples):
    program = torch.export.load(os.path.join(folder, "float.pt2"))
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True))
    prepared = prepare_pt2e(program.module(), quantizer)
    rank = program.example_inputs[0][0].dim()
    with torch.no_grad():
        for x in torch.from_numpy(np.load(samples)):
            prepared(x if x.dim() == rank else x[None])
    nodes = convert_pt2e(prepared).graph.nodes
    return [np.float32(n.args[1]) for n in nodes if str(n.target).startswith("quantized_decomposed.quantize_per_tensor")]


def main():
    for name, samples in zip(("digits_cnn", "mbv2_mnist32", "odd_ops"), sys.argv[2:], strict=True):
        folder = os.path.join(sys.argv[1], "pt2", name)
        with open(os.path.join(folder, "static_pc.txt")) as f:
            stored = re.findall(r"[a-z]\.quantize_per_tensor\.default\(\w+, ([-\d.e]+),", f.read())
        pairs = zip(measure(folder, samples), map(np.float32, map(float, stored)), strict=True)
        print(name, {i: str(a) for i, (a, b) in enumerate(pairs) if a != b})


main()
