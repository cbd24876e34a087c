"""Networks as TensorFlow Lite, channels last, in one of two kinds:
    tflite        int8: activations s8, weights s8 per output channel (one scale for a linear)
    tflite-fp32   float
Padding is SAME where there is any: the shapes of the other formats, with the odd pixel at the end."""
import os
import struct
import sys

from network import RANGE, Network, Tensor, scale_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "tflite"))
from mktflite import Model, Table, Vector, flatbuffer  # noqa: E402

STORAGE = {"tflite": "i8", "tflite-fp32": "f32"}  # of activations
ACTIVATIONS = {"relu": 1, "relu6": 3}
SAME, VALID = 0, 1


def last(dims):
    """Channels last, with the batch."""
    return (1, *dims[1:], dims[0])


def quantization(scales, zero_point=0, axis=0):
    return Table(f2=Vector("f", scales), f3=Vector("q", [zero_point] * len(scales)), f6=("i", axis))


class TfliteNetwork(Network):
    def __init__(self, name, kind, dims):
        super().__init__(name, kind == "tflite")
        self.storage, self.model = STORAGE[kind], Model()
        self.input = self.value("input", dims, "input")
        self.model.inputs.append("input")

    def finish(self, x):
        """The model's bytes."""
        self.model.outputs.append(x.name)
        return flatbuffer(self.model.root())

    def value(self, name, dims, act):
        q = quantization([scale_of(act)], -128 if RANGE[act][0] == 0 else 0) if self.quantized else None
        self.model.tensor(name, self.storage, last(dims), q=q)
        return Tensor(name, dims, act)

    def constant(self, name, kind, dims, data, q=None):
        self.model.tensor(name, kind, dims, q=q, data=data)
        return name

    def weights(self, t, w, dims, axis):
        """Names of weights and bias.  The codes are random: in this order as good as in another."""
        if axis is None and self.quantized:
            w.scales = [w.scales[0]] * w.dims[0]
        if not self.quantized:
            return (self.constant(t + "_w", "f32", dims, w.floats()),
                    self.constant(t + "_b", "f32", w.dims[:1], struct.pack(f"<{w.dims[0]}f", *w.bias)))
        scales = w.scales[:1] if axis is None else w.scales
        bias = struct.pack(f"<{w.dims[0]}i", *w.bias_codes())
        return (self.constant(t + "_w", "i8", dims, w.codes, quantization(scales, 0, axis or 0)),
                self.constant(t + "_b", "i32", w.dims[:1], bias, quantization([w.in_scale * s for s in scales])))

    def op(self, name, version, operands, t, dims, act, **fields):
        y = self.value(t, dims, act)
        self.model.op(name, version, operands, [t], fields)
        return y

    def emit_conv(self, t, dims, act, x, w, stride, pads, groups):
        n, c, kh, kw = w.dims
        fields = {"padding": SAME if any(pads) else VALID, "stride_w": stride, "stride_h": stride,
                  "activation": ACTIVATIONS.get(act, 0)}
        if groups > 1:
            operands = x.name, *self.weights(t, w, (1, kh, kw, n), 3)
            return self.op("DEPTHWISE_CONV_2D", 3, operands, t, dims, act, **fields)
        operands = x.name, *self.weights(t, w, (n, kh, kw, c), 0)
        return self.op("CONV_2D", 3, operands, t, dims, act, **fields)

    def emit_add(self, t, dims, act, a, b):
        return self.op("ADD", 2, (a.name, b.name), t, dims, act, activation=ACTIVATIONS.get(act, 0))

    def emit_max_pool(self, t, dims, act, x, kernel, stride, pad):
        return self.op("MAX_POOL_2D", 2, (x.name,), t, dims, act, padding=SAME if pad else VALID, stride_w=stride,
                       stride_h=stride, filter_w=kernel, filter_h=kernel)

    def emit_average(self, t, dims, act, x):
        axes = self.constant(t + "_axes", "i32", (2,), struct.pack("<2i", 1, 2))
        return self.op("MEAN", 2, (x.name, axes), t, dims, act, keep_dims=0)

    def emit_linear(self, t, dims, act, x, w):
        return self.op("FULLY_CONNECTED", 4, (x.name, *self.weights(t, w, w.dims, None)), t, dims, act,
                       activation=ACTIVATIONS.get(act, 0))
