"""Writes the golden graphs of PT2E: for each model below NAME.pt2 (float, torch.export), NAME.npy
(calibration samples) and NAME.txt, what prepare_pt2e, calibration and convert_pt2e of PyTorch make of it.

    gen_pt2e.py FOLDER [NAME...]

Needs torch 2.13.0, executorch 1.4.0 and torchao 0.18.0; run with ATEN_CPU_CAPABILITY=avx2, since the
order of PyTorch's sums depends on the vector width.  The tests read the files only.

Parameters and samples are multiples of small powers of two, chosen so that every sum is exact in fp32:
the ranges then do not depend on the order in which a library adds, and scales can be compared to the bit.
The script names the nodes that round nevertheless.

NAME.txt lists the operations in the order of the graph, one line each:

    2 = conv2d(dq 1, w i8 -127 127 axis=0 SCALES CODES) ...
    3 = quantize(2) SCALE ZERO_POINT QMIN QMAX DTYPE

An operand is a number (the result of that line, `x` for the input), `dq N` (the dequantized result of
line N), `c SHAPE` (a float constant), or a dequantized constant with its type, per-tensor scale or crc32 of the
fp32 scales, and crc32 of its codes.  Scales are the shortest decimals that read back as the fp32 number.
"""
import os
import sys
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
    XNNPACKQuantizer, get_symmetric_quantization_config as config)
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

PC, PT = config(is_per_channel=True), config()
DYNAMIC = config(is_per_channel=True, is_dynamic=True)
DYNAMIC_PT = config(is_dynamic=True)

CASES = {}


def case(shape, quantizer=lambda: XNNPACKQuantizer().set_global(PC), grid=8, rows=6, special=None):
    """A model: input shape, its quantizer, samples = rows x multiples of 1/grid (or special(generator))."""
    def add(make):
        CASES[make.__name__] = (make, shape, quantizer, grid, rows, special)
        return make
    return add


def per_tensor():
    return XNNPACKQuantizer().set_global(PT)


def dynamic():
    return XNNPACKQuantizer().set_global(DYNAMIC)


class Lambda(nn.Module):
    """Named submodules and a function of them and the input."""

    def __init__(self, fn, **parts):
        super().__init__()
        self.fn = fn
        for name, part in parts.items():
            if isinstance(part, nn.Module):
                self.add_module(name, part)
            else:
                self.register_buffer(name, part)

    def forward(self, x):
        return self.fn(self, x)


class Batch(nn.BatchNorm2d):
    """variance + eps is a power of 4, so that folding is exact."""


# --- linear ----------------------------------------------------------------------------------------
@case((2, 8))
def linear():
    return nn.Linear(8, 6)


@case((2, 8), per_tensor)
def linear_per_tensor():
    return nn.Linear(8, 6)


@case((2, 8))
def linear_no_bias():
    return nn.Linear(8, 6, bias=False)


@case((2, 8))
def linear_relu():
    return nn.Sequential(nn.Linear(8, 6), nn.ReLU())


@case((2, 3, 8))
def linear_rank3():
    return nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4))


@case((1, 8), per_tensor)
def mlp_dropout():
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4))


@case((3, 8), dynamic)
def linear_dynamic():
    return nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4))


@case((3, 8), lambda: XNNPACKQuantizer().set_global(DYNAMIC_PT))
def linear_dynamic_per_tensor():
    return nn.Linear(8, 6)


@case((3, 8), dynamic)
def linear_dynamic_shared_input():
    return Lambda(lambda m, x: m.q(x) + m.k(x) * m.v(x), q=nn.Linear(8, 8), k=nn.Linear(8, 8), v=nn.Linear(8, 8))


@case((3, 8), lambda: dynamic().set_filter_function(lambda n: "second" not in str(n.meta.get("nn_module_stack", ""))))
def linear_dynamic_filter():
    return Lambda(lambda m, x: m.third(m.second(m.first(x))), first=nn.Linear(8, 8), second=nn.Linear(8, 8), third=nn.Linear(8, 4))


# --- convolutions ------------------------------------------------------------------------------------
@case((1, 3, 10))
def conv1d():
    return nn.Conv1d(3, 4, 3, padding=1)


@case((1, 3, 10))
def conv1d_relu():
    return nn.Sequential(nn.Conv1d(3, 4, 3, stride=2), nn.ReLU(), nn.Conv1d(4, 2, 1))


