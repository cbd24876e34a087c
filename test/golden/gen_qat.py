"""Writes the golden graphs of quantization-aware training: for each model below NAME.pt2 (float, evaluation
mode), NAME.npy (samples) and NAME.txt, what prepare_qat_pt2e, the samples in evaluation mode and convert_pt2e
make of it.

    gen_qat.py FOLDER [NAME...]

Needs what gen_pt2e.py needs, which says how lines are written.  Fake-quantizers round what follows, so sums
are not exact: scales of activations depend on the order in which PyTorch adds.  Weights do not.
"""
import os
import sys
import zlib

import numpy as np
import torch
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
    XNNPACKQuantizer, get_symmetric_quantization_config)
from torch import nn
from torchao.quantization.pt2e import move_exported_model_to_eval
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_qat_pt2e

from gen_pt2e import Lambda, Listing, grid_tensor, save, settle

CASES = {}


def case(shape, per_channel=True):
    def add(make):
        CASES[make.__name__] = (make, shape, per_channel)
        return make
    return add


@case((2, 3, 6, 6))
def conv_bn_relu():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1))


@case((2, 3, 6, 6), per_channel=False)
def per_tensor():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1))


@case((2, 3, 6, 6))
def conv_bn_no_bias():
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4))


@case((2, 4, 6, 6))
def depthwise():
    return nn.Sequential(nn.Conv2d(4, 4, 3, groups=4, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
                         nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6), nn.ReLU())


@case((2, 4, 6, 6))
def residual():
    return Lambda(lambda m, x: torch.relu(m.n(m.a(x)) + x), a=nn.Conv2d(4, 4, 3, padding=1), n=nn.BatchNorm2d(4))


@case((2, 3, 6, 6))
def classifier():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(4, 3))


@case((3, 8))
def mlp():
    return nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4))


def write(folder, name):
    make, shape, per_channel = CASES[name]
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    model = make()
    with torch.no_grad():
        settle(model, generator)
        samples = grid_tensor(generator, (4, *shape), 8)
    save(torch.export.export(model.eval(), (samples[0],)), os.path.join(folder, name + ".pt2"))
    np.save(os.path.join(folder, name + ".npy"), samples.numpy())
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=per_channel, is_qat=True))
    prepared = prepare_qat_pt2e(torch.export.export(model.train(), (samples[0],)).module(), quantizer)
    move_exported_model_to_eval(prepared)
    with torch.no_grad():
        for x in samples:
            prepared(x)
        converted = convert_pt2e(prepared)
    with open(os.path.join(folder, name + ".txt"), "w") as out:
        out.write(Listing(converted).text())


def main():
    torch.set_num_threads(1)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in sys.argv[2:] or CASES:
        write(sys.argv[1], name)


if __name__ == "__main__":
    main()
