#!/usr/bin/env python3
"""Random modules: generate.py KIND SEED prints a valid QIR module; the seed decides everything.

    float    real arithmetic
    qdq      the same between quantize and dequantize, as models arrive
    integer  integer arithmetic on quantized values

Sizes are small and lie around the widths of vectors and blocks, where kernels change their code."""
import random
import struct
import sys

CHANNELS = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 20, 24, 31, 32, 33]
SPATIAL = [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
MAX_ELEMENTS, MAX_PRODUCTS = 6000, 1500000
UNARY = ["sigmoid", "tanh", "hard_swish", "exp", "log", "sqrt", "erf", "neg", "abs", "reciprocal",
         "hard_sigmoid", "elu", "leaky_relu", "sign", "floor", "ceil", "round", "sin", "cos", "atan",
         "gelu", "silu", "softplus", "mish", "softsign"]
BYTES = {"i1": 1, "i8": 1, "u8": 1, "i16": 2, "u16": 2, "f16": 2, "bf16": 2, "i64": 8, "u64": 8,
         "f64": 8}
INTS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
ARITHMETIC = ["add", "sub", "mul", "div", "maximum", "minimum"]
BITS = ["and", "or", "xor", "shift_left", "shift_right"]


def f32(v):
    return struct.unpack("<f", struct.pack("<f", v))[0]


def product(values):
    n = 1
    for v in values:
        n *= v
    return n


def broadcast(a, b):
    n = max(len(a), len(b))
    a, b = [1] * (n - len(a)) + a, [1] * (n - len(b)) + b
    return [y if x == 1 else x for x, y in zip(a, b)]


def dense(fmt, values):
    return 'dense<"0x' + b"".join(struct.pack("<" + fmt, v) for v in values).hex() + '">'


class Quant:
    """Parameters per tensor (lists of one), along `axis`, or per `group` of its indices."""

    def __init__(self, storage, scales, zero_points, axis=None, low=None, group=None):
        self.storage, self.scales, self.zero_points, self.axis = storage, scales, zero_points, axis
        self.group = group
        bits = int(storage[1:])
        self.low = -(1 << (bits - 1)) if storage[0] == "i" else 0
        self.high = self.low + (1 << bits) - 1
        self.narrow = low is not None
        self.low = low if self.narrow else self.low

    def __str__(self):
        bounds = f"<{self.low}:{self.high}>" if self.narrow else ""
        head = f"quant<{self.storage}{bounds}:f32, "
        entries = [f"{s!r}:{z}" if z else repr(s) for s, z in zip(self.scales, self.zero_points)]
        if self.axis is None:
            return head + entries[0] + ">"
        head += f"axis = {self.axis}, " + (f"group = {self.group}, " if self.group else "")
        if len(entries) <= 8:
            return f"{head}{{{', '.join(entries)}}}>"
        zeros = ": " + dense("i", self.zero_points) if any(self.zero_points) else ""
        return f"{head}{dense('f', self.scales)}{zeros}>"

    @property
    def scale(self):
        return self.scales[0]


class Value:
    def __init__(self, name, dims, elem):
        self.name, self.dims, self.elem = name, list(dims), elem

    @property
    def type(self):
        return f"tensor<{''.join(f'{d}x' for d in self.dims)}{self.elem}>"

    @property
    def bytes(self):
        return product(self.dims) * (1 if self.quantized else BYTES.get(self.elem, 4))

    @property
    def quantized(self):
        return isinstance(self.elem, Quant)


class Generator:
    def __init__(self, kind, seed):
        self.rng = random.Random(f"{kind} {seed}")
        self.kind = kind
        self.consts, self.args, self.lines, self.values = [], [], [], []

    # ---- small decisions ----------------------------------------------------------------------
    def chance(self, p):
        return self.rng.random() < p

    def pick(self, values):
        return self.rng.choice(values)

    def scale(self, around=0.02):
        return f32(around * 2 ** self.rng.uniform(-3, 3))

    def zero_point(self, low, high):
        return self.pick([0 if low < 0 else 128, low, high, self.rng.randint(low, high),
                          self.rng.randint(low, high)])

    def activation(self, scale=None):
        storage = self.pick(["i8", "i8", "u8"])
        low = -128 if storage == "i8" else 0
        scale = self.scale() if scale is None else f32(scale)
        if self.chance(0.05):
            return Quant(storage, [scale], [self.rng.randint(low + 1, low + 255)], low=low + 1)
        return Quant(storage, [scale], [self.zero_point(low, low + 255)])

    def bounds(self, p=0.4):
        if not self.chance(p):
            return []
        low, high = self.pick([("0.0", "inf"), ("0.0", "6.0"), ("-1.0", "1.0"), ("-inf", "0.5"),
                               ("-2.5", "inf")])
        return [f"min = {low}"] * (low != "-inf") + [f"max = {high}"] * (high != "inf")

    # ---- building -----------------------------------------------------------------------------
    def const(self, dims, elem, init):
        v = Value(f"@c{len(self.consts)}", dims, elem)
        self.consts.append(f"  const {v.name} : {v.type} = {init}")
        return v

    def emit(self, op, operands, attrs, dims, elem):
        v = Value(f"%v{len(self.lines)}", dims, elem)
        attrs = f" {{{', '.join(attrs)}}}" if attrs else ""
        names = ", ".join(o.name for o in operands)
        self.lines.append(f"    {v.name} = {op}({names}){attrs} : {v.type}")
        self.values.append(v)
        return v

    def argument(self, dims, elem):
        v = Value(f"%a{len(self.args)}", dims, elem)
        self.args.append(v)
        self.values.append(v)
        return v

    def real_const(self, dims, low=-1.0, high=1.0):
        return self.const(dims, "f32", dense("f", [f32(self.rng.uniform(low, high))
                                                   for _ in range(product(dims))]))

    def stored(self, q, n):
        extremes = [q.low, q.high]
        return [self.pick(extremes) if self.chance(0.1) else self.rng.randint(q.low, q.high)
                for _ in range(n)]

    def quant_const(self, dims, q):
        fmt = "B" if q.storage[0] == "u" else "b"
        return self.const(dims, q, dense(fmt, self.stored(q, product(dims))))

    def dims(self, rank=None):
        rank = rank or self.pick([1, 2, 3, 4, 4, 4, 4, 5])
        if rank == 1:
            return [self.pick(CHANNELS)]
        while True:
            d = [self.pick([1, 1, 1, 2]), self.pick(CHANNELS)]
            d += [self.pick(SPATIAL) for _ in range(rank - 2)]
            if product(d) <= MAX_ELEMENTS:
                return d

    def operand(self, ranks=None, ints=False):
        """A value of the kind's main element type; a new argument when there is none."""
        def fits(v):
            good = v.quantized if self.kind == "integer" else v.elem == "f32"
            return (good or (ints and v.elem == "i32")) and v.dims and \
                product(v.dims) and (not ranks or len(v.dims) in ranks)
        known = [v for v in self.values if fits(v)]
        if known and not (self.chance(0.05) and len(self.args) < 3):
            return self.pick(known[-3:])
        elem = self.activation() if self.kind == "integer" else "f32"
        v = self.argument(self.dims(self.pick(ranks) if ranks else None), elem)
        return self.pair(v) if self.kind == "qdq" else v

    def pair(self, v, p=1.0):
        """quantize and dequantize, in graphs of kind qdq."""
        if self.kind != "qdq" or v.elem != "f32" or not self.chance(p):
            return v
        q = self.activation(self.scale(0.05))
        y = self.emit("quantize", [v], [], v.dims, q)
        return self.emit("dequantize", [y], [], v.dims, "f32")

    def result(self, op, operands, attrs, dims, elem):
        return self.pair(self.emit(op, operands, attrs, dims, elem), 0.85)

    # ---- weights ------------------------------------------------------------------------------
    def weight_quant(self, channels, axis):
        storage = self.pick(["i8", "i8", "i8", "u8"]) if self.chance(0.6) else "i8"
        low = {"i8": self.pick([None, -127]), "u8": None}[storage]
        probe = Quant(storage, [1.0], [0], low=low)
        n = channels if self.chance(0.7) else 1
        zeros = self.chance(0.3) or storage == "u8"
        points = [self.rng.randint(probe.low, probe.high) if zeros else 0 for _ in range(n)]
        return Quant(storage, [self.scale(0.01) for _ in range(n)], points,
                     axis if n > 1 or (channels == 1 and self.chance(0.5)) else None, low)

    def weight(self, dims, axis):
        if self.kind == "float" or (self.kind == "qdq" and self.chance(0.1)):
            return self.real_const(dims)
        q = self.weight_quant(dims[axis], axis)
        if self.kind == "qdq" and q.storage == "i4":
            q = Quant("i8", [0.01], [0])
        w = self.quant_const(dims, q)
        return w if self.kind == "integer" else self.emit("dequantize", [w], [], dims, "f32")

    def bias(self, channels):
        if self.chance(0.3):
            return []
        if self.kind != "integer":
            return [self.real_const([channels])]
        most = self.pick([100, 20000, 20000, 1 << 28])
        return [self.const([channels], "i32",
                           dense("i", [self.rng.randint(-most, most) for _ in range(channels)]))]

    def accumulate(self, op, x, w, attrs, dims, depth):
        """Result of a weighted op, with bias and bounds."""
        b = self.bias(dims[-1] if op == "linear" else dims[1])
        if self.kind != "integer":
            return self.result(op, [x, w] + b, attrs + self.bounds(), dims, "f32")
        if self.chance(0.15):
            return self.emit(op, [x, w] + b, attrs, dims, "i32")
        sw = max(w.elem.scales)
        q = self.activation(x.elem.scale * sw * 60 * depth ** 0.5 * 2 ** self.rng.uniform(-2, 2))
        if self.chance(0.05):
            q = self.activation(x.elem.scale * sw / self.pick([200, 1, 2.0 ** -20]))
        return self.emit(op, [x, w] + b, attrs + self.bounds(), dims, q)

    # ---- ops ----------------------------------------------------------------------------------
    def conv(self):
        x = self.operand([3, 4, 5])
        n, c = len(x.dims) - 2, x.dims[1]
        groups = self.pick([1, 1, c] + [g for g in (2, 3, 4) if c % g == 0])
        out = self.pick(CHANNELS) if groups == 1 else \
            groups * self.pick([1, 1, 2, 3] if groups == c else [1, 3, 4, 8, 9])
        kernel = [self.pick([1, 1, 2, 3, 3, 3, 5]) for _ in range(n)] if self.chance(0.7) else [1] * n
        strides = [self.pick([1, 1, 2, 3]) for _ in range(n)]
        dilations = [self.pick([1, 1, 1, 2]) for _ in range(n)]
        pads = [self.pick([0, 1, 1, 2, 4]) for _ in range(2 * n)] if self.chance(0.6) else [0] * 2 * n
        dims = [x.dims[0], out]
        for i in range(n):
            room = x.dims[2 + i] + pads[i] + pads[n + i] - (kernel[i] - 1) * dilations[i] - 1
            if room < 0:
                return None
            dims.append(room // strides[i] + 1)
        depth = c // groups * product(kernel)
        if product(dims) > MAX_ELEMENTS or product(dims) * depth > MAX_PRODUCTS:
            return None
        w = self.weight([out, c // groups] + kernel, 0)
        attrs = [f"strides = {strides}", f"pads = {pads}", f"dilations = {dilations}",
                 f"groups = {groups}"]
        return self.accumulate("conv", x, w, attrs, dims, depth)

    def linear(self):
        x = self.operand()
        out = self.pick(CHANNELS + [65, 100])
        if product(x.dims[:-1]) * out > MAX_ELEMENTS:
            return None
        w = self.weight([out, x.dims[-1]], 0)
        return self.accumulate("linear", x, w, [], x.dims[:-1] + [out], x.dims[-1])

    def matmul(self):
        x = self.operand()
        cols = self.pick(CHANNELS)
        lead = x.dims[:-2]
        mode = self.rng.randrange(4)
        shape = [1 if self.chance(0.3) else d for d in lead] if mode else []
        right, dims = shape + [x.dims[-1], cols], x.dims[:-1] + [cols]
        if mode == 1 and self.chance(0.4):
            right, dims, cols = [x.dims[-1]], x.dims[:-1], 1
        if product(dims) > MAX_ELEMENTS or product(dims) * x.dims[-1] > MAX_PRODUCTS or \
                product(right) > 40000:
            return None
        if self.kind == "integer":
            y = self.matmul_right(right, cols)
            if self.chance(0.15):
                return self.emit("matmul", [x, y], [], dims, "i32")
            around = x.elem.scale * max(y.elem.scales) * 60 * x.dims[-1] ** 0.5
            return self.emit("matmul", [x, y], self.bounds(), dims, self.activation(around))
        y = self.real_const(right) if self.chance(0.5) or len(self.args) > 3 else \
            self.argument(right, "f32")
        return self.result("matmul", [x, self.pair(y)], self.bounds(), dims, "f32")

    def matmul_right(self, dims, cols):
        if self.chance(0.4) and len(self.args) < 4:
            return self.argument(dims, self.activation())
        q = self.weight_quant(cols if len(dims) == 2 else 1, len(dims) - 1)
        q.axis = None if len(dims) != 2 else q.axis
        return self.quant_const(dims, q)

    def pool(self):
        op = self.pick(["max_pool", "avg_pool"])
        x = self.operand([3, 4, 5])
        n = len(x.dims) - 2
        ceil = self.chance(0.4)
        kernel, strides, dilations, pads, dims = [], [], [], [[], []], x.dims[:2]
        for i in range(n):
            for _ in range(50):
                k, s, d = self.pick([1, 2, 3, 3, 5]), self.pick([1, 1, 2, 3]), self.pick([1, 1, 1, 2])
                begin, end = self.pick([0, 0, 1, 2]), self.pick([0, 0, 1, 2])
                count = self.windows(x.dims[2 + i], k, s, d, begin, end, ceil)
                if count:
                    break
            else:
                return None
            kernel.append(k)
            strides.append(s)
            dilations.append(d)
            pads[0].append(begin)
            pads[1].append(end)
            dims = dims + [count]
        attrs = [f"kernel = {kernel}", f"strides = {strides}", f"pads = {pads[0] + pads[1]}",
                 f"dilations = {dilations}", f"ceil_mode = {'true' if ceil else 'false'}"]
        if product(dims) > MAX_ELEMENTS:
            return None
        elem = x.elem
        if op == "avg_pool":
            attrs.append(f"count_pads = {self.pick(['true', 'false'])}")
            elem = self.free(x)
        return self.result(op, [x], attrs, dims, elem)

    @staticmethod
    def windows(size, k, s, d, begin, end, ceil):
        """Number of windows, 0 when one of them would hold nothing."""
        extent = (k - 1) * d + 1
        room = size + begin + end - extent
        if room < 0:
            return 0
        n = (-(-room // s) if ceil else room // s) + 1
        if ceil and (n - 1) * s >= size + begin:
            n -= 1
        good = all(any(0 <= o * s - begin + t * d < size for t in range(k)) for o in range(n))
        return n if good and begin < extent else 0

    def free(self, x):
        """Element of a result that has parameters of its own."""
        return self.activation(x.elem.scale * 2 ** self.rng.uniform(-2, 2)) if x.quantized else x.elem

    def binary(self):
        a = self.operand()
        dims = [1 if self.chance(0.2) else d for d in a.dims]
        dims = dims[self.rng.randrange(len(dims) + 1):] if self.chance(0.4) else dims
        if len(dims) < 5 and self.chance(0.1):
            dims = [self.pick([2, 3])] + [1] * (len(a.dims) - len(dims)) + dims
        if self.chance(0.2):
            one = broadcast(a.dims, dims)[-len(dims):] if dims else []
            dims = [self.pick([1, 2, 9]) if d == 1 else e for d, e in zip(one, dims)]
        out = broadcast(a.dims, dims)
        if product(out) > MAX_ELEMENTS:
            return None
        ops = ["add", "add", "sub", "mul", "maximum", "minimum"]
        if a.quantized:
            return self.quant_binary(a, dims, out, self.pick(ops))
        same = [v for v in self.values if v.elem == "f32" and v.dims == a.dims]
        op = self.pick(ops + ["div", "prelu"])
        if op == "prelu":
            dims = [d if d in (1, e) else 1 for d, e in zip(dims[-len(a.dims):], a.dims[-len(dims):])]
            slope = self.real_const(dims)
            return self.result(op, [a, slope], [], a.dims, "f32")
        if op == "div":
            b = self.real_const(dims, 0.5, 3.0)
        elif self.chance(0.5):
            b, out = self.pick(same), a.dims
        elif self.chance(0.5) and len(self.args) < 4:
            b = self.pair(self.argument(dims, "f32"))
        else:
            b = self.pair(self.real_const(dims), 0.7)
        both = [a, b] if self.chance(0.7) or op == "div" else [b, a]
        return self.result(op, both, self.bounds(0.3), out, "f32")

    def quant_binary(self, a, dims, out, op):
        shared = op in ("maximum", "minimum")
        same = [v for v in self.values if v.quantized and v.dims == a.dims and
                (not shared or v.elem is a.elem)]
        elem = a.elem if shared else self.activation(a.elem.scale * 2 ** self.rng.uniform(-2, 2))
        if self.chance(0.4):
            b, out = self.pick(same), a.dims
        elif self.chance(0.5) and len(self.args) < 4:
            b = self.argument(dims, elem)
        else:
            b = self.quant_const(dims, elem)
        largest = max(a.elem.scale, b.elem.scale)
        around = a.elem.scale * b.elem.scale * 100 if op == "mul" else largest
        result = a.elem if shared else self.activation(around * 2 ** self.rng.uniform(-2, 2))
        if not shared and op != "mul":
            ratios = [a.elem.scale / result.scale, b.elem.scale / result.scale]
            if min(ratios) < 2 ** -9 or max(ratios) > 200:
                return None
        both = [a, b] if self.chance(0.7) else [b, a]
        return self.emit(op, both, self.bounds(0.3), out, result)

    def unary(self):
        x = self.operand()
        op = self.pick(UNARY + ["relu", "relu", "clamp", "clamp"])
        if op == "clamp":
            return self.result(op, [x], self.bounds(1.0), x.dims, x.elem)
        if op == "relu":
            return self.result(op, [x], [], x.dims, x.elem)
        if op in ("log", "sqrt", "reciprocal") and x.elem == "f32":
            x = self.emit("abs", [x], [], x.dims, "f32")
            x = self.emit("add", [x, self.real_const([1], 0.25, 1.0)], [], x.dims, "f32")
        if op == "exp" and x.elem == "f32":
            x = self.emit("clamp", [x], ["min = -20.0", "max = 6.0"], x.dims, "f32")
        attrs = []
        if op in ("elu", "leaky_relu"):
            attrs = [f"alpha = {self.pick([0.01, 0.3, 1.0, 1.7])}"]
        elem = x.elem
        if x.quantized:
            elem = self.activation(self.pick([1 / 256, 1 / 128, x.elem.scale]))
        return self.result(op, [x], attrs, x.dims, elem)

    def other_type(self):
        """Ops on another element type, or a choice, between casts."""
        if self.kind == "integer":
            return self.choice(self.operand())
        t = self.pick(INTS + ["f16", "f16", "bf16", "f64"])
        x = self.operand()
        if t in INTS:
            x = self.emit("mul", [x, self.const([1], "f32", "dense<[37.5]>")], [], x.dims, "f32")
        x = self.emit("cast", [x], [f'to = "{t}"'], x.dims, t)
        for _ in range(self.pick([1, 1, 2])):
            x = self.choice(x) if self.chance(0.3) else self.typed_op(x)
        x = self.emit("cast", [x], ['to = "f32"'], x.dims, "f32")
        return self.result("clamp", [x], ["min = -4.0", "max = 4.0"], x.dims, "f32")

    def typed_op(self, x):
        ints = x.elem in INTS
        if self.chance(0.2):
            op = self.pick(["relu", "neg", "abs"] + ["sign", "not"] * ints)
            return self.emit(op, [x], [], x.dims, x.elem)
        op = self.pick(ARITHMETIC + (BITS if ints else []) + ["mod", "pow"] * (x.elem != "f64"))
        attrs = self.bounds(0.3) if op in ARITHMETIC or op == "pow" else []
        if op == "mod" and self.chance(0.5):
            attrs = ["truncated = true"]
        return self.emit(op, [x, self.typed_const(x)], attrs, x.dims, x.elem)

    def typed_const(self, x):
        dims = x.dims[-1:] if self.chance(0.5) else [1]
        low = -9 if x.elem[0] != "u" else 0
        values = [self.rng.randint(low, 9) if x.elem in INTS else self.rng.randint(-9, 9) / 4 or 0.75
                  for _ in range(product(dims))]
        return self.const(dims, x.elem, f"dense<{values}>")

    def choice(self, x):
        """where(x < y, x, y) and its like, of equal types."""
        if x.quantized:
            y = self.quant_const(x.dims[-1:], x.elem)
        else:
            y = self.typed_const(x)
        c = self.emit(self.pick(["less", "less_equal", "equal"]), [x, y], [], x.dims, "i1")
        if self.chance(0.3):
            c = self.emit("not", [c], [], x.dims, "i1")
        both = [x, y] if self.chance(0.5) else [y, x]
        return self.emit("where", [c] + both, [], x.dims, x.elem)

    def reshape(self):
        x = self.operand(ints=True)
        dims = list(x.dims)
        mode = self.rng.randrange(4)
        if mode == 0:
            dims = [dims[0], product(dims[1:])]
        elif mode == 1 and len(dims) > 2:
            i = self.rng.randrange(len(dims) - 1)
            dims = dims[:i] + [dims[i] * dims[i + 1]] + dims[i + 2:]
        elif len(dims) < 5:
            i = self.rng.randrange(len(dims) + 1)
            dims = dims[:i] + [1] + dims[i:]
        return self.emit("reshape", [x], [f"shape = {dims}"], dims, x.elem)

    def transpose(self):
        x = self.operand(ints=True)
        perm = list(range(len(x.dims)))
        self.rng.shuffle(perm)
        if len(perm) == 4 and self.chance(0.4):
            perm = self.pick([[0, 2, 3, 1], [0, 3, 1, 2]])
        return self.emit("transpose", [x], [f"perm = {perm}"], [x.dims[p] for p in perm], x.elem)

    def concat(self):
        x = self.operand(ints=True)
        axis = self.rng.randrange(len(x.dims))
        xs = [x]
        for _ in range(self.pick([0, 1, 1, 2])):
            same = [v for v in self.values if len(v.dims) == len(x.dims) and v.elem is x.elem and
                    v.dims[:axis] + v.dims[axis + 1:] == x.dims[:axis] + x.dims[axis + 1:]]
            if self.chance(0.5) or x.elem == "i32":
                xs.append(self.pick(same))
                continue
            dims = list(x.dims)
            dims[axis] = self.pick([1, 2, 3, 5])
            xs.append(self.quant_const(dims, x.elem) if x.quantized else self.real_const(dims))
        self.rng.shuffle(xs)
        dims = list(x.dims)
        dims[axis] = sum(v.dims[axis] for v in xs)
        if product(dims) > MAX_ELEMENTS:
            return None
        return self.result("concat", xs, [f"axis = {axis}"], dims, x.elem)

    def slice(self):
        x = self.operand(ints=True)
        starts, ends, steps, dims = [], [], [], []
        for d in x.dims:
            step = self.pick([1, 1, 1, 2, 3, -1, -2])
            if self.chance(0.4):
                step, low, high = self.pick([1, -1]), 0, d
            else:
                low = self.rng.randrange(d)
                high = self.rng.randint(low + 1, d)
            if self.chance(0.01):
                step, high = 1, low
            starts.append(low if step > 0 else high - 1)
            ends.append(high if step > 0 else low - 1)
            steps.append(step)
            dims.append(-(-(high - low) // abs(step)))
        attrs = [f"starts = {starts}", f"ends = {ends}", f"steps = {steps}"]
        return self.result("slice", [x], attrs, dims, x.elem)

    def pad(self):
        x = self.operand(ints=True)
        mode = self.pick(["constant", "constant", "reflect", "edge"])
        most = [min(3, d - 1) if mode == "reflect" else 3 for d in x.dims]
        pads = [self.rng.randint(0, m) if self.chance(0.4) else 0 for m in most + most]
        n = len(x.dims)
        dims = [d + pads[i] + pads[n + i] for i, d in enumerate(x.dims)]
        if product(dims) > MAX_ELEMENTS:
            return None
        attrs = [f"pads = {pads}"]
        if mode != "constant":
            attrs.append(f'mode = "{mode}"')
        elif self.chance(0.5):
            attrs.append("value = " + self.pick(["0.5", "-1.0", "1000.0", "-1000.0"]))
        return self.result("pad", [x], attrs, dims, x.elem)

    def reduce(self):
        ops = ["reduce_mean", "reduce_mean", "reduce_max", "reduce_min"]
        x = self.operand(ints=True)
        op = self.pick(ops + ["reduce_sum", "reduce_prod"] * (not x.quantized))
        axes = [i for i in range(len(x.dims)) if self.chance(0.5)] or [len(x.dims) - 1]
        keep = self.chance(0.6) or len(axes) >= len(x.dims) - 1
        dims = [1 if i in axes else d for i, d in enumerate(x.dims) if keep or i not in axes]
        attrs = [f"axes = {axes}", f"keepdims = {'true' if keep else 'false'}"]
        elem = self.free(x) if op == "reduce_mean" else x.elem
        return self.result(op, [x], attrs, dims, elem)

    def transposed(self):
        x = self.operand([3, 4, 5])
        n, c = len(x.dims) - 2, x.dims[1]
        groups = self.pick([1, 1, 1] + [g for g in (2, 3, 4) if c % g == 0])
        out = groups * self.pick([1, 2, 3, 8, 9])
        kernel, strides = ([self.pick(sizes) for _ in range(n)] for sizes in ([1, 2, 3, 4], [1, 2, 2, 3]))
        dilations = [self.pick([1, 1, 1, 2]) for _ in range(n)]
        pads = [self.pick([0, 0, 1, 2]) for _ in range(2 * n)]
        dims = [x.dims[0], out]
        for i in range(n):
            size = (x.dims[2 + i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1
            dims.append(size - pads[i] - pads[n + i])
        depth = c // groups * product(kernel)
        if min(dims) < 1 or product(dims) > MAX_ELEMENTS or product(dims) * depth > MAX_PRODUCTS:
            return None
        if groups > 1 and self.kind != "float":
            return None  # parameters per axis are of one group
        w = self.weight([c, out // groups] + kernel, 1)
        attrs = [f"strides = {strides}", f"pads = {pads}", f"dilations = {dilations}",
                 f"groups = {groups}"]
        return self.accumulate("conv_transpose", x, w, attrs, dims, depth)

    def indices(self, shape, size):
        values = [self.rng.randrange(-size, size) for _ in range(product(shape))]
        return self.const(shape, self.pick(["i32", "i64"]), f"dense<{values}>")

    def more_of(self, x, dims):
        """Another value of x's element type."""
        return self.quant_const(dims, x.elem) if x.quantized else self.real_const(dims)

    def indexed(self):
        x = self.operand()
        axis = self.rng.randrange(len(x.dims))
        attrs, mode = [f"axis = {axis}"], self.rng.randrange(4)
        how = self.pick(["none", "max", "min"] + ["add", "mul"] * (not x.quantized))
        update = attrs * (mode == 2) + [f'reduction = "{how}"'] * (how != "none")
        if mode == 0:
            shape = self.pick([[], [1], [5], [2, 3]])
            dims = x.dims[:axis] + shape + x.dims[axis + 1:]
            at = self.indices(shape, x.dims[axis])
            good = product(dims) <= MAX_ELEMENTS and len(dims) < 6
            return self.result("gather", [x, at], attrs, dims, x.elem) if good else None
        if mode in (1, 2):
            dims = [self.pick([1, 3, 7]) if i == axis else self.pick([1, d]) for i, d in enumerate(x.dims)]
            at = self.indices(dims, x.dims[axis])
            if product(dims) > MAX_ELEMENTS:
                return None
            if mode == 1:
                return self.result("gather_elements", [x, at], attrs, dims, x.elem)
            return self.result("scatter_elements", [x, at, self.more_of(x, dims)], update, x.dims, x.elem)
        at = self.indices([4, 1], x.dims[0])
        if self.chance(0.5):
            return self.result("gather_nd", [x, at], [], [4] + x.dims[1:], x.elem)
        return self.result("scatter_nd", [x, at, self.more_of(x, [4] + x.dims[1:])], update, x.dims,
                           x.elem)

    def resized(self):
        x = self.operand([2, 3, 4])
        dims = x.dims[:-2] + [self.pick([1, 2, 5, 8, 12, d]) for d in x.dims[-2:]]
        if product(dims) > MAX_ELEMENTS:
            return None
        scales = [f32(b / a) for a, b in zip(x.dims, dims)]
        coordinates = self.pick(["half_pixel", "asymmetric", "align_corners"])
        attrs = [f"sizes = {dims}", f"scales = {scales}", f'coordinates = "{coordinates}"',
                 f'mode = "{self.pick(["nearest", "linear", "cubic"])}"']
        return self.result("resize", [x], attrs, dims, x.elem)

    def cumsum(self):
        if self.kind == "integer":
            return self.indexed()
        x = self.operand()
        attrs = [f"axis = {self.rng.randrange(len(x.dims))}"]
        attrs += [f"{flag} = true" for flag in ("exclusive", "reverse") if self.chance(0.5)]
        return self.result("cumsum", [x], attrs, x.dims, "f32")

    def softmax(self):
        x = self.operand()
        attrs = [f"axis = {self.rng.randrange(len(x.dims))}"]
        if not x.quantized:
            return self.result(self.pick(["softmax", "softmax", "log_softmax"]), [x], attrs, x.dims,
                               "f32")
        storage = self.pick(["i8", "u8"])
        elem = Quant(storage, [1 / 256], [-128 if storage == "i8" else 0])
        return self.emit("softmax", [x], attrs, x.dims, elem)

    def batch_norm(self):
        if self.kind == "integer":
            return self.requantize()
        x = self.operand([2, 3, 4, 5])
        c = [x.dims[1]]
        rest = [self.real_const(c), self.real_const(c), self.real_const(c),
                self.real_const(c, 0.25, 2.0)]
        return self.result("batch_norm", [x] + rest, [], x.dims, "f32")

    def requantize(self):
        x = self.operand()
        if self.chance(0.3):
            y = self.emit("dequantize", [x], [], x.dims, "f32")
            return self.emit("quantize", [y], [], x.dims, self.free(x))
        return self.emit("requantize", [x], [], x.dims, self.free(x))

    # ---- parameters that are not one pair ---------------------------------------------------------
    def hidden(self, op, operands, attrs, dims, elem):
        """A value that other ops do not take."""
        v = self.emit(op, operands, attrs, dims, elem)
        self.values.remove(v)
        return v

    def dynamic(self):
        """Quantized with parameters from its own blocks, and back."""
        if self.kind == "integer":
            return self.requantize()
        x, n = self.operand(), len(self.lines)
        block = [self.pick([1, d, d, (d + 1) // 2, min(d, 3)]) for d in x.dims]
        counts = [-(-d // b) for d, b in zip(x.dims, block)]
        storage, low, high = self.pick([("i8", -128, 127), ("u8", 0, 255), ("i8", -8, 7)])
        stored = [f"block = {block}", f'dtype = "{storage}"', f"qmin = {low}", f"qmax = {high}"]
        s, z = Value(f"%s{n}", counts, "f32"), Value(f"%z{n}", counts, "i32")
        choice = stored + [f"symmetric = {self.pick(['true', 'false'])}", f"eps = {self.pick(['0.0', '0.01'])}"]
        self.lines.append(f"    {s.name}, {z.name} = choose_qparams({x.name}) {{{', '.join(choice)}}}")
        put = stored + ["divide = true"] * self.chance(0.5)
        q = self.hidden("quantize_affine", [x, s, z], put, x.dims, storage)
        return self.emit("dequantize_affine", [q, s, z], stored[:1], x.dims, "f32")

    def typed(self):
        """Quantized per index or per group of an axis, and back."""
        if self.kind == "integer":
            return self.requantize()
        x = self.operand()
        axis = self.rng.randrange(len(x.dims))
        d = x.dims[axis]
        group = self.pick([g for g in range(2, d + 1) if d % g == 0] or [None]) if self.chance(0.5) else None
        count = d // group * (x.dims[0] if axis else 1) if group else d
        points = [self.rng.randint(-128, 127) for _ in range(count)]
        quant = Quant("i8", [self.scale(0.05) for _ in range(count)], points, axis, group=group)
        q = self.hidden("quantize", [x], [], x.dims, quant)
        return self.emit("dequantize", [q], [], x.dims, "f32")

    # ---- normalization, attention, recurrence -------------------------------------------------------
    def norm(self):
        if self.kind == "integer":
            return self.requantize()
        x = self.operand()
        axis = self.rng.randrange(len(x.dims))
        op = self.pick(["layer_norm", "rms_norm"])
        rest = [self.real_const(x.dims[axis:]) for _ in range(self.pick([0, 1, 2 if op == "layer_norm" else 1]))]
        return self.result(op, [x] + rest, [f"axis = {axis}", "epsilon = 0.01"], x.dims, "f32")

    def attention(self):
        if self.kind == "integer":
            return self.requantize()
        q = self.operand([2, 3, 4])
        *lead, rows, depth = q.dims
        columns, width = self.pick([1, 3, 8, 17, 33]), self.pick([1, 5, 8, 19])
        own = [self.pick([1, d]) for d in lead] if self.chance(0.5) else []
        operands = [q, self.real_const(own + [columns, depth]), self.real_const(own + [columns, width])]
        if self.chance(0.4):
            operands.append(self.real_const([self.pick([1, rows]), self.pick([1, columns])], -3.0, 3.0))
        attrs = ["scale = 0.3"]
        if self.chance(0.4):
            attrs += ["causal = true", f"offset = {self.rng.randint(-2, 5)}"]
        return self.result("attention", operands, attrs, lead + [rows, width], "f32")

    def recurrent(self):
        if self.kind == "integer":
            return self.requantize()
        op = self.pick(["lstm", "gru", "rnn"])
        gates, states = {"lstm": (4, 2), "gru": (3, 1), "rnn": (1, 1)}[op]
        x = self.operand([3])
        steps, rows, width = x.dims
        cells = self.pick([1, 3, 8, 11, 17])
        xw = self.result("linear", [x, self.real_const([gates * cells, width])], [],
                         [steps, rows, gates * cells], "f32")
        operands = [xw, self.real_const([gates * cells, cells])]
        operands += [self.real_const([rows, cells]) for _ in range(states)]
        if op != "rnn" and self.chance(0.5):
            operands.append(self.real_const([3 * cells]))
        attrs = ["reverse = true"] * self.chance(0.3) + ["reset_after = false"] * (op == "gru" and self.chance(0.5))
        return self.several(op, operands, attrs, [[steps, rows, cells]] + [[rows, cells]] * states)

    def several(self, op, operands, attrs, shapes):
        """An op of several f32 results."""
        n = len(self.lines)
        vs = [Value(f"%v{n}_{i}", d, "f32") for i, d in enumerate(shapes)]
        attrs = f" {{{', '.join(attrs)}}}" if attrs else ""
        self.lines.append(f"    {', '.join(v.name for v in vs)} = {op}({', '.join(o.name for o in operands)}){attrs}"
                          f" : ({', '.join(v.type for v in vs)})")
        self.values += vs
        return vs[0]

    # ---- the module ---------------------------------------------------------------------------
    OPS = [("conv", 8), ("linear", 3), ("matmul", 2), ("pool", 4), ("binary", 6), ("unary", 4),
           ("other_type", 4), ("reshape", 2), ("transpose", 2), ("concat", 2), ("slice", 2),
           ("pad", 2), ("reduce", 2), ("softmax", 1), ("batch_norm", 2), ("dynamic", 2), ("typed", 2),
           ("norm", 1), ("attention", 1), ("recurrent", 1), ("transposed", 3), ("indexed", 3),
           ("resized", 2), ("cumsum", 1)]

    def module(self):
        names = [name for name, weight in self.OPS for _ in range(weight)]
        for _ in range(self.pick([1, 2, 3, 4, 6, 8])):
            getattr(self, self.pick(names))()
        read = {o for line in self.lines for o in line[line.index("("):line.index(")")][1:].split(", ")}
        results = [v for v in self.values if v.name[1] == "v" and v.name not in read][-6:]
        if not results:
            x = self.operand()
            results = [self.emit("relu", [x], [], x.dims, x.elem)]
        self.results = [(f"y{i}", r.elem in ("f32",), r.bytes) for i, r in enumerate(results)]
        args = ", ".join(f'{a.name}: {a.type} {{name = "{a.name[1:]}"}}' for a in self.args)
        types = ", ".join(f'{r.type} {{name = "y{i}"}}' for i, r in enumerate(results))
        stage = ' attributes {stage = ["quantized"]}' if self.kind == "integer" else ""
        return "\n".join(["qir 1", f"module @m{stage} {{", *self.consts,
                          f"  func @main({args}) -> ({types}) {{", *self.lines,
                          f"    return({', '.join(r.name for r in results)})", "  }", "}", ""])


def inputs(generator):
    """Bytes of each argument: values over their range, with extremes."""
    for a in generator.args:
        n = product(a.dims)
        if a.quantized:
            fmt = "B" if a.elem.storage[0] == "u" else "b"
            yield a, struct.pack(f"<{n}{fmt}", *generator.stored(a.elem, n))
        else:
            yield a, struct.pack(f"<{n}f", *[generator.rng.uniform(-4, 4) for _ in range(n)])


if __name__ == "__main__":
    sys.stdout.write(Generator(sys.argv[1], sys.argv[2]).module())