@case((1, 2, 6, 6))
def conv2d():
    return nn.Conv2d(2, 4, 3, padding=1)


@case((1, 2, 6, 6), per_tensor)
def conv2d_per_tensor():
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU())


@case((1, 2, 6, 6))
def conv_bn():
    return nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), Batch(4))


@case((1, 2, 6, 6))
def conv_bn_relu():
    return nn.Sequential(nn.Conv2d(2, 4, 3), Batch(4), nn.ReLU(), nn.Conv2d(4, 3, 1))


@case((1, 2, 6, 6))
def conv_bn_relu6():
    return nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), Batch(4), nn.ReLU6(), nn.Conv2d(4, 3, 1))


@case((1, 2, 6, 6))
def conv_hardtanh():
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.Hardtanh(-1.0, 2.0), nn.Conv2d(4, 3, 1))


@case((1, 2, 6, 6))
def conv_clamp():
    """clamp is not an operator of the quantizer."""
    return Lambda(lambda m, x: m.b(torch.clamp(m.a(x), -1.0, 2.0)), a=nn.Conv2d(2, 4, 3), b=nn.Conv2d(4, 3, 1))


@case((1, 4, 6, 6))
def depthwise():
    return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.ReLU(), nn.Conv2d(4, 6, 1))


@case((1, 4, 6, 6))
def grouped():
    return nn.Conv2d(4, 6, 3, groups=2)


@case((1, 4, 5, 5))
def conv_transpose():
    return nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1)


@case((1, 4, 5, 5))
def conv_transpose_relu():
    return nn.Sequential(nn.ConvTranspose2d(4, 3, 2, stride=2), nn.ReLU(), nn.Conv2d(3, 2, 1))


@case((1, 4, 5, 5))
def conv_transpose_grouped():
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.ConvTranspose2d(4, 4, 2, stride=2, groups=2), nn.Conv2d(4, 2, 1))


@case((1, 4, 5, 5), per_tensor)
def conv_transpose_per_tensor():
    return nn.ConvTranspose2d(4, 3, 3)


@case((1, 4, 9))
def conv_transpose1d():
    return nn.ConvTranspose1d(4, 3, 3, stride=2)


@case((1, 2, 6, 6))
def conv_two_users():
    """The convolution has another user beside its relu: not fused, relu shares."""
    return Lambda(lambda m, x: (lambda y: F.relu(y) + y)(m.a(x)), a=nn.Conv2d(2, 4, 3))


@case((1, 4, 6, 6))
def shared_weight():
    """A weight that two convolutions read is quantized for the first only."""
    conv = nn.Conv2d(4, 4, 1)
    return Lambda(lambda m, x: m.a(m.b(m.a(x))), a=conv, b=nn.Conv2d(4, 4, 1))


@case((2, 8))
def shared_weight_linear():
    return Lambda(lambda m, x: m.a(m.a(x)), a=nn.Linear(8, 8))


@case((1, 4, 6, 6), dynamic)
def conv_dynamic():
    return nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 1))


@case((1, 3, 10), dynamic)
def conv1d_dynamic():
    return nn.Conv1d(3, 4, 3)


# --- arithmetic, joins, shapes ------------------------------------------------------------------------
@case((1, 4, 6, 6))
def residual():
    return Lambda(lambda m, x: x + m.b(F.relu(m.a(x))), a=nn.Conv2d(4, 4, 3, padding=1), b=nn.Conv2d(4, 4, 3, padding=1))


@case((1, 4, 6, 6))
def residual_relu():
    return Lambda(lambda m, x: F.relu(m.a(x) + m.b(x)), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 4, 1))


@case((1, 4, 6, 6))
def add_itself():
    return Lambda(lambda m, x: (lambda y: y + y)(m.a(x)), a=nn.Conv2d(4, 4, 1))


@case((1, 4, 6, 6))
def add_scalar():
    return Lambda(lambda m, x: m.a(x) + 0.75, a=nn.Conv2d(4, 4, 1))


@case((1, 4, 6, 6))
def mul_scalar():
    return Lambda(lambda m, x: m.b(m.a(x) * 0.5), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 2, 1))


