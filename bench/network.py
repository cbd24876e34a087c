"""Networks op by op: convolutions, linears, additions and pools at any shape, with random weights from a
fixed seed.  What is common to all formats: shapes, multiply-adds, numbers; a format's class (OnnxNetwork,
TfliteNetwork) writes the ops.  Scales keep values in range from layer to layer."""
import math
import random
import struct

LEVELS = [(i - 256 if i > 127 else i) / 74 for i in range(256)]  # by byte; standard deviation 1
NO_MINUS_128 = bytes(0x81 if i == 0x80 else i for i in range(256))
RANGE = {"input": (-1, 1), "relu": (0, 4), "relu6": (0, 6), "none": (-4, 4), "sum": (-8, 8),
         "logits": (-12, 12)}


def product(values):
    return math.prod(values)


def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def scale_of(act):
    lo, hi = RANGE[act]
    return (hi - lo) / 255


class Tensor:
    """A value of the network: its name as float, c x h x w (or just c), what bounds it."""

    def __init__(self, name, dims, act):
        self.name, self.dims, self.act = name, tuple(dims), act


class Weights:
    """Of one layer: `dims`, s8 `codes`, real `bias`, and how large they are.  Variance is kept."""

    def __init__(self, net, dims, act, x):
        n, self.dims = dims[0], dims
        self.gain = math.sqrt((2 if act.startswith("relu") else 1) / product(dims[1:]))
        self.codes = net.codes(product(dims))
        self.bias = [net.rng.uniform(-0.1, 0.1) for _ in range(n)]
        if net.quantized:
            self.scales = [float32(self.gain / 74 * net.rng.uniform(0.75, 1.25)) for _ in range(n)]
            self.in_scale = float32(scale_of(x.act))

    def floats(self):
        levels = [v * self.gain for v in LEVELS]
        return struct.pack("<%df" % len(self.codes), *map(levels.__getitem__, self.codes))

    def bias_codes(self):
        return [round(b / (self.in_scale * s)) for b, s in zip(self.bias, self.scales)]


class Network:
    """Builds one model; counts multiply-adds in `macs`.  Formats define what starts with `emit`, which
    write an op whose result t has the given dims, and return it as a Tensor."""

    def __init__(self, name, quantized):
        self.name, self.quantized, self.macs, self.count = name, quantized, 0, 0
        self.rng = random.Random(name)
        self.codes = lambda count: self.rng.randbytes(count).translate(NO_MINUS_128)  # of weights

    def fresh(self):
        self.count += 1
        return "t%d" % self.count

    def conv(self, x, channels, kernel, stride=1, pads=0, act="relu", depthwise=False):
        """pads: top, left, bottom, right, or one number for all."""
        t, (c, h, w) = self.fresh(), x.dims
        kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
        pt, pl, pb, pr = pads = (pads,) * 4 if isinstance(pads, int) else pads
        groups = c if depthwise else 1
        weights = Weights(self, [channels, c // groups, kh, kw], act, x)
        dims = (channels, (h + pt + pb - kh) // stride + 1, (w + pl + pr - kw) // stride + 1)
        self.macs += product(dims) * kh * kw * (c // groups)
        return self.emit_conv(t, dims, act, x, weights, stride, pads, groups)

    def depthwise(self, x, stride=1, pads=1, act="relu"):
        return self.conv(x, x.dims[0], 3, stride, pads, act, depthwise=True)

    def add(self, a, b, act="sum"):
        return self.emit_add(self.fresh(), a.dims, act, a, b)

    def max_pool(self, x, kernel, stride, pad):
        c, *size = x.dims
        dims = (c, *((d + 2 * pad - kernel) // stride + 1 for d in size))
        return self.emit_max_pool(self.fresh(), dims, x.act, x, kernel, stride, pad)

    def average(self, x):
        """Global average, flattened."""
        return self.emit_average(self.fresh(), x.dims[:1], x.act, x)

    def linear(self, x, n, act="logits"):
        t, weights = self.fresh(), Weights(self, [n, x.dims[0]], act, x)
        self.macs += n * x.dims[0]
        return self.emit_linear(t, (n,), act, x, weights)
