"""Builds ONNX models op by op: convolutions, linears, additions and pools at any shape, with random
weights (from a fixed seed), in one of three kinds:
    fp32   float
    u8s8   quantize/dequantize pairs; activations u8, weights s8 per output channel
    s8s8   the same with activations s8
Quantized models take and give their storage type.  As in models that trainers export, relu and relu6
are absorbed by the range of the pair behind them.  Scales keep values in range from layer to layer."""
import math
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "onnx"))
from mkonnx import blob, integer, node, tensor, value_info  # noqa: E402

STORAGE = {"fp32": "f32", "u8s8": "u8", "s8s8": "i8"}  # of activations, by kind
KINDS = tuple(STORAGE)
LEVELS = [(i - 256 if i > 127 else i) / 74 for i in range(256)]  # by byte; standard deviation 1
NO_MINUS_128 = bytes(0x81 if i == 0x80 else i for i in range(256))
RANGE = {"input": (-1, 1), "relu": (0, 4), "relu6": (0, 6), "none": (-4, 4), "sum": (-8, 8),
         "logits": (-12, 12)}


def product(values):
    return math.prod(values)


class Tensor:
    """A value of the network: its name as float, c x h x w (or just c), what bounds it."""

    def __init__(self, name, dims, act):
        self.name, self.dims, self.act = name, tuple(dims), act