@case((1, 4, 6, 6))
def add_huge():
    """A mask: constants beyond 3.4e15 are left in float."""
    return Lambda(lambda m, x: F.relu(m.a(x) + -3.4028235e38), a=nn.Conv2d(4, 4, 1))


@case((1, 4, 6, 6))
def add_buffer():
    return Lambda(lambda m, x: m.a(x) + m.table, a=nn.Conv2d(4, 4, 1), table=torch.arange(36.0).reshape(6, 6) / 8)


@case((1, 4, 6, 6))
def mul():
    return Lambda(lambda m, x: m.a(x) * m.b(x), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 4, 1))


@case((1, 4, 6, 6), per_tensor)
def mul_relu():
    return Lambda(lambda m, x: F.relu(x * m.b(x)), b=nn.Conv2d(4, 4, 1))


@case((1, 4, 6, 6))
def sub_stays():
    return Lambda(lambda m, x: m.b(m.a(x) - x), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 2, 1))


@case((1, 4, 6, 6))
def cat_branches():
    """The source of the ranges is the first operand that has one, x has none."""
    return Lambda(lambda m, x: m.b(torch.cat([x, F.relu(m.a(x)), m.c(x)], 1)), a=nn.Conv2d(4, 4, 1), c=nn.Conv2d(4, 4, 1), b=nn.Conv2d(12, 2, 1))


@case((1, 4, 6, 6))
def cat_pooled():
    """... seen through operators that hand ranges on."""
    return Lambda(lambda m, x: torch.cat([F.max_pool2d(x, 2), F.max_pool2d(m.a(x), 2)], 1), a=nn.Conv2d(4, 4, 1))


@case((1, 4, 6, 6))
def cat_inputs():
    return Lambda(lambda m, x: m.a(torch.cat([x, torch.abs(x)], 1)), a=nn.Conv2d(8, 4, 1))


@case((1, 4, 8, 8))
def adaptive_pool():
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


@case((1, 4, 8, 8))
def adaptive_pool_first():
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


@case((1, 4, 8, 8))
def mean_dim():
    return Lambda(lambda m, x: m.b(F.relu(m.a(x)).mean((2, 3))), a=nn.Conv2d(4, 4, 1), b=nn.Linear(4, 3))


@case((1, 4, 8, 8))
def mean_keepdim():
    return Lambda(lambda m, x: m.b(m.a(x).mean((2, 3), keepdim=True)), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 3, 1))


@case((1, 4, 8, 8))
def pool_relu():
    """relu behind a pool: both share the convolution's range."""
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(4, 2, 1))


@case((1, 4, 8, 8))
def avg_pool_stays():
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.AvgPool2d(2), nn.Conv2d(4, 2, 1))


@case((1, 4, 4, 4))
def shapes():
    return Lambda(lambda m, x: m.b(m.a(x).permute(0, 2, 3, 1).reshape(4, 16).transpose(0, 1).flatten()[None].view(2, 32)),
                  a=nn.Conv2d(4, 4, 1), b=nn.Linear(32, 3))


@case((1, 4, 4, 4))
def slices():
    """slice and unsqueeze do not hand ranges on, squeeze does."""
    return Lambda(lambda m, x: m.b(m.a(x)[:, 1:3].flatten(1)), a=nn.Conv2d(4, 4, 1), b=nn.Linear(32, 3))


@case((1, 4, 4, 1))
def squeeze():
    return Lambda(lambda m, x: m.b(m.a(x).squeeze(3).unsqueeze(0)), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(1, 2, 1))


@case((1, 4, 4, 4))
def relu_first():
    """relu of what has no range stays in float."""
    return nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 1), nn.ReLU())


# --- float between ------------------------------------------------------------------------------------
def saturating(generator):
    x = grid_tensor(generator, (6, 1, 4, 6, 6), 8)
    return torch.where(torch.rand(x.shape, generator=generator) < 0.9, torch.sign(x) * 2048, x * 2048 + 1024)


@case((1, 4, 6, 6), special=saturating)
def sigmoid_gate():
    return Lambda(lambda m, x: m.b(m.a(x) * torch.sigmoid(m.c(x))), a=nn.Conv2d(4, 4, 1), c=nn.Conv2d(4, 4, 1, bias=False), b=nn.Conv2d(4, 2, 1))


