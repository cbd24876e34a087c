"""Writes the golden numbers of batch norm folding: for each model below NAME.pt2 (float, torch.export) and NAME.txt, the
crc32 of the fp32 weight and bias that TorchScript's FoldConvBatchNorm gives, and for what that leaves (conv1d,
conv_transpose, linear) torch.nn.utils.fusion, which PT2E uses.  Parameters are random, so every rounding shows.

    gen_fold.py FOLDER

Needs torch 2.13.0."""
import os
import sys
import zlib

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

CASES = {
    "conv1d": (nn.Conv1d(3, 8, 3), nn.BatchNorm1d(8), (2, 3, 9)),
    "conv2d": (nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16, eps=1e-3), (1, 3, 8, 8)),
    "conv3d": (nn.Conv3d(2, 8, 3), nn.BatchNorm3d(8), (1, 2, 5, 5, 5)),
    "depthwise": (nn.Conv2d(16, 16, 3, groups=16), nn.BatchNorm2d(16), (1, 16, 8, 8)),
    "no_affine": (nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16, affine=False), (1, 3, 8, 8)),
    "conv_transpose": (nn.ConvTranspose2d(6, 8, 3), nn.BatchNorm2d(8), (1, 6, 5, 5)),
    "conv_transpose_groups": (nn.ConvTranspose2d(6, 8, 3, groups=2), nn.BatchNorm2d(8), (1, 6, 5, 5)),
    "linear": (nn.Linear(12, 16), nn.BatchNorm1d(16), (4, 12)),
}


def crc(t):
    return f"{zlib.crc32(np.ascontiguousarray(t.detach().numpy()).tobytes()):08x}"


def fold(layer, norm, shape):
    """Weight and bias."""
    transposed = isinstance(layer, nn.ConvTranspose2d)
    args = (layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
    if isinstance(layer, nn.Linear):
        return fuse_linear_bn_weights(*args)
    if isinstance(layer, (nn.Conv2d, nn.Conv3d)):
        scripted = torch._C._jit_pass_fold_convbn(torch.jit.script(nn.Sequential(layer, norm))._c)
        folded = getattr(scripted, "0")
        return folded.weight, folded.bias
    if not transposed or layer.groups == 1:
        return fuse_conv_bn_weights(*args, transpose=transposed)
    # per group, since the function takes the output channels of one
    parts = [fuse_conv_bn_weights(w, b, m, v, norm.eps, g, o, transpose=True) for w, b, m, v, g, o in zip(
        *(t.chunk(layer.groups) for t in (layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.weight,
                                          norm.bias)), strict=True)]
    return tuple(torch.cat(t) for t in zip(*parts, strict=True))


def main():
    torch.manual_seed(1)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, (layer, norm, shape) in CASES.items():
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.1, 4.0)
        if norm.affine:
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
        model = nn.Sequential(layer, norm).eval()
        program = torch.export.export(model, (torch.zeros(shape),))
        for n in program.graph.nodes:
            n.meta.pop("stack_trace", None)
        program.example_inputs = None
        torch.export.save(program, os.path.join(sys.argv[1], name + ".pt2"))
        with open(os.path.join(sys.argv[1], name + ".txt"), "w") as out:
            out.write(" ".join(crc(t) for t in fold(layer, norm, shape)) + "\n")


if __name__ == "__main__":
    with torch.no_grad():
        main()
