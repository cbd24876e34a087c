#!/usr/bin/env python3
"""Random quantized graphs: cases.py FIRST COUNT prints them as one QIR module.

Case N is a single op or a chain of 2 to 4, static 8 bits, in the form in which models arrive: every
op between dequantize and quantize.  The number decides everything, with SHAKE-256 as the source of
bits, so that whoever computes the oracle values and whoever tests build the same graphs.  Odd cases
have weights and inputs that fill their whole range.

Codes are counted from 0 to 255 here; cases of signed storage subtract 128 when they are printed."""
import hashlib
import math
import struct
import sys

COUNT = 2000
FLOAT = "f32"


def f32(v):
    return struct.unpack("<f", struct.pack("<f", v))[0]


def product(values):
    return math.prod(values)


class Bits:
    """Draws from one stream of random bytes; arrays come from streams of their own."""

    def __init__(self, seed):
        self.seed, self.at, self.arrays = seed, 0, 0
        self.stream = hashlib.shake_256(seed.encode()).digest(4096)

    def unit(self):
        self.at += 4
        return int.from_bytes(self.stream[self.at - 4:self.at], "little") / 2 ** 32

    def below(self, n):
        return int(self.unit() * n)

    def pick(self, values):
        return values[self.below(len(values))]

    def chance(self, p):
        return self.unit() < p

    def around(self, v, octaves):
        return f32(v * 2 ** ((2 * self.unit() - 1) * octaves))

    def codes(self, n, full):
        """Bytes of the whole range with both ends, or heaped around 128."""
        self.arrays += 1
        raw = hashlib.shake_256(f"{self.seed}/{self.arrays}".encode()).digest(n if full else 4 * n)
        if full:
            return bytes(b if i % 7 else (0, 255)[b & 1] for i, b in enumerate(raw))
        return bytes(sum(raw[i:i + 4]) // 4 or 1 for i in range(0, 4 * n, 4))


class Value:
    def __init__(self, name, dims, scale, zero_point):
        self.name, self.dims, self.scale, self.zero_point = name, dims, scale, zero_point


class Weight:
    """Codes -128..127; one scale, or one per index of `axis`."""

    def __init__(self, dims, axis, codes, scales):
        self.dims, self.axis, self.codes, self.scales = dims, axis, codes, scales

    @property
    def channels(self):
        return self.dims[self.axis]


class Node:
    """One op.  `spatial`: 1 or 2 where that matters; `attrs` are those of QIR, in its spelling."""

    def __init__(self, op, inputs, output, attrs, weight=None, bias=None, relu=False):
        self.op, self.inputs, self.output, self.attrs = op, inputs, output, attrs
        self.weight, self.bias, self.relu = weight, bias, relu


class Case:
    def __init__(self, number):
        self.number, self.bits = number, Bits(f"qcc random graph {number}")
        self.full, self.signed = number % 2 == 1, number // 2 % 2 == 1
        self.per_channel = number // 4 % 2 == 1
        self.inputs, self.nodes, self.kind = [], [], KINDS[number // 8 % len(KINDS)]
        self.result = KIND_BUILDERS[self.kind](self)

    # ---- what engines need --------------------------------------------------------------------
    def arguments(self):
        """Name, element type, dimensions and bytes."""
        for v in self.inputs:
            yield v.name, "|i1" if self.signed else "|u1", v.dims, self.stored(v.codes)

    def outputs(self):
        """Name and bytes of each result."""
        return [(f"y{self.number}", product(self.result.dims))]

    def stored(self, codes):
        """As bytes of the storage type."""
        return bytes(b ^ 128 for b in codes) if self.signed else bytes(codes)

    def integers(self, blob):
        """What is compared: the codes of the result, counted from 0."""
        return list(self.stored(blob))

    def print_to(self, printer):
        printer.case(self)

    # ---- values -------------------------------------------------------------------------------
    def zero_point(self, relu=False):
        """Behind a ReLU there is something above zero: QNNPACK refuses empty ranges."""
        ends = [0, 128, self.bits.below(200)]
        return self.bits.pick(ends if relu else ends + [255, self.bits.below(256)])

    def argument(self, dims):
        v = Value(f"x{self.number}_{len(self.inputs)}", dims, self.bits.around(0.02, 3),
                  self.zero_point())
        v.codes = self.bits.codes(product(dims), self.full)
        self.inputs.append(v)
        return v

    def image(self, spatial=2, channels=None, least=1):
        channels = channels or self.bits.pick([1, 2, 3, 4, 6, 8, 9, 16, 17, 24])
        sizes = range(least, 13) if spatial == 2 else [1, 4, 7, 16, 23, 40]
        return self.argument([self.bits.pick([1, 1, 2]), channels] +
                             [self.bits.pick(sizes) for _ in range(spatial)])

    def node(self, op, inputs, dims, scale, zero_point, attrs=(), **rest):
        out = Value(f"v{self.number}_{len(self.nodes)}", dims, f32(scale), zero_point)
        self.nodes.append(Node(op, inputs, out, dict(attrs), **rest))
        return out

    def free(self, op, inputs, dims, scale, attrs=(), **rest):
        """A node with parameters of its own, sometimes with a ReLU."""
        relu = self.bits.chance(0.3)
        return self.node(op, inputs, dims, scale, self.zero_point(relu), attrs, relu=relu, **rest)

    def same(self, op, x, dims, attrs):
        """A node whose result keeps the parameters of its operand."""
        return self.node(op, [x], dims, x.scale, x.zero_point, attrs)

    # ---- ops that accumulate ------------------------------------------------------------------
    def weight(self, dims, axis):
        n = dims[axis] if self.per_channel else 1
        codes = self.bits.codes(product(dims), self.full)
        return Weight(dims, axis, [c - 128 for c in codes],
                      [self.bits.around(0.01, 2) for _ in range(n)])

    def accumulate(self, op, x, dims, weight, depth, attrs=()):
        """Scale of the result: that of a sum of `depth` random products, spread over the codes."""
        product_scale = f32(x.scale * max(weight.scales))
        deviation = product_scale * math.sqrt(depth) * (5400 if self.full else 1400)
        bias = None
        if self.bits.chance(0.8):
            bias = [f32((self.bits.unit() - 0.5) * deviation) for _ in range(weight.channels)]
        return self.free(op, [x], dims, self.bits.around(deviation / 60, 1.5), attrs, weight=weight,
                         bias=bias)

    def window(self, sizes, kernels, dilations=(1, 1, 1, 2), pool=False):
        """Attributes that leave at least one output, and no window in the padding: a dict; sizes."""
        n = len(sizes)
        kernel = [self.bits.pick(kernels) for _ in range(n)]
        strides = [self.bits.pick([1, 1, 2, 3]) for _ in range(n)]
        pads = [self.bits.pick([0, 0, 1, 2]) for _ in range(n)]
        dilations = [self.bits.pick(dilations) for _ in range(n)]
        out = []
        for i, size in enumerate(sizes):
            pads[i] = 0 if pool and dilations[i] > 1 else min(pads[i], kernel[i] // 2)
            if size + 2 * pads[i] < (kernel[i] - 1) * dilations[i] + 1:
                kernel[i], dilations[i], pads[i] = size if pool else 1, 1, 0
            out.append((size + 2 * pads[i] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1)
        return {"kernel": kernel, "strides": strides, "pads": pads + pads, "dilations": dilations}, out

    def conv(self, x, groups=1, multiplier=None):
        c = x.dims[1]
        w, sizes = self.window(x.dims[2:], [1, 1, 2, 3, 3, 5])
        out = groups * multiplier if multiplier else groups * -(-self.bits.pick(
            [1, 2, 3, 5, 8, 9, 16, 20]) // groups)
        kernel = w.pop("kernel")
        weight = self.weight([out, c // groups] + kernel, 0)
        return self.accumulate("conv", x, [x.dims[0], out] + sizes, weight,
                               c // groups * product(kernel), dict(w, groups=groups))

    def depthwise(self, x):
        return self.conv(x, x.dims[1], self.bits.pick([1, 1, 1, 2]))

    def grouped(self, x):
        c = x.dims[1]
        return self.conv(x, self.bits.pick([g for g in (2, 3, 4) if c % g == 0] or [1]))

    def conv_transpose(self, x):
        n, out = len(x.dims) - 2, self.bits.pick([1, 2, 3, 8, 9])
        kernel = [self.bits.pick([1, 2, 3, 4]) for _ in range(n)]
        strides = [self.bits.pick([1, 2, 2, 3]) for _ in range(n)]
        pads = [self.bits.pick([0, 0, 1]) if k > 2 else 0 for k in kernel]
        sizes = [(d - 1) * s + k - 2 * p for d, s, k, p in zip(x.dims[2:], strides, kernel, pads)]
        weight = self.weight([x.dims[1], out] + kernel, 1)
        depth = x.dims[1] * product(kernel) / product(strides)
        return self.accumulate("conv_transpose", x, [x.dims[0], out] + sizes, weight, depth,
                               {"strides": strides, "pads": pads + pads})

    def linear(self, x):
        k, n = x.dims[-1], self.bits.pick([1, 3, 5, 8, 10, 16, 17, 40])
        return self.accumulate("linear", x, x.dims[:-1] + [n], self.weight([n, k], 0), k)

    # ---- other ops ----------------------------------------------------------------------------
    def other(self, x):
        """A second operand: the same value, or an argument of its shape."""
        return x if self.bits.chance(0.1) else self.argument(list(x.dims))

    def add(self, x):
        y = self.other(x)
        return self.free("add", [x, y], x.dims, self.bits.around(max(x.scale, y.scale) * 1.5, 1))

    def mul(self, x):
        y = self.other(x)
        return self.free("mul", [x, y], x.dims, self.bits.around(x.scale * y.scale * 70, 1.5))

    def cat(self, x):
        """Operands of unlike parameters: each is requantized to those of the result."""
        axis = self.bits.pick([1, len(x.dims) - 1])
        values = [x]
        for _ in range(self.bits.pick([1, 1, 2])):
            dims = list(x.dims)
            dims[axis] = self.bits.pick([1, 2, 5])
            values.append(self.argument(dims))
        dims = list(x.dims)
        dims[axis] = sum(v.dims[axis] for v in values)
        return self.node("concat", values, dims, self.bits.around(max(v.scale for v in values), 1),
                         self.zero_point(), {"axis": axis})

    def mean(self, x):
        axes = list(range(2, len(x.dims)))
        keep = self.bits.chance(0.5)
        return self.same("reduce_mean", x, x.dims[:2] + [1] * len(axes) * keep,
                         {"axes": axes, "keepdims": keep})

    def avg_pool(self, x):
        """QNNPACK calls windows of one element meaningless."""
        if product(x.dims[2:]) == 1:
            return self.mean(x)
        w, sizes = self.window(x.dims[2:], [2, 2, 3, 3, 5], [1], True)
        return self.same("avg_pool", x, x.dims[:2] + sizes, dict(w, count_pads=True))

    def adaptive_pool(self, x):
        """Sizes that divide: the windows are those of an average pool."""
        if product(x.dims[2:]) == 1:
            return self.mean(x)
        out = [self.bits.pick([d for d in (1, 2, 3, 4) if size % d == 0 and d < max(size, 2)])
               for size in x.dims[2:]]
        kernel = [size // o for size, o in zip(x.dims[2:], out)]
        w = {"kernel": kernel, "strides": kernel, "pads": [0] * 2 * len(out)}
        return self.same("avg_pool", x, x.dims[:2] + out, dict(w, adaptive=True))

    def max_pool(self, x):
        if product(x.dims[2:]) == 1:
            return self.mean(x)
        w, sizes = self.window(x.dims[2:], [2, 2, 3, 3], pool=True)
        return self.same("max_pool", x, x.dims[:2] + sizes, w)

    # ---- kinds --------------------------------------------------------------------------------
    def chain(self):
        x = self.image()
        for _ in range(self.bits.pick([2, 3, 4])):
            x = self.bits.pick(CHAINED)(self, x)
            if len(x.dims) == 2:
                return self.linear(x)
        return x

    def features(self):
        rows = [self.bits.pick([1, 1, 2, 3, 5])] * self.bits.pick([1, 1, 2])
        return self.argument(rows + [self.bits.pick([1, 3, 7, 8, 16, 31, 64, 200])])


CHAINED = [Case.conv, Case.conv, Case.depthwise, Case.grouped, Case.add, Case.mul, Case.cat,
           Case.max_pool, Case.avg_pool, Case.adaptive_pool, Case.conv_transpose, Case.mean]
KIND_BUILDERS = {
    "conv1d": lambda c: c.conv(c.image(1)),
    "conv2d": lambda c: c.conv(c.image()),
    "depthwise": lambda c: c.depthwise(c.image()),
    "grouped": lambda c: c.grouped(c.image(channels=c.bits.pick([4, 6, 8, 9, 12]))),
    "conv_transpose1d": lambda c: c.conv_transpose(c.image(1)),
    "conv_transpose2d": lambda c: c.conv_transpose(c.image(channels=c.bits.pick([1, 3, 4, 8]))),
    "linear": lambda c: c.linear(c.features()),
    "add": lambda c: c.add(c.image()),
    "mul": lambda c: c.mul(c.image()),
    "cat": lambda c: c.cat(c.image()),
    "mean": lambda c: c.mean(c.image()),
    "avg_pool": lambda c: c.avg_pool(c.image(least=2)),
    "adaptive_avg_pool": lambda c: c.adaptive_pool(c.image(least=2)),
    "max_pool": lambda c: c.max_pool(c.image(least=2)),
    "chain": Case.chain,
}
KINDS = [k for k in KIND_BUILDERS for _ in range({"chain": 5, "conv2d": 3, "linear": 2}.get(k, 1))]


# ---- text ---------------------------------------------------------------------------------------
def dense(fmt, values):
    return 'dense<"0x' + struct.pack(f"<{len(values)}{fmt}", *values).hex() + '">'


def tensor(dims, element):
    return f"tensor<{''.join(f'{d}x' for d in dims)}{element}>"


def activation(case, v):
    storage, zero_point = ("i8", v.zero_point - 128) if case.signed else ("u8", v.zero_point)
    return tensor(v.dims, f"quant<{storage}:f32, {v.scale!r}:{zero_point}>")


def weight_type(w):
    if len(w.scales) == 1:
        return tensor(w.dims, f"quant<i8:f32, {w.scales[0]!r}>")
    return tensor(w.dims, f"quant<i8:f32, axis = {w.axis}, {dense('f', w.scales)}>"
                  if len(w.scales) > 8 else
                  f"quant<i8:f32, axis = {w.axis}, {{{', '.join(map(repr, w.scales))}}}>")


def literal(v):
    return str(v).lower() if isinstance(v, bool) else str(v)


class Printer:
    def __init__(self):
        self.consts, self.args, self.lines, self.results = [], [], [], []

    def const(self, name, type_, init):
        self.consts.append(f"  const @{name} : {type_} = {init}")
        return "@" + name

    def line(self, name, op, operands, type_, attrs=()):
        text = ", ".join(f"{k} = {literal(v)}" for k, v in dict(attrs).items())
        text = f" {{{text}}}" if text else ""
        self.lines.append(f"    %{name} = {op}({', '.join(operands)}){text} : {type_}")
        return "%" + name

    def case(self, case):
        for v in case.inputs:
            self.args.append(f'%{v.name}: {activation(case, v)} {{name = "{v.name}"}}')
            self.real(v)
        for n in case.nodes:
            self.node(case, n)
        self.results.append((f"%{case.result.name}q",
                             f'{activation(case, case.result)} {{name = "y{case.number}"}}'))

    def real(self, v, quantized=""):
        self.line(v.name + "r", "dequantize", [f"%{v.name}{quantized}"], tensor(v.dims, FLOAT))

    def node(self, case, n):
        operands = [f"%{v.name}r" for v in n.inputs] + self.parameters(n)
        attrs = {k: v for k, v in n.attrs.items() if k != "adaptive"}
        if n.relu:
            attrs["min"] = 0.0
        name = n.output.name
        y = self.line(name, n.op, operands, tensor(n.output.dims, FLOAT), attrs)
        self.line(name + "q", "quantize", [y], activation(case, n.output))
        self.real(n.output, "q")

    def parameters(self, n):
        if not n.weight:
            return []
        name, w = n.output.name, n.weight
        const = self.const(name + "w", weight_type(w), dense("b", w.codes))
        operands = [self.line(name + "w", "dequantize", [const], tensor(w.dims, FLOAT))]
        if n.bias:
            operands.append(self.const(name + "b", tensor([w.channels], FLOAT), dense("f", n.bias)))
        return operands

    def module(self):
        head = f"  func @main({', '.join(self.args)}) -> ({', '.join(t for _, t in self.results)}) {{"
        last = f"    return({', '.join(v for v, _ in self.results)})"
        return "\n".join(["qir 1", "module @random {"] + self.consts + [head] + self.lines +
                         [last, "  }", "}", ""])


def module(cases):
    p = Printer()
    for c in cases:
        c.print_to(p)
    return p.module()


def main():
    first, count = int(sys.argv[1]), int(sys.argv[2])
    print(module([Case(n) for n in range(first, first + count)]))


if __name__ == "__main__":
    main()