@case((1, 4, 6, 6), special=saturating)
def softmax_between():
    return Lambda(lambda m, x: m.b(torch.softmax(m.a(x), 1)), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 2, 1))


def two_levels(generator):
    rows = torch.tensor([-1.0, 1.0] * 4)
    return torch.stack([torch.stack([rows[torch.randperm(8, generator=generator)] * 2.0 ** (i - 2) for _ in range(2)]) for i in range(6)])


@case((2, 8), special=two_levels)
def layernorm_between():
    return nn.Sequential(nn.LayerNorm(8, eps=0.0), nn.Linear(8, 6), nn.ReLU())


# --- blocks -----------------------------------------------------------------------------------------
@case((1, 4, 6, 6))
def mobilenet_block():
    return Lambda(lambda m, x: x + m.project(m.depth(m.expand(x))),
                  expand=nn.Sequential(nn.Conv2d(4, 8, 1, bias=False), Batch(8), nn.ReLU6()),
                  depth=nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), Batch(8), nn.ReLU6()),
                  project=nn.Sequential(nn.Conv2d(8, 4, 1, bias=False), Batch(4)))


@case((1, 8), special=lambda g: torch.sign(grid_tensor(g, (6, 1, 8), 8) + 1 / 16) * 4096)
def lstm_gates():
    def step(m, x):
        i, f, g, o = m.gates(x).chunk(4, 1)
        c = torch.sigmoid(f) * x[:, :4] + torch.sigmoid(i) * torch.tanh(g)
        return m.out(torch.sigmoid(o) * torch.tanh(c))
    return Lambda(step, gates=nn.Linear(8, 16), out=nn.Linear(4, 4))


@case((1, 2, 8, 8))
def small_cnn():
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, bias=False), Batch(4), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


def normal(*shape):
    def make(generator):
        return torch.randn(shape, generator=generator)
    make.rounds = True
    return make


@case((2, 20, 6, 6), special=normal(6, 2, 20, 6, 6))
def rounded_batch():
    return nn.Sequential(nn.Conv2d(20, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8))


@case((1, 4, 9, 9), special=normal(6, 1, 4, 9, 9))
def rounded_wide():
    return nn.Conv2d(4, 6, 5)


@case((1, 4, 9, 9), special=normal(6, 1, 4, 9, 9))
def rounded_groups():
    return nn.Conv2d(4, 6, 3, groups=2)


@case((1, 4, 8, 8), special=normal(8, 1, 4, 8, 8))
def rounded():
    """Nothing is exact: ranges depend on the order of sums, which is PyTorch's (ir/eval/eval_pytorch.c)."""
    return nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.Conv2d(6, 8, 1),
                         nn.ConvTranspose2d(8, 6, 3, stride=2), nn.ConvTranspose2d(6, 4, 4, stride=2, padding=1), nn.Linear(34, 8))


# --- configurations -----------------------------------------------------------------------------------
class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 6)

    def forward(self, x):
        return F.relu(self.fc(x))


def body():
    return Lambda(lambda m, x: m.head(m.second(F.relu(m.first(x)))), first=nn.Linear(8, 8), second=nn.Linear(8, 8), head=Head())


@case((2, 8), lambda: XNNPACKQuantizer().set_module_name("second", PC))
def module_name():
    return body()


@case((2, 8), lambda: XNNPACKQuantizer().set_module_type(Head, PC))
def module_type():
    return body()


@case((2, 8), lambda: XNNPACKQuantizer().set_global(PT).set_module_name("second", PC))
def global_and_name():
    return body()


@case((2, 8), lambda: XNNPACKQuantizer().set_global(PC).set_module_type(Head, PT).set_module_name("head.fc", PC))
def name_over_type():
    return body()


@case((2, 8), lambda: XNNPACKQuantizer().set_global(PC).set_module_name("second", DYNAMIC))
def static_and_dynamic():
    return body()


@case((2, 8), lambda: XNNPACKQuantizer().set_module_name("b", PT).set_module_name("a", config(act_qmin=-64, act_qmax=63)))
def two_ranges():
    """Consumers that want different things have an observer each."""
    return Lambda(lambda m, x: (lambda y: m.a(y) - m.b(y))(torch.abs(x)), a=nn.Linear(8, 6), b=nn.Linear(8, 6))


