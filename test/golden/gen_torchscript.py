"""Writes the golden graphs of TorchScript: for each model below NAME.pt2 (float, torch.export), NAME.npy
(calibration samples) and NAME.ENGINE.txt, what prepare_jit, calibration and convert_jit make of it for the
engines fbgemm and qnnpack.

    gen_torchscript.py FOLDER [NAME...]

Needs what gen_pt2e.py needs, which says how numbers are chosen and how lines are written; here without the
ranges of codes, which TorchScript's types do not have.  Two listings, one behind the other:

    debug    convert_jit(debug=True): quantize and dequantize around float operations
    fused    convert_jit(debug=False): operations on quantized tensors; `packed N NAME` is their weight
"""
import os
import sys
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.quantization import (default_dynamic_qconfig, get_default_qconfig, per_channel_dynamic_qconfig)
from torch.ao.quantization.quantize_jit import (convert_dynamic_jit, convert_jit, prepare_dynamic_jit, prepare_jit)

from gen_pt2e import crc, dtype_name, grid_tensor, number, save, settle

CASES = {}
DTYPES = {12: torch.int8, 13: torch.uint8}
# What carries no value of the graph.
SILENT = {"prim::Constant", "prim::ListConstruct", "prim::GetAttr", "aten::q_scale", "aten::q_zero_point",
          "prim::dtype", "aten::size", "aten::len", "aten::gt", "aten::ne", "aten::dim", "aten::eq", "prim::If",
          "prim::RaiseException"}


def case(shape, dynamic=False, grid=8, rows=6):
    def add(make):
        CASES[make.__name__] = (make, shape, dynamic, grid, rows)
        return make
    return add


class Parts(nn.Module):
    """Submodules a, b, c, ..."""

    def __init__(self, *parts):
        super().__init__()
        for name, part in zip("abc", parts):
            self.add_module(name, part)


@case((1, 2, 6, 6))
def classifier():
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
                         nn.Sigmoid())


class FunctionalRelu(Parts):
    def forward(self, x):
        return self.b(F.relu(self.a(x)))


@case((1, 2, 6, 6))
def functional_relu():
    return FunctionalRelu(nn.Conv2d(2, 4, 3), nn.Conv2d(4, 3, 1))


class AddRelu(Parts):
    def forward(self, x):
        return self.c(F.relu(self.a(x) + self.b(x)))


@case((1, 4, 6, 6))
def add_relu():
    return AddRelu(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 2, 1))


class AddFloat(Parts):
    """One operand of the sum is not quantized: neither is the sum."""

    def forward(self, x):
        return self.a(x) + torch.neg(x)


@case((1, 4, 6, 6))
def add_float():
    return AddFloat(nn.Conv2d(4, 4, 1))


class Cat(Parts):
    def forward(self, x):
        return self.c(torch.cat([self.a(x), self.b(x)], 1))


@case((1, 4, 6, 6))
def cat():
    return Cat(nn.Conv2d(4, 2, 1), nn.Conv2d(4, 3, 1), nn.Conv2d(5, 2, 1))


class TwoBranches(Parts):
    def forward(self, x):
        return F.relu(self.a(x)) * F.relu(self.b(x))


@case((1, 4, 6, 6))
def two_branches():
    return TwoBranches(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1))


class SharedConv(Parts):
    """One module, called twice."""

    def forward(self, x):
        return self.a(F.relu(self.a(x)))


@case((1, 4, 6, 6))
def shared_conv():
    return SharedConv(nn.Conv2d(4, 4, 1))


@case((1, 3, 10))
def conv1d():
    return nn.Sequential(nn.Conv1d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv1d(4, 2, 1))


@case((3, 8))
def mlp():
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 4))


@case((3, 8), dynamic=True)
def linear_dynamic():
    return nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4))


class Sum(Parts):
    def forward(self, x):
        return self.a(x) + self.b(x)


@case((3, 8), dynamic=True)
def linear_dynamic_shared():
    return Sum(nn.Linear(8, 4), nn.Linear(8, 4))


