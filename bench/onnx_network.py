"""Networks as ONNX, in one of three kinds:
    fp32   float
    u8s8   quantize/dequantize pairs; activations u8, weights s8 per output channel
    s8s8   the same with activations s8
Quantized models take and give their storage type.  As in models that trainers export, relu and relu6
are absorbed by the range of the pair behind them."""
import os
import sys

from network import RANGE, Network, Tensor, scale_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "onnx"))
from mkonnx import blob, integer, node, tensor, value_info  # noqa: E402

STORAGE = {"fp32": "f32", "u8s8": "u8", "s8s8": "i8"}  # of activations


class OnnxNetwork(Network):
    def __init__(self, name, kind, dims):
        super().__init__(name, kind != "fp32")
        self.storage = STORAGE[kind]
        shape = "x".join(map(str, (1, *dims)))
        self.graph = [blob(2, name), blob(11, value_info("input", self.storage, shape))]
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

    def finish(self, x):
        """The model's bytes."""
        if self.quantized:
            self.graph.pop()  # the last DequantizeLinear
        name = x.name[:-2] + "_q" if self.quantized else x.name
        self.graph.append(blob(12, value_info(name, self.storage, "x".join(map(str, (1, *x.dims))))))
        opset = integer(2, 13)
        return integer(1, 8) + blob(7, b"".join(self.graph)) + blob(8, opset)

    # --- quantize/dequantize pairs ---

    def pair_params(self, name, act):
        self.init(name + "_s", "f32", [], [scale_of(act)])
        zp = 0 if RANGE[act][0] == 0 else 128
        self.init(name + "_z", self.storage, [], [zp - (128 if self.storage == "i8" else 0)])

    def value(self, name, dims, act):
        """The value `name` that an op has made, behind its pair."""
        out = Tensor(name, dims, act)
        if self.quantized:
            self.pair_params(name, act)
            self.node(f"QuantizeLinear {name} {name}_s {name}_z -> {name}_q")
            self.node(f"DequantizeLinear {name}_q {name}_s {name}_z -> {name}_d")
            out.name = name + "_d"
        return out

    def weights(self, name, w):
        """Initializers NAME_w and NAME_b, or what dequantizes to them."""
        n = w.dims[0]
        if not self.quantized:
            self.init(name + "_w", "f32", w.dims, w.floats())
            self.init(name + "_b", "f32", [n], w.bias)
            return
        self.init(name + "_wq", "i8", w.dims, w.codes)
        self.init(name + "_ws", "f32", [n], w.scales)
        self.init(name + "_wz", "i8", [n], bytes(n))
        self.init(name + "_bq", "i32", [n], w.bias_codes())
        self.init(name + "_bs", "f32", [n], [w.in_scale * s for s in w.scales])
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

    def emit_conv(self, t, dims, act, x, w, stride, pads, groups):
        self.weights(t, w)
        self.node(f"Conv {x.name} {t}_w {t}_b -> {t}; kernel_shape=[{w.dims[2]},{w.dims[3]}] group={groups} "
                  f"strides=[{stride},{stride}] pads=[{','.join(map(str, pads))}]")
        return self.value(self.activate(t, act), dims, act)

    def emit_add(self, t, dims, act, a, b):
        self.node(f"Add {a.name} {b.name} -> {t}")
        return self.value(self.activate(t, act), dims, act)

    def emit_max_pool(self, t, dims, act, x, kernel, stride, pad):
        self.node(f"MaxPool {x.name} -> {t}; kernel_shape=[{kernel},{kernel}] "
                  f"strides=[{stride},{stride}] pads=[{pad},{pad},{pad},{pad}]")
        return self.value(t, dims, act)

    def emit_average(self, t, dims, act, x):
        self.node(f"GlobalAveragePool {x.name} -> {t}")
        pooled, flat = self.value(t, (*dims, 1, 1), act), self.fresh()
        self.node(f"Flatten {pooled.name} -> {flat}")
        return self.value(flat, dims, act)

    def emit_linear(self, t, dims, act, x, w):
        self.weights(t, w)
        self.node(f"Gemm {x.name} {t}_w {t}_b -> {t}; transB=1")
        return self.value(self.activate(t, act), dims, act)