@case((2, 8), lambda: XNNPACKQuantizer().set_module_name("b", PC).set_module_name("a", DYNAMIC))
def two_specs():
    return Lambda(lambda m, x: (lambda y: m.a(y) - m.b(y))(torch.abs(x)), a=nn.Linear(8, 6), b=nn.Linear(8, 6))


@case((1, 4, 6, 6), lambda: XNNPACKQuantizer().set_operator_type(torch.ops.aten.conv2d.default, PC))
def operator_type():
    return Lambda(lambda m, x: m.c(m.a(x) + m.b(x).flatten(1).sum(1)), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 4, 1), c=nn.Conv2d(4, 2, 1))


@case((1, 4, 6, 6), lambda: XNNPACKQuantizer().set_operator_type(torch.ops.aten.add.Tensor, PC).set_global(PT))
def operator_type_and_global():
    return Lambda(lambda m, x: m.b(m.a(x) + x), a=nn.Conv2d(4, 4, 1), b=nn.Conv2d(4, 2, 1))


@case((1, 4, 6, 6), lambda: XNNPACKQuantizer().set_module_name("a", PC).set_module_name("block", PT))
def module_name_conv():
    block = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1))
    return Lambda(lambda m, x: m.b(m.block(F.relu(m.a(x)))), a=nn.Conv2d(4, 4, 1), block=block, b=nn.Conv2d(4, 2, 1))


@case((2, 8), lambda: XNNPACKQuantizer().set_module_name("first", PC).set_module_name("head", PC))
def module_name_relu():
    return body()


@case((1, 4, 6, 6), lambda: XNNPACKQuantizer().set_module_type(nn.Conv2d, PC))
def module_type_conv():
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1), nn.ReLU(), nn.Conv2d(2, 2, 1))


# --- exact numbers ------------------------------------------------------------------------------------
def grid_tensor(generator, shape, grid, reach=2):
    return torch.randint(-reach * grid, reach * grid + 1, tuple(shape), generator=generator) / grid


