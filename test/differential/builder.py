"""What every op of a random module is made with: small decisions, operands, constants, weights."""
import random

from values import CHANNELS, MAX_ELEMENTS, SPATIAL, Quant, Value, dense, f32, product


class Builder:
    def __init__(self, kind, seed):
        self.rng = random.Random(f"{kind} {seed}")
        self.kind = kind
        self.consts, self.args, self.lines, self.values = [], [], [], []
        self.only = None  # what the next op has to take, if it can

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, values):
        return self.rng.choice(values)

    def scale(self, around=0.02):
        far = self.pick([-10, 8]) if self.kind == "integer" and self.chance(0.03) else 0
        return f32(around * 2 ** (self.rng.uniform(-3, 3) + far))

    def zero_point(self, low, high):
        return self.pick([0 if low < 0 else 128, low, high, self.rng.randint(low, high),
                          self.rng.randint(low, high)])

    def activation(self, scale=None, words=True):
        """For values whose 8 bits would have this scale."""
        scale = self.scale() if scale is None else f32(scale)
        if words and self.chance(0.15):
            return Quant("i16", [f32(scale / 256)], [0], low=self.pick([None, -32767]))
        storage = self.pick(["i8", "i8", "u8"])
        low = -128 if storage == "i8" else 0
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

    def hidden(self, op, operands, attrs, dims, elem):
        """A value that other ops do not take."""
        v = self.emit(op, operands, attrs, dims, elem)
        self.values.remove(v)
        return v

    def several(self, op, operands, attrs, shapes):
        """An op of several f32 results."""
        n = len(self.lines)
        vs = [Value(f"%v{n}_{i}", d, "f32") for i, d in enumerate(shapes)]
        attrs = f" {{{', '.join(attrs)}}}" if attrs else ""
        self.lines.append(f"    {', '.join(v.name for v in vs)} = {op}({', '.join(o.name for o in operands)}){attrs}"
                          f" : ({', '.join(v.type for v in vs)})")
        self.values += vs
        return vs[0]

    def argument(self, dims, elem):
        v = Value(f"%a{len(self.args)}", dims, elem)
        self.args.append(v)
        self.values.append(v)
        return v

    def real_const(self, dims, low=-1.0, high=1.0):
        return self.const(dims, "f32", dense("f", [f32(self.rng.uniform(low, high))
                                                   for _ in range(product(dims))]))

    def stored(self, q, n):
        """The ends of the range are preferred, sometimes to anything else, or are all."""
        extremes = [[q.low, q.high], [q.low]][self.chance(0.2)]
        share = self.pick([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 1])
        return [self.pick(extremes) if self.chance(share) else self.rng.randint(q.low, q.high)
                for _ in range(n)]

    def quant_const(self, dims, q, values=None):
        fmt = "B" if q.storage[0] == "u" else "h" if q.words else "b"
        return self.const(dims, q, dense(fmt, values or self.stored(q, product(dims))))

    def small(self, q, n):
        """Around 0, so that 16 bits hold sums of many products."""
        most = self.pick([1, 4, 15, 40])
        return [self.rng.randint(max(q.low, -most), min(q.high, most)) for _ in range(n)]

    def more_of(self, x, dims):
        """Another value of x's element type."""
        return self.quant_const(dims, x.elem) if x.quantized else self.real_const(dims)

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
        if self.only and fits(self.only):
            return self.only
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
        return self.dequantized(self.emit("quantize", [v], [], v.dims, q))

    def dequantized(self, v):
        y = self.emit("dequantize", [v], [], v.dims, "f32")
        y.pair = v.elem
        return y

    def result(self, op, operands, attrs, dims, elem):
        y = self.emit(op, operands, attrs, dims, elem)
        if elem == "f32" and self.chance(0.15):
            y = self.emit("clamp", [y], self.bounds(1.0), dims, elem)
        return self.pair(y, 0.85)

    def free(self, x):
        """Element of a result that has parameters of its own."""
        return self.activation(x.elem.step * 2 ** self.rng.uniform(-2, 2)) if x.quantized else x.elem

    def byte(self, x):
        """For ops that take 8 bits only."""
        if not x.quantized or not x.elem.words:
            return x
        return self.emit("requantize", [x], [], x.dims, self.activation(x.elem.step, words=False))

    def instead(self):
        """What integer graphs have in place of an op of reals."""
        return self.pick([self.requantize, self.binary, self.binary, self.conv, self.linear, self.matmul])()

    def requantize(self):
        x = self.operand()
        if self.chance(0.3):
            y = self.emit("dequantize", [x], [], x.dims, "f32")
            return self.emit("quantize", [y], [], x.dims, self.free(x))
        return self.emit("requantize", [x], [], x.dims, self.free(x))

    # ---- weights ------------------------------------------------------------------------------
    def weight_quant(self, channels, axis, centred=False):
        storage = self.pick(["i8", "i8", "i8", "u8"]) if not centred and self.chance(0.6) else "i8"
        low = {"i8": self.pick([None, -127]), "u8": None}[storage]
        probe = Quant(storage, [1.0], [0], low=low)
        n = channels if self.chance(0.7) else 1
        zeros = not centred and (self.chance(0.3) or storage == "u8")
        points = [self.rng.randint(probe.low, probe.high) if zeros else 0 for _ in range(n)]
        return Quant(storage, [self.scale(0.01) for _ in range(n)], points,
                     axis if n > 1 or (channels == 1 and self.chance(0.5)) else None, low)

    def codes(self, dims, axis=0):
        """A constant of few bits, dequantized; parameters along rows, or the axis of a transposed convolution."""
        storage = self.pick(["i4", "i4", "u4", "i2", "u2", "i8", "u8"])
        probe = Quant(storage, [1.0], [0])
        divisors = [n for n in range(2, dims[1] + 1) if dims[1] % n == 0]
        group = self.pick(divisors) if divisors and not axis and self.chance(0.5) else None
        n = dims[0] * dims[1] // group if group else self.pick([1, dims[axis]])
        zeros = self.chance(0.5)
        points = [self.rng.randint(probe.low, probe.high) if zeros else 0 for _ in range(n)]
        q = Quant(storage, [self.scale(0.05) for _ in range(n)], points,
                  1 if group else axis if n > 1 else None, group=group)
        return self.hidden("dequantize", [self.quant_const(dims, q)], [], dims, "f32")

    def weight(self, dims, axis, small=0.2):
        if self.kind == "float" and self.chance(0.4):
            return self.codes(dims, axis)
        if self.kind == "float" or (self.kind == "qdq" and self.chance(0.1)):
            return self.real_const(dims)
        small = self.chance(small)
        q = self.weight_quant(dims[axis], axis, small)
        if self.kind == "qdq" and q.storage == "i4":
            q = Quant("i8", [0.01], [0])
        w = self.quant_const(dims, q, self.small(q, product(dims)) if small else None)
        return w if self.kind == "integer" else self.dequantized(w)

    def bias(self, x, w, channels):
        if self.chance(0.3):
            return []
        if w.pair:
            return self.bias_of_pairs(x.pair, w.pair, channels)
        if self.kind != "integer":
            return [self.real_const([channels])]
        most = self.pick([100, 20000, 20000, 1 << 28])
        return [self.const([channels], "i32",
                           dense("i", [self.rng.randint(-most, most) for _ in range(channels)]))]

    def bias_of_pairs(self, x, w, channels):
        """Multiples of the products of scales: what rounds to them is no fault of lowering."""
        if not x:
            return []
        steps = [x.scale * s for s in w.scales * (channels // len(w.scales))]
        return [self.const([channels], "f32", dense("f", [
            f32(step * round(self.rng.uniform(-1, 1) / step)) for step in steps]))]

    def accumulate(self, op, x, w, attrs, dims, depth):
        """Result of a weighted op, with bias and bounds."""
        b = self.bias(x, w, dims[-1] if op == "linear" else dims[1])
        if self.kind != "integer":
            return self.result(op, [x, w] + b, attrs + self.bounds(), dims, "f32")
        if self.chance(0.15):
            return self.emit(op, [x, w] + b, attrs, dims, "i32")
        sw = max(w.elem.scales)
        around = sw * 60 * depth ** 0.5 * 2 ** self.rng.uniform(-2, 2)
        if self.chance(0.05):  # multipliers near their limits, 2^-32 and 256
            around = self.pick([sw / 200, sw, min(w.elem.scales) * 2.0 ** 31])
        around = min(around, min(w.elem.scales) * 2.0 ** 31 * x.elem.scale / x.elem.step)
        q = self.activation(x.elem.step * around)
        return self.emit(op, [x, w] + b, attrs + self.bounds(), dims, q)