@case((1, 4, 6, 6))
def hardswish():
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.Hardswish(), nn.Conv2d(4, 2, 1))


@case((1, 4, 8, 8))
def pool_chain():
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 4))


@case((1, 4, 8, 8))
def average_pool():
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.AvgPool2d(2), nn.Conv2d(4, 2, 1))


@case((1, 4, 6, 6))
def depthwise():
    return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 1))


class SharedValue(Parts):
    def forward(self, x):
        y = self.a(x)
        return self.b(y) + y


@case((1, 4, 6, 6))
def shared_value():
    return SharedValue(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1))


class Transposed(Parts):
    def forward(self, x):
        return self.b(self.a(x).permute(0, 2, 3, 1).reshape(-1, 4))


@case((1, 4, 6, 6))
def transposed():
    return Transposed(nn.Conv2d(4, 4, 1), nn.Linear(4, 3))


class NegStays(Parts):
    """An operation that is never quantized."""

    def forward(self, x):
        return self.b(torch.neg(self.a(x)))


@case((1, 4, 6, 6))
def neg_stays():
    return NegStays(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1))


@case((1, 3, 8))
def layer_norm():
    return nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 4))


class Listing:
    """An inlined graph as lines."""

    def __init__(self, module):
        self.lines, self.names, self.constants, self.packs = [], {}, {}, 0
        self.parameters = {}  # of quantized values: scale and zero point
        inputs = list(module.inlined_graph.inputs())
        self.objects = {inputs[0].debugName(): module._c}
        self.names[inputs[1].debugName()] = "x"
        for n in module.inlined_graph.nodes():
            self.visit(n)
        outputs = [self.operand(o) for o in module.inlined_graph.outputs()]
        self.lines.append("return " + ", ".join(outputs))

    def emit(self, value, text):
        self.names[value] = str(len(self.lines) + 1)
        self.lines.append(f"{self.names[value]} = {text}")

    def constant(self, value):
        return self.constants[value.debugName()]

    def operand(self, value):
        name = value.debugName()
        if name in self.names:
            return self.names[name]
        data = self.constants[name]
        if isinstance(data, torch.Tensor):
            return "c " + ("x".join(map(str, data.shape)) or "scalar")
        return str(data)

    def tensors(self, n):
        """Operands that are tensors, those of a list too."""
        for v in n.inputs():
            if v.debugName() in self.names or isinstance(self.constants.get(v.debugName()), torch.Tensor):
                yield v

    @staticmethod
    def packed_weight(weight):
        if weight.qscheme() == torch.per_tensor_affine:
            where = f"{number(weight.q_scale())} {weight.q_zero_point()}"
        else:
            where = f"axis={weight.q_per_channel_axis()} {crc(weight.q_per_channel_scales().float())}"
        return f"w {dtype_name(weight.int_repr().dtype)} {where} {crc(weight.int_repr())}"

    def get_attribute(self, n):
        value = getattr(self.objects[n.inputsAt(0).debugName()], n.s("name"))
        out = n.output().debugName()
        self.constants[out] = value
        self.objects[out] = value
        if hasattr(value, "unpack"):
            weight, bias = value.unpack()[:2]
            self.names[out] = f"{self.packed_weight(weight)} {n.s('name')}" + (f", c {bias.shape[0]}" if bias is not None else "")

    def quantize(self, n):
        x, out = n.inputsAt(0), n.output().debugName()
        if isinstance(self.constants.get(x.debugName()), torch.Tensor):  # a weight
            scale, zero = (self.constant(n.inputsAt(i)) for i in (1, 2))
            weight = self.constant(x)
            if n.kind() == "aten::quantize_per_channel":
                q = torch.quantize_per_channel(weight, scale, zero, self.constant(n.inputsAt(3)), torch.qint8)
            else:
                q = torch.quantize_per_tensor(weight, scale, zero, torch.qint8)
            self.names[out] = self.packed_weight(q)
            return
        source = n.inputsAt(1).node()
        if source.kind() == "aten::_choose_qparams_per_tensor":
            self.emit(out, f"quantize({self.operand(x)}) {self.names[source.outputsAt(0).debugName()]} u8")
            return
        if source.kind() == "aten::q_scale":  # those of the operand
            self.parameters[out] = self.parameters[source.inputsAt(0).debugName()]
        else:
            self.parameters[out] = (f"{number(self.constant(n.inputsAt(1)))} {self.constant(n.inputsAt(2))} "
                                    f"{dtype_name(DTYPES[self.constant(n.inputsAt(3))])}")
        self.emit(out, f"quantize({self.operand(x)}) {self.parameters[out]}")

    def visit(self, n):
        kind = n.kind()
        outs = [o.debugName() for o in n.outputs()]
        if kind == "prim::Constant":
            self.constants[outs[0]] = n.output().toIValue()
        elif kind == "prim::GetAttr":
            self.get_attribute(n)
        elif kind == "prim::ListConstruct" and n.output().type().getElementType().kind() == "TensorType":
            self.names[outs[0]] = ", ".join(self.operand(v) for v in n.inputs())
        elif kind in ("aten::contiguous", "aten::dropout"):
            self.names[outs[0]] = self.operand(n.inputsAt(0))
        elif kind in SILENT:
            pass
        elif kind == "aten::dequantize":
            x = self.operand(n.inputsAt(0))
            self.names[outs[0]] = x if x.startswith("w ") else "dq " + x.replace(", ", ", dq ")
        elif kind in ("aten::quantize_per_tensor", "aten::quantize_per_channel"):
            self.quantize(n)
        elif kind == "aten::_choose_qparams_per_tensor":
            self.emit(outs[0], f"choose_qparams({self.operand(n.inputsAt(0))}) u8")
            self.names[outs[1]] = self.names[outs[0]]
        else:
            self.operation(n, outs[0])

    def operation(self, n, out):
        space, name = n.kind().split("::")
        operands = ", ".join(self.operand(v) for v in self.tensors(n))
        scales = [self.constants.get(v.debugName()) for v in n.inputs()]
        rest = ""
        if space == "quantized" and "dynamic" not in name:  # scale and zero point are the last float and int
            at = max(i for i, v in enumerate(scales) if isinstance(v, float))
            rest = f" {number(scales[at])} {scales[at + 1]}"
        else:  # shape operations and pools on quantized tensors
            first = next(iter(self.tensors(n))).debugName()
            self.parameters[out] = self.parameters.get(first)
        self.emit(out, f"{name}({operands}){rest}")