def settle(model, generator):
    """Every parameter on a coarse grid; batch norms that fold exactly."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            n = module.num_features
            power = 4.0 ** torch.randint(0, 2, (n,), generator=generator)
            module.running_var.copy_(power - module.eps)
            module.running_mean.copy_(grid_tensor(generator, (n,), 4))
            with torch.no_grad():
                module.weight.copy_(2.0 ** torch.randint(-1, 2, (n,), generator=generator))
                module.bias.copy_(grid_tensor(generator, (n,), 4))
            assert torch.equal(module.running_var + module.eps, power)
        elif not isinstance(module, nn.LayerNorm):
            for p in module.parameters(recurse=False):
                spread = 2.0 ** torch.randint(-2, 1, (p.shape[0], *[1] * (p.dim() - 1)), generator=generator)
                with torch.no_grad():
                    p.copy_(grid_tensor(generator, p.shape, 4, 1) * spread)


class Compare(torch.fx.Interpreter):
    """Runs a graph and remembers the nodes whose fp32 result differs from that in fp64."""

    def __init__(self, module):
        super().__init__(module)
        self.inexact = set()

    def run_node(self, n):
        result = super().run_node(n)
        if n.op == "call_function" and isinstance(result, torch.Tensor) and result.dtype == torch.float32:
            args, kwargs = self.fetch_args_kwargs_from_env(n)
            wide = torch.utils._pytree.tree_map(lambda a: a.double() if isinstance(a, torch.Tensor) and a.dtype == torch.float32 else a, args)
            kwargs = {k: v for k, v in kwargs.items() if v is not torch.float32}
            if not torch.equal(n.target(*wide, **kwargs), result.double()):
                self.inexact.add(n.name)
        return result


def calibrate(name, prepared, samples):
    run = Compare(prepared)
    for x in samples:
        run.run(x)
    if run.inexact:
        print(f"{name}: rounded by {', '.join(sorted(run.inexact))}")


# --- the text -----------------------------------------------------------------------------------------
def number(v):
    return str(np.float32(v)) if not isinstance(v, torch.Tensor) else number(v.item())


def crc(t):
    return f"{zlib.crc32(np.ascontiguousarray(t.detach().numpy()).tobytes()):08x}"


def dtype_name(d):
    return {torch.int8: "i8", torch.uint8: "u8", torch.int32: "i32"}[d]


class Listing:
    """The converted graph as lines."""

    def __init__(self, module):
        self.module, self.lines, self.names = module, [], {}

    def constant(self, n):
        value = self.module
        for part in n.target.split("."):
            value = getattr(value, part)
        return value

    def weight(self, n):
        """A dequantize of a constant."""
        q, scale, zero = (self.constant(a) if isinstance(a, torch.fx.Node) else a for a in n.args[:3])
        per_channel = "per_channel" in str(n.target)
        low, high, dtype = n.args[-3:]
        assert not per_channel or not torch.any(zero)
        axis = f" axis={n.args[3]} {crc(scale.float())}" if per_channel else f" {number(scale)} {int(zero)}"
        return f"w {dtype_name(dtype)} {low} {high}{axis} {crc(q)}"

    def operand(self, a):
        if isinstance(a, (list, tuple)):
            return [self.operand(e) for e in a if isinstance(e, torch.fx.Node)]
        if a.op == "get_attr":
            return "c " + ("x".join(map(str, self.constant(a).shape)) or "scalar")
        if "dequantize" in str(a.target):
            return self.weight(a) if a.args[0].op == "get_attr" else "dq " + self.names[a.args[0]]
        return self.names[a]

    def quantize(self, n):
        scale, zero, low, high, dtype = n.args[1:6]
        by = self.names[scale.args[0]] if isinstance(scale, torch.fx.Node) else f"{number(scale)} {int(zero)}"
        return f"quantize({self.operand(n.args[0])}) {by} {low} {high} {dtype_name(dtype)}"

    def choose(self, n):
        low, high, eps, dtype = n.args[1:5]
        return f"choose_qparams({self.operand(n.args[0])}) {low} {high} {dtype_name(dtype)} eps={number(eps)}"

    def call(self, n):
        args = [self.operand(a) for a in n.args if isinstance(a, (torch.fx.Node, list, tuple))]
        flat = [b for a in args for b in (a if isinstance(a, list) else [a])]
        name = n.target._opname
        return f"{name}({', '.join(flat)})"

    def emit(self, n, text):
        self.names[n] = str(len(self.lines) + 1)
        self.lines.append(f"{self.names[n]} = {text}")

    def visit(self, n):
        target = str(n.target)
        if n.op == "placeholder":
            self.names[n] = "x"
        elif n.op == "output":
            self.lines.append("return " + ", ".join(self.operand(a) for a in n.args[0]))
        elif n.op != "call_function" or "dequantize" in target or len(n.users) == 0:
            pass
        elif "getitem" in target and "choose_qparams" not in str(n.args[0].target):
            self.emit(n, f"getitem({self.operand(n.args[0])}) {n.args[1]}")
        elif "choose_qparams" in target:
            self.emit(n, self.choose(n))
        elif "getitem" in target:
            pass
        elif "quantize_per_tensor" in target:
            self.emit(n, self.quantize(n))
        else:
            self.emit(n, self.call(n))

    def text(self):
        for n in self.module.graph.nodes:
            self.visit(n)
        return "\n".join(self.lines) + "\n"


def save(program, path):
    """Without stack traces and the pickled sample, which are most of the file."""
    for n in program.graph.nodes:
        n.meta.pop("stack_trace", None)
    program.example_inputs = None
    torch.export.save(program, path)


def write(folder, name):
    make, shape, quantizer, grid, rows, special = CASES[name]
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    model = make().eval()
    if hasattr(special, "rounds"):
        for p in model.parameters():
            p.data = torch.randn(p.shape, generator=generator) / 4
    else:
        settle(model, generator)
    samples = special(generator) if special else grid_tensor(generator, (rows, *shape), grid)
    program = torch.export.export(model, (samples[0],))
    save(program, os.path.join(folder, name + ".pt2"))
    np.save(os.path.join(folder, name + ".npy"), samples.numpy())
    prepared = prepare_pt2e(program.module(), quantizer())
    calibrate(name, prepared, samples)
    converted = convert_pt2e(prepared)
    with open(os.path.join(folder, name + ".txt"), "w") as out:
        out.write(Listing(converted).text())


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    os.makedirs(sys.argv[1], exist_ok=True)
    with torch.no_grad():
        for name in sys.argv[2:] or CASES:
            write(sys.argv[1], name)


if __name__ == "__main__":
    main()
