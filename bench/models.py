#!/usr/bin/env python3
"""Synthetic models at the shapes of well-known ones, for timings and tests: weights are random
(from a fixed seed), so that nothing has to be downloaded.

    models.py NAME KIND -o MODEL      writes one model, prints its multiply-adds and I/O bytes

NAME is a key of MODELS below, or one layer: conv3_56_64_128 is a 3x3 convolution of 56x56x64 to 128 channels,
conv7s2_224_3_64 one of stride 2, dw3s2_112_96 depthwise.  KIND is one of onnx_network.py's (fp32, u8s8, s8s8) or tflite_network.py's
(tflite, tflite-fp32)."""
import argparse
import re

import onnx_network
import tflite_network
from network import product

STORAGE = {**onnx_network.STORAGE, **tflite_network.STORAGE}  # of inputs and outputs, by kind


def mobilenet_v2(net):
    x = net.conv(net.input, 32, 3, 2, (0, 0, 1, 1), "relu6")
    blocks = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
              (6, 320, 1, 1)]
    for expansion, channels, repeats, first_stride in blocks:
        for i in range(repeats):
            stride, y = first_stride if i == 0 else 1, x
            if expansion > 1:
                y = net.conv(y, expansion * x.dims[0], 1, act="relu6")
            y = net.depthwise(y, stride, 1, "relu6")
            y = net.conv(y, channels, 1, act="none")
            x = net.add(x, y) if stride == 1 and x.dims[0] == channels else y
    x = net.conv(x, 1280, 1, act="relu6")
    return net.linear(net.average(x), 1000)


def residual(net, x, channels, stride):
    y = net.conv(x, channels, 3, stride, 1)
    y = net.conv(y, channels, 3, 1, 1, "none")
    keep = stride == 1 and x.dims[0] == channels
    return net.add(x if keep else net.conv(x, channels, 1, stride, 0, "none"), y, "relu")


def resnet18(net):
    x = net.max_pool(net.conv(net.input, 64, 7, 2, 3), 3, 2, 1)
    for channels, stride in [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]:
        x = residual(net, x, channels, stride)
    return net.linear(net.average(x), 1000)


def bottleneck(net, x, channels, stride):
    y = net.conv(net.conv(x, channels, 1), channels, 3, stride, 1)
    y = net.conv(y, 4 * channels, 1, act="none")
    keep = stride == 1 and x.dims[0] == 4 * channels
    return net.add(x if keep else net.conv(x, 4 * channels, 1, stride, 0, "none"), y, "relu")


def resnet50(net):
    x = net.max_pool(net.conv(net.input, 64, 7, 2, 3), 3, 2, 1)
    for channels, repeats, first_stride in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]:
        for i in range(repeats):
            x = bottleneck(net, x, channels, 1 if i else first_stride)
    return net.linear(net.average(x), 1000)


def resnet8(net):
    x = net.conv(net.input, 16, 3, 1, 1)
    for channels, stride in [(16, 1), (32, 2), (64, 2)]:
        x = residual(net, x, channels, stride)
    return net.linear(net.average(x), 10)


def ds_cnn(net):
    x = net.conv(net.input, 64, (10, 4), 2, (4, 1, 5, 1))
    for _ in range(4):
        x = net.conv(net.depthwise(x), 64, 1)
    return net.linear(net.average(x), 12)


def mobilenet_v1(net):
    x = net.conv(net.input, 8, 3, 2, (0, 0, 1, 1))
    for channels, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5,
                             (256, 2), (256, 1)]:
        x = net.conv(net.depthwise(x, stride), channels, 1)
    return net.linear(net.average(x), 2)


def autoencoder(net):
    x = net.input
    for n in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = net.linear(x, n, "relu")
    return net.linear(x, 640)


def pointwise(net):
    """Eight 1x1 convolutions, expanding and projecting."""
    x = net.input
    for _ in range(4):
        x = net.conv(net.conv(x, 384, 1, act="relu6"), 64, 1, act="none")
    return x


def square(net):
    """Two 3x3 convolutions."""
    x = net.input
    for _ in range(2):
        x = net.conv(x, 64, 3, 1, 1)
    return x


def channelwise(net):
    """Four depthwise 3x3 convolutions."""
    x = net.input
    for _ in range(4):
        x = net.depthwise(x)
    return x


def full_range(net):
    """A 1x1 convolution of the largest weights: products that no 16 bits hold, two by two."""
    net.codes = lambda count: bytes(127 if i // 2 % 4 else 129 for i in range(count))
    return net.conv(net.input, 32, 1, act="logits")


# name: (what builds it, dims of the input)
MODELS = {
    "mobilenet_v2": (mobilenet_v2, (3, 224, 224)),
    "resnet50": (resnet50, (3, 224, 224)),
    "resnet18": (resnet18, (3, 224, 224)),
    "resnet8": (resnet8, (3, 32, 32)),
    "ds_cnn": (ds_cnn, (1, 49, 10)),
    "mobilenet_v1_025_96": (mobilenet_v1, (3, 96, 96)),
    "autoencoder": (autoencoder, (640,)),
    "full_range": (full_range, (64, 4, 4)),
    "layers_1x1": (pointwise, (64, 14, 14)),
    "layers_3x3": (square, (64, 28, 28)),
    "layers_depthwise": (channelwise, (144, 28, 28)),
}


LAYER = re.compile(r"(conv|dw)(\d+)(?:s(\d+))?_(\d+)_(\d+)(?:_(\d+))?$")


def known(name):
    """What builds a model or layer, and dims of the input."""
    if name in MODELS:
        return MODELS[name]
    layer = LAYER.match(name)
    if not layer or (layer[1] == "conv") != (layer[6] is not None):
        raise argparse.ArgumentTypeError(f"unknown model '{name}': expected {', '.join(MODELS)}, or a layer like "
                                         "conv3_56_64_128, conv7s2_224_3_64, dw3s2_112_96")
    kernel, stride, size, channels, out = (int(layer[i] or 1) for i in range(2, 7))
    return lambda net: net.conv(net.input, out if layer[1] == "conv" else channels, kernel, stride, kernel // 2,
                                depthwise=layer[1] == "dw"), (channels, size, size)


def build(name, kind):
    """(the model's bytes, multiply-adds, input bytes, output bytes)"""
    function, dims = known(name)
    network = onnx_network.OnnxNetwork if kind in onnx_network.STORAGE else tflite_network.TfliteNetwork
    net = network(name, kind, dims)
    out = function(net)
    element = 1 if net.quantized else 4
    return net.finish(out), net.macs, product(dims) * element, product(out.dims) * element


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", type=lambda name: known(name) and name)
    parser.add_argument("kind", choices=STORAGE)
    parser.add_argument("-o", required=True, metavar="MODEL")
    args = parser.parse_args()
    data, macs, in_bytes, out_bytes = build(args.name, args.kind)
    with open(args.o, "wb") as out:
        out.write(data)
    print(f"{args.name} {args.kind}: {macs / 1e6:.3f} MMAC, input {in_bytes}, output {out_bytes} bytes")


if __name__ == "__main__":
    main()