class Network:
    """Builds one model, op by op; counts multiply-adds in `macs`."""

    def __init__(self, name, kind, dims):
        self.kind, self.quantized = kind, kind != "fp32"
        self.rng = random.Random(name)
        self.codes = lambda count: self.rng.randbytes(count).translate(NO_MINUS_128)  # of weights
        self.storage = STORAGE[kind]
        self.graph, self.macs, self.count = [blob(2, name)], 0, 0
        shape = "x".join(map(str, (1, *dims)))
        self.graph.append(blob(11, value_info("input", self.storage, shape)))
        self.input = Tensor("input", dims, "input")
        if self.quantized:
            self.pair_params("input", "input")
            self.node("DequantizeLinear input input_s input_z -> input_d")
            self.input.name = "input_d"

    def node(self, text):
        self.graph.append(blob(1, node(text)))

    def init(self, name, kind, dims, values):
        self.graph.append(blob(5, tensor(kind, dims, values, name)))
        return name

    def fresh(self):
        self.count += 1
        return "t%d" % self.count

    # --- quantize/dequantize pairs ---

    def pair_params(self, name, act):
        lo, hi = RANGE[act]
        scale = (hi - lo) / 255
        self.init(name + "_s", "f32", [], [scale])
        zp = 0 if lo == 0 else 128
        self.init(name + "_z", self.storage, [], [zp - (128 if self.storage == "i8" else 0)])
        return scale

    def value(self, name, dims, act):
        """The value `name` that an op has made, behind its pair."""
        out = Tensor(name, dims, act)
        if self.quantized:
            self.pair_params(name, act)
            self.node(f"QuantizeLinear {name} {name}_s {name}_z -> {name}_q")
            self.node(f"DequantizeLinear {name}_q {name}_s {name}_z -> {name}_d")
            out.name = name + "_d"
        return out

    def finish(self, x):
        """The model's bytes."""
        if self.quantized:
            self.graph.pop()  # the last DequantizeLinear
        name = x.name[:-2] + "_q" if self.quantized else x.name
        self.graph.append(blob(12, value_info(name, self.storage, "x".join(map(str, (1, *x.dims))))))
        opset = integer(2, 13)
        return integer(1, 8) + blob(7, b"".join(self.graph)) + blob(8, opset)

    # --- weights ---

    def weights(self, name, dims, act, x):
        """Initializers NAME_w and NAME_b (or their dequantized forms); variance is kept."""
        fan, n = product(dims[1:]), dims[0]
        gain = math.sqrt((2 if act.startswith("relu") else 1) / fan)
        codes = self.codes(product(dims))
        bias = [self.rng.uniform(-0.1, 0.1) for _ in range(n)]
        if not self.quantized:
            levels = [v * gain for v in LEVELS]
            floats = struct.pack("<%df" % len(codes), *map(levels.__getitem__, codes))
            self.init(name + "_w", "f32", dims, floats)
            self.init(name + "_b", "f32", [n], bias)
            return
        lo, hi = RANGE[x.act]
        scales = [gain / 74 * self.rng.uniform(0.75, 1.25) for _ in range(n)]
        scales = struct.unpack("<%df" % n, struct.pack("<%df" % n, *scales))
        in_scale = struct.unpack("<f", struct.pack("<f", (hi - lo) / 255))[0]
        self.init(name + "_wq", "i8", dims, codes)
        self.init(name + "_ws", "f32", [n], scales)
        self.init(name + "_wz", "i8", [n], bytes(n))
        self.init(name + "_bq", "i32", [n], [round(b / (in_scale * s)) for b, s in zip(bias, scales)])
        self.init(name + "_bs", "f32", [n], [in_scale * s for s in scales])
        self.init(name + "_bz", "i32", [n], bytes(4 * n))
        self.node(f"DequantizeLinear {name}_wq {name}_ws {name}_wz -> {name}_w; axis=0")
        self.node(f"DequantizeLinear {name}_bq {name}_bs {name}_bz -> {name}_b; axis=0")

    # --- ops ---

    def activate(self, name, act):
        """Relu and relu6 of float models; returns the name of the result."""
        if self.quantized or not act.startswith("relu"):
            return name
        if act == "relu":
            self.node(f"Relu {name} -> {name}_a")
        else:
            lo, hi = self.init(name + "_lo", "f32", [], [0]), self.init(name + "_hi", "f32", [], [6])
            self.node(f"Clip {name} {lo} {hi} -> {name}_a")
        return name + "_a"

    def conv(self, x, channels, kernel, stride=1, pads=0, act="relu", depthwise=False):
        """pads: top, left, bottom, right, or one number for all."""
        t, (c, h, w) = self.fresh(), x.dims
        kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
        pt, pl, pb, pr = (pads,) * 4 if isinstance(pads, int) else pads
        groups = c if depthwise else 1
        self.weights(t, [channels, c // groups, kh, kw], act, x)
        self.node(f"Conv {x.name} {t}_w {t}_b -> {t}; kernel_shape=[{kh},{kw}] group={groups} "
                  f"strides=[{stride},{stride}] pads=[{pt},{pl},{pb},{pr}]")
        oh, ow = (h + pt + pb - kh) // stride + 1, (w + pl + pr - kw) // stride + 1
        self.macs += oh * ow * channels * kh * kw * (c // groups)
        return self.value(self.activate(t, act), (channels, oh, ow), act)

    def depthwise(self, x, stride=1, pads=1, act="relu"):
        return self.conv(x, x.dims[0], 3, stride, pads, act, depthwise=True)

    def add(self, a, b, act="sum"):
        t = self.fresh()
        self.node(f"Add {a.name} {b.name} -> {t}")
        return self.value(self.activate(t, act), a.dims, act)

    def max_pool(self, x, kernel, stride, pad):
        t, (c, h, w) = self.fresh(), x.dims
        self.node(f"MaxPool {x.name} -> {t}; kernel_shape=[{kernel},{kernel}] "
                  f"strides=[{stride},{stride}] pads=[{pad},{pad},{pad},{pad}]")
        size = [(d + 2 * pad - kernel) // stride + 1 for d in (h, w)]
        return self.value(t, (c, *size), x.act)

    def average(self, x):
        """Global average, flattened."""
        t = self.fresh()
        self.node(f"GlobalAveragePool {x.name} -> {t}")
        pooled = self.value(t, (x.dims[0], 1, 1), x.act)
        t = self.fresh()
        self.node(f"Flatten {pooled.name} -> {t}")
        return self.value(t, x.dims[:1], x.act)

    def linear(self, x, n, act="logits"):
        t = self.fresh()
        self.weights(t, [n, x.dims[0]], act, x)
        self.node(f"Gemm {x.name} {t}_w {t}_b -> {t}; transB=1")
        self.macs += n * x.dims[0]
        return self.value(self.activate(t, act), (n,), act)