def convert(model, samples, engine, dynamic):
    """The two listings."""
    torch.backends.quantized.engine = engine
    if dynamic:
        config = per_channel_dynamic_qconfig if engine == "fbgemm" else default_dynamic_qconfig
        prepared = prepare_dynamic_jit(torch.jit.script(model), {"": config})
    else:
        prepared = prepare_jit(torch.jit.script(model), {"": get_default_qconfig(engine, version=0)})
        for x in samples:
            prepared(x)
    run = convert_dynamic_jit if dynamic else convert_jit
    debug, fused = (Listing(run(prepared, debug=d)) for d in (True, False))
    return ["debug", *debug.lines, "fused", *fused.lines]


def write(folder, name):
    make, shape, dynamic, grid, rows = CASES[name]
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    model = make().eval()
    settle(model, generator)
    samples = grid_tensor(generator, (rows, *shape), grid)
    save(torch.export.export(model, (samples[0],)), os.path.join(folder, name + ".pt2"))
    np.save(os.path.join(folder, name + ".npy"), samples.numpy())
    for engine in ("fbgemm", "qnnpack"):
        with open(os.path.join(folder, f"{name}.{engine}.txt"), "w") as out:
            out.write("\n".join(convert(model, samples, engine, dynamic)) + "\n")


def main():
    torch.set_num_threads(1)
    os.makedirs(sys.argv[1], exist_ok=True)
    with torch.no_grad():
        for name in sys.argv[2:] or CASES:
            write(sys.argv[1], name)


if __name__ == "__main__":
    main()
