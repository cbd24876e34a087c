"""An ONNX classifier as a torch module, for torch.export: the operators of the models of bench/accuracy."""
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


def pads(a, kernel):
    """Around height and width: (left, right, top, bottom)."""
    if a.get("auto_pad") == b"SAME_UPPER":  # strides 1
        return sum(([(k - 1) // 2, k // 2] for k in reversed(kernel)), [])
    top, left, bottom, right = a.get("pads", (0, 0, 0, 0))
    return [left, right, top, bottom]


def conv(a, x, w, b=None):
    around, (left, right, top, bottom) = (0, 0), pads(a, w.shape[2:])
    if (left, top) == (right, bottom):
        around = (top, left)
    else:
        x = F.pad(x, (left, right, top, bottom))
    return F.conv2d(x, w, b, a.get("strides", 1), around, a.get("dilations", 1), a.get("group", 1))


def gemm(a, x, w, b):
    return F.linear(x, w if a.get("transB") else w.t(), b)


def max_pool(a, x):
    return F.max_pool2d(F.pad(x, pads(a, a["kernel_shape"]), value=float("-inf")) if any(a.get("pads", ())) else x,
                        a["kernel_shape"], a["strides"])


def cut(a, x, starts, ends, axes, steps):
    for start, end, axis, step in zip(*(v.tolist() for v in (starts, ends, axes, steps))):
        index = torch.arange(x.shape[axis])[start:end:step]
        if len(index) < x.shape[axis]:
            x = x[(slice(None),) * axis + (slice(start, end, step),)]
    return x


def pad(a, x, amounts, value=None):
    before, after = amounts.tolist()[:x.ndim], amounts.tolist()[x.ndim:]
    return F.pad(x, [n for pair in zip(reversed(before), reversed(after)) for n in pair])


OPERATORS = {
    "Conv": conv, "Gemm": gemm, "MaxPool": max_pool, "Slice": cut, "Pad": pad,
    "Relu": lambda a, x: F.relu(x),
    "Add": lambda a, x, y: x + y,
    "MatMul": lambda a, x, y: x @ y,
    "Identity": lambda a, x: x,
    "Concat": lambda a, *x: torch.cat(x, a["axis"]),
    "Flatten": lambda a, x: torch.flatten(x, a.get("axis", 1)),
    "Reshape": lambda a, x, shape: x.reshape(shape.tolist()),
    "GlobalAveragePool": lambda a, x: F.adaptive_avg_pool2d(x, 1),
    "BatchNormalization": lambda a, x, g, b, m, v: F.batch_norm(x, m, v, g, b, eps=a.get("epsilon", 1e-5)),
    "Softmax": lambda a, x: torch.softmax(x, a.get("axis", -1)),
    "LogSoftmax": lambda a, x: torch.log_softmax(x, a.get("axis", -1)),
}


class Module(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        self.names, self.small, self.nodes = {}, {}, []
        for node in graph.node:
            a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
            if node.op_type == "Constant":
                constants[node.output[0]] = numpy_helper.to_array(a["value"])
            else:
                self.nodes.append((node.op_type, a, [i for i in node.input if i], node.output[0]))
        for name, value in constants.items():
            self.keep(name, torch.from_numpy(value.copy()))
        self.input = next(i.name for i in graph.input if i.name not in constants)
        self.output = graph.output[0].name

    def keep(self, name, value):
        """Weights are parameters; shapes, amounts and axes are plain tensors."""
        if not value.is_floating_point():
            self.small[name] = value
            return
        self.names[name] = f"c{len(self.names)}"
        self.register_parameter(self.names[name], torch.nn.Parameter(value, requires_grad=False))

    def forward(self, x):
        values = {self.input: x, **self.small, **{name: getattr(self, own) for name, own in self.names.items()}}
        for op, a, operands, result in self.nodes:
            values[result] = OPERATORS[op](a, *(values[name] for name in operands))
        return values[self.output]
